import re

from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Article, Span
from marsad.benchmarks.rivals import dictionary
from marsad.benchmarks.rivals.words import MOST_WORDS, WHITESPACE, passages, read_tags

TRAIN = (
    "قصف {A:الجيش} {P:حلب} وقتل {C:7}",
    "قرب {P:حلب الجديدة} من {A:الجيش}",
    "في يوم 7 من الشهر 7 عند الساعة 7",
    "زار {A:دمشق} وفد",
    "عاد إلى {P:دمشق} اليوم",
    "خرج من {P:دمشق} أمس",
)


def test_dictionary_reads_the_longest_known_surface_after_particles() -> None:
    train = [parse_inline(text, str(i)) for i, text in enumerate(TRAIN)]
    dev = [parse_inline("هجوم ل{A:لجيش} وب{P:دِمشق} ثم {P:حلب الجديدة}، في 7 أيام", "dev")]
    known = dictionary.fit(train, dev)
    text = "وصل وفد للجيش إلى حلب الجديدة، وبدمشق 7 أشخاص"
    found = [(text[s.start : s.end], s.label) for s, _ in known.find(text)]
    # 7 is a count once in four places, so dev, where it is none, asks for more; دمشق is a place more often than not.
    assert found == [("لجيش", "ACTOR"), ("حلب الجديدة", "PLACE"), ("دمشق", "PLACE")]


def test_words_and_tags_give_back_the_spans_that_words_can_hold() -> None:
    article = parse_inline("قال {A:الجيش}، إن {P:حلب}. وفي {P:ريف دمشق} {C:٧}", "a1")
    found = [span for part in passages(article) for span in read_tags(part["offsets"], part["tags"])]
    assert found == [(s.start, s.end, s.label) for s in article.spans]
    coarse = [span for part in passages(article, WHITESPACE) for span in read_tags(part["offsets"], part["tags"])]
    assert [article.text[start:end] for start, end, _ in coarse] == ["الجيش،", "حلب.", "ريف دمشق", "٧"]


def test_passages_end_with_sentences_and_cut_no_mention() -> None:
    text = "كلمة " * 90 + "نهاية. " + "كلمة " * 95 + "ريف حلب الشمالي " + "كلمة " * 30
    at = text.index("ريف")
    article = Article("a1", text, (Span(at, at + len("ريف حلب الشمالي"), "PLACE"),))
    parts = list(passages(article))
    assert all(len(part["words"]) <= MOST_WORDS for part in parts)
    assert parts[0]["words"][-1] == "."
    assert [word for part in parts for word in part["words"]] == re.findall(r"\w+|\.", text)
    spans = [span for part in parts for span in read_tags(part["offsets"], part["tags"])]
    assert spans == [(s.start, s.end, s.label) for s in article.spans]
