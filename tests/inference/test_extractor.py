"""What users get from the shipped model: exact offsets on any text, in any number, of any length."""

import json
import shutil
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from marsad import Extractor
from marsad.errors import InputError
from marsad.inference.checkpoint import CARD_FILE, SHIPPED, Card

BRIEF = (
    "قال المتحدث باسم الجيش اليمني إن طائرتين مسيرتين قصفتا مواقع لجماعة الحوثي في محافظة مأرب، "
    "ما أسفر عن مقتل ١٢ مسلحاً وتدمير 3 دبابات، وأضاف أن مئات العائلات نزحت باتجاه صنعاء."
)


def found(extractor, text):
    mentions = extractor(text)
    assert all(text[m.start : m.end] == m.text and m.text.strip() == m.text for m in mentions)
    assert all(before.end <= after.start for before, after in pairwise(mentions))
    assert all(0 < m.score <= 1 for m in mentions)
    return [(m.text, m.label) for m in mentions]


def test_a_brief_is_read(shipped):
    assert found(shipped, BRIEF) == [
        ("الجيش اليمني", "ACTOR"),
        ("طائرتين مسيرتين", "WEAPON"),
        ("جماعة الحوثي", "ACTOR"),
        ("مأرب", "PLACE"),
        ("١٢", "COUNT"),
        ("3", "COUNT"),
        ("دبابات", "WEAPON"),
        ("مئات", "COUNT"),
        ("صنعاء", "PLACE"),
    ]


def test_marks_tatweel_and_digit_forms_change_nothing_but_offsets(shipped):
    plain = found(shipped, BRIEF)
    dressed = BRIEF.replace("الحوثي", "الحُوثِيِّ").replace("صنعاء", "صـنـعـاءَ").replace("١٢", "12").replace("قال", "قَالَ")
    changed = {"جماعة الحُوثِيِّ": "جماعة الحوثي", "صـنـعـاءَ": "صنعاء", "12": "١٢"}
    assert [(changed.get(text, text), label) for text, label in found(shipped, dressed)] == plain


class KnowsOneWord:
    """An engine without context: داعش is an actor wherever it stands, nothing else is anything."""

    workers, batch_tokens = 2, 512

    def __init__(self, extractor):
        (word,) = extractor.tokenizer.backend.encode("داعش", add_special_tokens=False).ids
        self.word, self.tags = word, extractor.tags

    def __call__(self, sequences):
        rows = []
        for ids in sequences:
            logits = np.zeros((len(ids), len(self.tags)), dtype=np.float32)
            logits[np.arange(len(ids)), np.where(ids == self.word, self.tags.index("B-ACTOR"), 0)] = 9
            rows.append(logits)
        return rows


def test_without_boundary_rules_particles_stay_in(shipped):
    text = "قُتل عشرات المدنيين ومئات الجنود في حلب"
    assert "مئات" in [mention.text for mention in shipped(text)]
    whole_words = Extractor(shipped.engine, shipped.tokenizer, replace(shipped.card, boundary_rules=False))
    assert "ومئات" in [mention.text for mention in whole_words(text)]


@pytest.mark.parametrize("gap", [0, 1, 2, 7, 31, 93])
def test_nothing_is_lost_or_doubled_at_the_seams_of_a_long_article(shipped, gap):
    text = ("داعش " + "كلام " * gap) * 300
    reader = Extractor(KnowsOneWord(shipped), shipped.tokenizer, shipped.card)
    assert found(reader, text) == [("داعش", "ACTOR")] * 300


def test_an_article_far_longer_than_the_model_reaches_is_read_to_its_end(shipped):
    text = "وكان الطقس معتدلا والأسواق مفتوحة كالمعتاد في ذلك اليوم. " * 60 + BRIEF
    assert found(shipped, text)[-9:] == found(shipped, BRIEF)


@pytest.mark.parametrize(
    "text", ["", " \n\t ", "😀😀👨‍👩‍👧", "ّ", "ّ َ ُ", "a" * 2_000, "ـ" * 500, "123", "\ud800", "\u202eحلب\u202c", "ﷺ"]
)
def test_odd_texts_are_read_without_complaint(shipped, text):
    found(shipped, text)


