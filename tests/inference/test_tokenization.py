"""Token offsets point into the original text, whatever the text is made of."""

import pytest
from marsad.inference.tokenization import TextTokenizer
from marsad.train.vocabulary import Normalization, fit_spec, spec_of
from tokenizers import Tokenizer

TRICKY = [
    "قصف الجيش مواقع داعش في حلب",
    "قَصَفَ الجَيْشُ مَوَاقِعَ داعِشَ في حَلَبَ",
    "قصـــف الجيش لـ«داعش» ّ ً قرب حلب",
    "ﻗﺼﻒ ﺍﻟﺠﻴﺶ ﻣﻮﺍﻗﻊ داعش",
    "قتل ٣٤ و12,500 و۱۲ عنصراً",
    "سطر أول\r\nسطر\tثان\u00a0\u200fوثالث\u2028",
    "😀😀 👨‍👩‍👧 حلب 🇸🇾",
    "ّ",
    "   ",
    "",
    "حلب" * 500,
    "\ud800 حلب",
    "ﷺ ﷲ حلب",
]


@pytest.fixture(params=["unigram_base", "wordpiece_base"])
def tokenizer(request):
    backend = Tokenizer.from_file(str(request.getfixturevalue(request.param) / "tokenizer.json"))
    spec, _ = fit_spec(spec_of(backend), Normalization.default, clitic_pieces=True)
    import json

    return TextTokenizer(Tokenizer.from_str(json.dumps(spec)))


@pytest.mark.parametrize("text", TRICKY)
def test_tokens_cover_words_in_order_and_never_whitespace(tokenizer, text):
    (tokens,) = tokenizer([text])
    heard = [(s, e) for s, e, silent in zip(tokens.starts, tokens.ends, tokens.silent, strict=True) if not silent]
    assert all(0 <= start < end <= len(text) for start, end in heard)
    assert heard == sorted(heard)
    assert all(text[start:end] == text[start:end].strip() for start, end in heard)
    covered = {i for start, end in heard for i in range(start, end)}
    letters = {i for i, char in enumerate(text) if char.isalnum()}
    assert letters <= covered


def test_marks_digits_and_presentation_forms_do_not_change_the_pieces(tokenizer):
    def ids(text):
        return tokenizer([text])[0].ids.tolist()

    assert ids("قَصَفَ الجَيْشُ") == ids("قصف الجيش") == ids("قصـف ﺍﻟﺠﻴﺶ")
    assert ids("١٣ دبابة") == ids("13 دبابة") == ids("۱۳ دبابة")


def test_a_mark_on_the_last_letter_belongs_to_the_token(tokenizer):
    text = "حَلَبَ"
    (tokens,) = tokenizer([text])
    assert tokens.ends[-1] == len(text)


def test_pieces_of_one_word_are_glued_and_proclitics_known(tokenizer):
    (tokens,) = tokenizer(["وداعش 12"])
    pieces = list(zip(tokens.starts.tolist(), tokens.glued.tolist(), tokens.after_proclitic.tolist(), strict=True))
    assert all(glued == (start not in (0, 6)) for start, glued, _ in pieces if start < 7)
    assert all(after == (start == 1) for start, _, after in pieces if start in (1, 2))
