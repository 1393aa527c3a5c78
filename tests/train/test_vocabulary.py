"""What recipes do to tokenizers: the tokens are those the base was pretrained on, and offsets are the original's."""

import json
from pathlib import Path

import pytest
from marsad.annotations.inline import parse_inline
from marsad.annotations.store import read_articles
from marsad.cli import app
from marsad.inference.tokenization import TextTokenizer
from marsad.train.tokenizer_fit import compare
from marsad.train.vocabulary import Normalization, add_normalizer, fit_spec, spec_of
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers
from typer.testing import CliRunner

CONFIGS = Path(__file__).parents[2] / "configs"
SPECIAL = ["[PAD]", "[UNK]", "[رابط]", "[مستخدم]"]
PIECES = [
    *SPECIAL,
    *("قال", "في", "حلب", "داعش", "رجلا", "url", "user", "F", "##16", "17", "12", "500"),
    *("…", "،", "!", ",", "-", "😀", "هه", "##اه", "ا"),
]


def reader(normalize):
    """A word-piece tokenizer like AraBERT's, fitted; it returns (token, the text it stands for)."""
    backend = Tokenizer(models.WordPiece({p: i for i, p in enumerate(PIECES)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.BertNormalizer(strip_accents=False, lowercase=False)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    backend.add_special_tokens([AddedToken(word, single_word=True, normalized=True) for word in SPECIAL])
    spec, _ = fit_spec(spec_of(backend), normalize, clitic_pieces=True)
    fitted = Tokenizer.from_str(json.dumps(spec))

    def read(text):
        encoding = fitted.encode(text)
        return [(token, text[a:b]) for token, (a, b) in zip(encoding.tokens, encoding.offsets, strict=True)]

    return read


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("قـــال فِي", [("قال", "قـــال"), ("في", "فِي")]),
        ("١٧ ۱۲", [("17", "١٧"), ("12", "۱۲")]),
        ("١٧رجلا", [("17", "١٧"), ("رجلا", "رجلا")]),
        ("F16", [("F", "F"), ("##16", "16")]),
        ("12,500", [("12", "12"), (",", ","), ("500", "500")]),
        ("https://a.example/x?y=1، قال", [("[رابط]", "https://a.example/x?y=1"), ("،", "،"), ("قال", "قال")]),
        ("في www.example.com", [("في", "في"), ("[رابط]", "www.example.com")]),
        ("me@example.org", [("[رابط]", "me@example.org")]),  # ArabertPreprocessor takes it for an address, too
        ("@someone_1 قال", [("[مستخدم]", "@someone_1"), ("قال", "قال")]),
        ("[رابط]", [("[رابط]", "[رابط]")]),
        ("ههههههه", [("هه", "ههههههه")]),
        ("ااااه", [("ا", "ا"), ("##اه", "اه")]),
        ("قال!!!!!", [("قال", "قال"), ("!", "!"), ("!", "!")]),
        ("قال…", [("قال", "قال"), ("…", "…")]),
        ("12/17", [("12", "12"), ("-", "/"), ("17", "17")]),
        ("<br />قال<b>في</b>", [("قال", "قال"), ("في", "في")]),
        ("حلب 😀😀 داعش", [("حلب", "حلب"), ("داعش", "داعش")]),
        ("• حلب", [("حلب", "حلب")]),
        ("ﺣﻠﺐ", [("حلب", "ﺣﻠﺐ")]),
        ("Ω", [("[UNK]", "Ω")]),  # thrown away there; kept, so that a mention keeps its edges
    ],
)
def test_arabert_sees_what_it_was_pretrained_on(text, wanted):
    assert reader(Normalization.arabert)(text) == wanted


def test_emojis_are_words_for_the_twitter_model():
    assert reader(Normalization.arabert_twitter)("حلب😀😀") == [("حلب", "حلب"), ("😀", "😀"), ("😀", "😀")]


def test_marbert_has_words_for_addresses_and_users():
    wanted = [("user", "@x1"), ("قال", "قال"), ("url", "http://a.example")]
    assert reader(Normalization.marbert)("@x1 قال http://a.example") == wanted


def test_none_leaves_the_tokenizer_alone():
    assert reader(Normalization.none)("١٧رجلا 17") == [("[UNK]", "١٧رجلا"), ("17", "17")]


@pytest.mark.parametrize("normalize", [n for n in Normalization if n != Normalization.none])
def test_fitting_twice_changes_nothing(normalize, wordpiece_base, unigram_base):
    for base in (wordpiece_base, unigram_base):
        once = add_normalizer(spec_of(Tokenizer.from_file(str(base / "tokenizer.json"))), normalize)
        assert add_normalizer(once, normalize) == once
        assert spec_of(Tokenizer.from_str(json.dumps(once))) == once


def test_the_figures_of_a_tokenizer_that_does_not_know_marks(wordpiece_base, articles):
    spec = spec_of(Tokenizer.from_file(str(wordpiece_base / "tokenizer.json")))
    marked = [*articles, parse_inline("قصف {A:الجَيْشُ} في {P:حلب} و{P:إدلب}", "marks")]
    figures = compare(spec, marked, Normalization.default, clitic_pieces=True)
    before, after = figures["as_it_is"], figures["as_trained"]
    assert (before["words_with_unknown"], after["words_with_unknown"]) == (1, 0)
    assert before["examples"]["unknown"] == ["الجَيْشُ"]
    assert sum(after["spans"].values()) == sum(len(a.spans) for a in marked)
    assert (before["spans"]["dropped"], after["spans"]["dropped"]) == (0, 0)


def test_the_verb_prints_both_forms(wordpiece_base, data_file):
    arguments = ["tokenizer", str(wordpiece_base), str(data_file), "--recipe", str(CONFIGS / "arabert.yaml")]
    shown = CliRunner().invoke(app, [*arguments, "--json"])
    assert json.loads(shown.stdout)["normalize"] == "arabert"
    assert "begin inside a token" in CliRunner().invoke(app, arguments).stdout


def test_against_arabert_itself_on_real_passages(shared):
    preprocess = pytest.importorskip("arabert.preprocess", reason="the package arabert is not installed")
    backend = Tokenizer.from_file(str(shared / "tokenizers/arabertv02/tokenizer.json"))
    fitted = TextTokenizer(Tokenizer.from_str(json.dumps(add_normalizer(spec_of(backend), Normalization.arabert))))
    plain = TextTokenizer(backend)
    texts = [a.text for a in read_articles(shared / "labelled/train.jsonl")]
    preprocessor = preprocess.ArabertPreprocessor("bert-base-arabertv02")
    theirs = plain([preprocessor.preprocess(text) for text in texts])
    same = [a.ids.tolist() == b.ids.tolist() for a, b in zip(fitted(texts), theirs, strict=True)]
    assert sum(same) / len(same) > 0.99