def test_stray_marks_between_words_shift_nothing(shipped):
    assert found(shipped, BRIEF.replace("مواقع", "مواقع ّ ً")) == found(shipped, BRIEF)


def test_many_articles_are_read_in_order_and_lazily(shipped):
    texts = [f"قصف الجيش بلدة سراقب بـ{n} صواريخ" for n in range(150)]
    taken = []
    stream = shipped.stream(taken.append(text) or text for text in texts)
    assert taken == []
    next(stream)
    assert len(taken) < len(texts)
    counts = [m.text for mentions in stream for m in mentions if m.label == "COUNT"]
    assert counts == [str(n) for n in range(1, 150)]


def test_a_batch_gives_what_each_article_gives_alone(shipped):
    texts = [BRIEF, "قصف الجيش حلب", BRIEF * 4, "لا شيء هنا"]
    for alone, together in zip(map(shipped, texts), shipped.stream(texts), strict=True):
        assert [(m.start, m.end, m.label) for m in alone] == [(m.start, m.end, m.label) for m in together]


def test_a_model_that_is_not_one_is_refused(tmp_path, unigram_base):
    with pytest.raises(InputError, match=r"no config\.json"):
        Extractor.from_pretrained(tmp_path)
    with pytest.raises(InputError, match="not a token classifier"):
        Extractor.from_pretrained(unigram_base)
    with pytest.raises(InputError, match="no such folder"):
        Extractor.from_pretrained(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["marsad.json", "config.json", "tokenizer.json", "model.safetensors"])
@pytest.mark.parametrize("content", [None, b"{", b"[]"])
def test_a_damaged_checkpoint_is_one_clear_line(tmp_path, name, content):
    folder = shutil.copytree(SHIPPED, tmp_path / "model", ignore=shutil.ignore_patterns("model.safetensors", "onnx"))
    if name != "model.safetensors":
        (folder / "model.safetensors").symlink_to(SHIPPED / "model.safetensors")
    if content is not None:
        (folder / name).write_bytes(content)
    elif name != "model.safetensors":
        (folder / name).unlink()
    if (name, content) == ("marsad.json", None):
        Extractor.from_pretrained(folder)  # then config.json says what there is to know
        return
    with pytest.raises(InputError) as error:
        Extractor.from_pretrained(folder)
    assert "\n" not in str(error.value)


def test_the_article_the_project_started_from(shipped, shared):
    text = (shared / "seed-article.txt").read_text(encoding="utf-8")
    mentions = found(shipped, text)
    wanted = {
        "ACTOR": {"التحالف الدولي", "داعش", "قوات قسد", "واين ماروتو"},
        "PLACE": {"البادية السورية", "سوريا", "بغداد", "لبنان"},
        "WEAPON": {"طائرة", "مروحية"},
        "COUNT": {"3", "50", "34", "16", "13", "15"},
    }
    for label, names in wanted.items():
        assert names <= {text for text, of in mentions if of == label}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"window": 16, "overlap": 14}, r"the overlap \(14\) must be smaller than the window \(16\) less 2"),
        ({"window": "96"}, "unsupported operand"),
        ({"window": 1024}, r"the window \(1024\) is longer than the model's reach of 512 tokens"),
        ({"temperature": 0}, "temperature 0 is not a positive number"),
        ({"labels": {"ACTOR": "who"}}, "its tags are not those of its labels"),
        ({"tags": 3}, "not iterable"),
        ({"boundary_rules": "no"}, "boundary_rules 'no' is neither true nor false"),
    ],
)
def test_a_card_that_somebody_changed_is_refused_in_one_line(tmp_path, changes, said):
    known = json.loads((SHIPPED / CARD_FILE).read_text(encoding="utf-8"))
    (tmp_path / CARD_FILE).write_text(json.dumps({**known, **changes}), encoding="utf-8")
    shutil.copy(SHIPPED / "config.json", tmp_path)
    with pytest.raises(InputError, match=f"{CARD_FILE} or config.json is broken: .*{said}"):
        Card.load(tmp_path)
