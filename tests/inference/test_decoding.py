"""Decoding never returns an invalid tag sequence and never cuts a word."""

import numpy as np
import pytest
from marsad.inference.decoding import best_tags, decode, log_softmax
from marsad.inference.tags import tags_of
from marsad.inference.tokenization import locate_tokens

TAGS = tags_of(["ACTOR", "PLACE"])
TAG = {tag: i for i, tag in enumerate(TAGS)}


def tokens_of(text, *pieces):
    offsets, at = [], 0
    for piece in pieces:
        start = text.index(piece, at)
        offsets.append((start, start + len(piece)))
        at = start + len(piece)
    return locate_tokens(text, range(len(pieces)), offsets)


def logits_for(*wanted, strength=4.0):
    logits = np.zeros((len(wanted), len(TAGS)), dtype=np.float32)
    for row, tag in enumerate(wanted):
        logits[row, TAG[tag]] = strength
    return logits


def read(text, pieces, wanted):
    tokens = tokens_of(text, *pieces)
    spans = decode(logits_for(*wanted), tokens, TAGS)
    return [(text[tokens.starts[s.start] : tokens.ends[s.end - 1]], s.label) for s in spans]


def test_plain_mentions_are_read_as_tagged():
    words = ["قصف", "جيش", "مصر", "غزة"]
    assert read(" ".join(words), words, ["O", "B-ACTOR", "I-ACTOR", "B-PLACE"]) == [
        ("جيش مصر", "ACTOR"),
        ("غزة", "PLACE"),
    ]


def test_two_mentions_side_by_side_stay_two():
    assert read("قسد داعش", ["قسد", "داعش"], ["B-ACTOR", "B-ACTOR"]) == [("قسد", "ACTOR"), ("داعش", "ACTOR")]


def test_inside_without_beginning_gets_a_beginning_where_that_is_likelier():
    logits = logits_for("O", "I-PLACE", strength=2)
    logits[1, TAG["B-PLACE"]] = 1.5
    tokens = tokens_of("في حلب", "في", "حلب")
    assert [TAGS[i] for i in best_tags(log_softmax(logits), tokens, TAGS)] == ["O", "B-PLACE"]


def test_a_mention_never_ends_inside_a_word():
    assert read("في حلبنا", ["في", "حلب", "نا"], ["O", "B-PLACE", "O"]) in ([("حلبنا", "PLACE")], [])


@pytest.mark.parametrize(
    ("text", "pieces", "found"), [("لداعش", ["ل", "داعش"], "داعش"), ("وبداعش", ["وب", "داعش"], "داعش")]
)
def test_a_mention_may_begin_after_proclitics(text, pieces, found):
    assert read(text, pieces, ["O", "B-ACTOR"]) == [(found, "ACTOR")]


def test_a_mention_may_not_begin_after_other_letters():
    assert read("مداعش", ["م", "داعش"], ["O", "B-ACTOR"]) in ([("مداعش", "ACTOR")], [])


def test_random_scores_always_decode_to_valid_sequences():
    rng = np.random.default_rng(1)
    text = "وقصف لداعش في بحلب ومئات 12 و13"
    tokens = tokens_of(text, "وق", "صف", "ل", "داعش", "في", "ب", "حلب", "وم", "ئات", "12", "و", "13")
    for _ in range(200):
        chosen = [
            TAGS[i] for i in best_tags(log_softmax(rng.normal(size=(12, 5)).astype(np.float32) * 3), tokens, TAGS)
        ]
        for before, here in zip(["O", *chosen], chosen, strict=False):
            assert not here.startswith("I-") or before[2:] == here[2:]


def test_viterbi_finds_the_best_of_all_valid_sequences():
    rng = np.random.default_rng(2)
    tokens = tokens_of("قصف جيش مصر", "قصف", "جيش", "مصر")
    for _ in range(50):
        scores = log_softmax(rng.normal(size=(3, 5)).astype(np.float32) * 2)
        valid = [
            (a, b, c)
            for a in range(5)
            for b in range(5)
            for c in range(5)
            if all(not TAGS[y].startswith("I-") or TAGS[x][2:] == TAGS[y][2:] for x, y in ((0, a), (a, b), (b, c)))
        ]
        best = max(valid, key=lambda path: sum(scores[i, tag] for i, tag in enumerate(path)))
        assert tuple(best_tags(scores, tokens, TAGS)) == best


def test_no_tokens_no_mentions():
    assert decode(np.zeros((0, len(TAGS)), dtype=np.float32), tokens_of(""), TAGS) == []


def test_the_score_is_that_of_the_whole_span_and_temperature_changes_nothing_else():
    tokens = tokens_of("قصف جيش مصر غزة", "قصف", "جيش", "مصر", "غزة")
    logits = logits_for("O", "B-ACTOR", "I-ACTOR", "O", strength=2.0)
    (span,) = decode(logits, tokens, TAGS)
    right, other = np.exp(2) / (np.exp(2) + 4), 1 / (np.exp(2) + 4)
    assert span.score == pytest.approx(right * right * (1 - other))
    (cooler,) = decode(logits, tokens, TAGS, temperature=4.0)
    assert (cooler.start, cooler.end, cooler.label) == (span.start, span.end, span.label)
    assert 0 < cooler.score < span.score


def test_a_mention_at_the_end_of_the_text_needs_nothing_after_it():
    tokens = tokens_of("في غزة", "في", "غزة")
    (span,) = decode(logits_for("O", "B-PLACE", strength=2.0), tokens, TAGS)
    assert span.score == pytest.approx(np.exp(2) / (np.exp(2) + 4))
