"""Cutting articles into passages: whole sentences, nothing lost."""

import pytest
from marsad.annotations.passages import cut


@pytest.mark.parametrize(
    ("text", "longest", "parts"),
    [
        ("قصف الجيش. ثم انسحب! ولماذا؟ لا أحد", 4, ["قصف الجيش. ثم انسحب!", "ولماذا؟ لا أحد"]),
        ("قال: «قصف.» ثم انسحب. وعاد", 3, ["قال: «قصف.»", "ثم انسحب. وعاد"]),
        ("عنوان بلا نقطة\n\nقصف 3.5 كلم.  ", 3, ["عنوان بلا نقطة", "قصف 3.5 كلم."]),
        ("جملة أطول من كل ما يسمح به الحد. قصيرة.", 3, ["جملة أطول من كل ما يسمح به الحد.", "قصيرة."]),
        ("واحدة. ثانية. ثالثة.", 75, ["واحدة. ثانية. ثالثة."]),
        (" \n ", 5, []),
    ],
)
def test_passages_are_whole_sentences_up_to_so_many_words(text, longest, parts):
    assert [text[start:end] for start, end in cut(text, longest)] == parts
