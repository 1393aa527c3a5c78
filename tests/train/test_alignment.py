"""Spans to token tags: exact, snapped, dropped; nothing silent."""

from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Article, Span
from marsad.inference.tags import tags_of
from marsad.inference.tokenization import locate_tokens
from marsad.train.alignment import IGNORED, AlignmentReport, align

TAGS = tags_of(["ACTOR", "PLACE", "WEAPON", "COUNT"])
TAG_IDS = {tag: i for i, tag in enumerate(TAGS)}


def tagged(article, *pieces):
    offsets, at = [], 0
    for piece in pieces:
        start = article.text.index(piece, at)
        offsets.append((start, start + len(piece)))
        at = start + len(piece)
    report = AlignmentReport()
    tags = align(article, locate_tokens(article.text, range(len(pieces)), offsets), TAG_IDS, report)
    return [None if tag == IGNORED else TAGS[tag] for tag in tags], report


def test_exact_tokens_get_their_tags():
    tags, report = tagged(parse_inline("قصف {A:جيش مصر} {P:غزة}", "x"), "قصف", "جيش", "مصر", "غزة")
    assert tags == ["O", "B-ACTOR", "I-ACTOR", "B-PLACE"]
    assert report.counts == {"exact": 2}


def test_a_proclitic_in_the_first_token_is_snapped_and_shown():
    tags, report = tagged(parse_inline("قتل و{C:مئات} نزحوا", "x"), "قتل", "وم", "ئات", "نزحوا")
    assert tags == ["O", "B-COUNT", "I-COUNT", "O"]
    assert report.counts == {"snapped": 1}
    assert report.examples["snapped"] == ["x 5–9 COUNT 'مئات'"]


def test_punctuation_in_the_last_token_is_snapped():
    tags, report = tagged(parse_inline("في {P:حلب}.", "x"), "في", "حلب.")
    assert tags == ["O", "B-PLACE"]
    assert report.counts == {"snapped": 1}


def test_a_token_that_is_only_partly_a_mention_is_left_out_of_the_loss():
    tags, report = tagged(Article("x", "بينهم17رجلا", (Span(5, 7, "COUNT"),)), "بينهم17رجلا")
    assert tags == [None]
    assert report.counts == {"dropped": 1}


def test_an_undecidable_span_is_left_out_of_the_loss():
    tags, report = tagged(Article("x", "في حلب", (Span(3, 6, "PLACE", optional=True),)), "في", "حلب")
    assert tags == ["O", None]
    assert report.counts == {"optional": 1}


def test_a_mention_without_any_token_is_counted():
    tags, report = tagged(Article("x", "في حلب", (Span(3, 6, "PLACE"),)), "في")
    assert tags == ["O"]
    assert str(report) == "exact 0 (0.0%), snapped 0 (0.0%), dropped 1 (100.0%), optional 0 (0.0%)"
