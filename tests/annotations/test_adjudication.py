"""Adjudication: from a file of decisions to merged articles, and every mistake in it with its line."""

import random
import re
import subprocess
import sys

import pytest
from marsad.annotations.adjudication import merge, read_decisions, write_decisions
from marsad.annotations.parallel import read_parallel
from marsad.annotations.schema import Article, Span, default_labels
from marsad.annotations.store import article_to_dict, write_articles
from marsad.annotations.validation import article_problems
from marsad.errors import InputError

TEXT = "قصف الجيش السوري ريف إدلب وقتل خمسة مدنيين في إدلب أمس"
ARMY, SYRIAN_ARMY = Span(4, 9, "ACTOR"), Span(4, 16, "ACTOR")
RURAL, IDLIB, FIVE = Span(17, 25, "PLACE"), Span(21, 25, "PLACE"), Span(31, 35, "COUNT")
LAST = Span(46, 50, "PLACE")
A, B = (ARMY, RURAL, FIVE, LAST), (SYRIAN_ARMY, IDLIB, LAST)


class Desk:
    """An adjudicator's desk: the annotators' files, and the file of decisions in an editor."""

    def __init__(self, folder, *annotators):
        self.paths = [folder / f"{letter}.jsonl" for letter in "abc"[: len(annotators)]]
        for path, articles in zip(self.paths, annotators, strict=True):
            write_articles(articles, path)
        self.parallel = read_parallel(self.paths)
        self.path = folder / "decisions.txt"
        self.number = write_decisions(self.parallel, self.path)

    def edit(self, change):
        self.path.write_text(change(self.path.read_text(encoding="utf-8")), encoding="utf-8")

    def decide(self, stretch, decision):
        """Write a decision below the block whose context marks this stretch."""
        self.edit(lambda text: re.sub(rf"(⟦{re.escape(stretch)}⟧[^=]*\n  =)[^\n]*", rf"\g<1> {decision}", text))

    def merge(self, undecided=""):
        return merge(self.parallel, read_decisions(self.path), undecided)

    def line(self, stretch):
        """Return the number of the line where the decision on a stretch stands."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        block = next(i for i, line in enumerate(lines) if f"⟦{stretch}⟧" in line)
        return next(i for i, line in enumerate(lines, start=1) if i > block + 1 and line.startswith("  ="))


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path, [Article("x", TEXT, A, {"source": "s"})], [Article("x", TEXT, B, {"date": "d"})])


def spans_of(merged):
    return [span for article in merged.articles for span in article.spans]


def test_a_block_shows_context_and_readings(desk):
    text = desk.path.read_text(encoding="utf-8")
    assert desk.number == 3
    assert "boundary 4-16 x\n  > قصف ⟦الجيش السوري⟧ ريف" in text
    assert "  A: ACTOR الجيش\n  B: ACTOR الجيش السوري\n  = \n" in text
    assert "  A: COUNT خمسة\n  B: none\n" in text


def test_letters_none_and_own_readings_decide(desk):
    desk.decide("الجيش السوري", "b")
    desk.decide("ريف إدلب", "PLACE? ريف إدلب")
    desk.decide("خمسة", "NONE")
    merged = desk.merge()
    assert not merged.problems
    assert spans_of(merged) == [SYRIAN_ARMY, RURAL, LAST]
    assert [span.optional for span in spans_of(merged)] == [False, True, False]
    assert merged.articles[0].meta == {"source": "s", "date": "d"}
    assert merged.counts == {"agreed": 1, "B": 1, "own": 1, "none": 1}


@pytest.mark.parametrize(
    ("written", "spans"),
    [
        ("ACTOR الجيش + ACT السوري", [(4, 9), (10, 16)]),
        ("a  قصف  الجيش", [(0, 9)]),
        ("ACTOR السوري + ACTOR الجيش", [(4, 9), (10, 16)]),
        ("ACTOR \u200fالجيش\u200f", [(4, 9)]),
        ("ACTOR أمس", [(51, 54)]),
    ],
)
def test_an_own_reading_finds_its_place(desk, written, spans):
    desk.decide("الجيش السوري", written)
    merged = desk.merge("none")
    assert not merged.problems
    assert [(span.start, span.end) for span in spans_of(merged) if span.label == "ACTOR"] == spans


def test_a_mention_that_stands_twice_needs_its_offset(desk):
    desk.decide("خمسة", "PLACE إدلب")
    (problem,) = desk.merge("a").problems
    assert str(problem).endswith("'إدلب' stands 2 times here; add its place, @21 or @46")
    # Inside the stretch in question it is only one, and needs none.
    desk.decide("خمسة", "none")
    desk.decide("ريف إدلب", "PLACE إدلب")
    assert IDLIB in spans_of(desk.merge("a"))
    desk.decide("ريف إدلب", "PLACE إدلب@21")
    assert IDLIB in spans_of(desk.merge("a"))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("D", "'D' is no letter, none, majority or LABEL with its mention"),
        ("perhaps", "'perhaps' is no letter"),
        ("WHO الجيش", "'WHO' names no label (ACTOR, COUNT, PLACE, WEAPON)"),
        ("ACTOR الجيش الحر", "'الجيش الحر' is not in the text near 4-16"),
        ("ACTOR الجيش + PLACE الجيش السوري", "overlaps"),
        ("ACTOR السوري ريف إدلب", "overlaps PLACE ريف إدلب (17-25)"),
        ("", "open: boundary 4-16 ACTOR الجيش / ACTOR الجيش السوري"),
    ],
)
def test_a_mistake_is_said_with_its_line(desk, written, said):
    desk.decide("ريف إدلب", "A")
    desk.decide("خمسة", "A")
    desk.decide("الجيش السوري", written)
    (problem,) = desk.merge().problems
    assert (problem.file, problem.line, problem.id) == (str(desk.path), desk.line("الجيش السوري"), "x")
    assert said in problem.what


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("  = \n\n[2/", "  = A\n  = B\n\n[2/", "a second decision in one block"),
        ("  = \n\n[2/", "A\n\n[2/", "not understood: 'A'"),
        ("rest missing =", "rest missed = A\nrest missing =", "no such kind of disagreement: 'missed'"),
        ("rest missing =", "rest missing = perhaps", "'perhaps' is no choice for a whole kind"),
        ("rest missing =", "rest missing = A\nrest missing = B", "a second time"),
        ("4-16 x", "4-17 x", "no disagreement at 4-17 in the files given"),
        ("  A: ACTOR الجيش\n", "  A: ACTOR السوري\n", "A reads 'ACTOR الجيش' in the files given, not 'ACTOR السوري'"),
        ("rest missing =", "= A\nrest missing =", "not understood: '= A'"),
    ],
)
def test_a_damaged_file_is_said_and_not_guessed(desk, old, new, said):
    desk.edit(lambda text: text.replace(old, new, 1))
    number = desk.path.read_text(encoding="utf-8")[: desk.path.read_text(encoding="utf-8").index(new)].count("\n") + 1
    problems = desk.merge("a").problems
    assert [problem for problem in problems if said in problem.what and number <= problem.line <= number + 4]


def test_a_deleted_block_is_open(desk):
    desk.edit(lambda text: text[: text.index("[1/")])
    assert [problem.what[:4] for problem in desk.merge().problems] == ["open"] * 3


def test_an_editors_line_ends_and_byte_order_mark_do_no_harm(desk):
    desk.decide("الجيش السوري", "B")
    desk.path.write_bytes(b"\xef\xbb\xbf" + desk.path.read_bytes().replace(b"\n", b"\r\n"))
    assert SYRIAN_ARMY in spans_of(desk.merge("a"))


def test_the_rest_is_decided_by_kind_then_all_together(desk):
    desk.edit(lambda text: text.replace("rest boundary =", "rest boundary = B"))
    desk.decide("ريف إدلب", "A")
    (problem,) = desk.merge().problems
    assert problem.what.startswith("open: missing")
    merged = desk.merge("a")
    assert spans_of(merged) == [SYRIAN_ARMY, RURAL, FIVE, LAST]
    assert merged.counts == {"agreed": 1, "A": 2, "B": 1}
    with pytest.raises(InputError, match="not one of a, b, majority, none"):
        desk.merge("c")


def test_three_annotators_and_overlapping_readings(tmp_path):
    readings = [(ARMY, RURAL), (SYRIAN_ARMY, IDLIB), (Span(10, 20, "PLACE"), IDLIB)]
    desk = Desk(tmp_path, *([Article("x", TEXT, spans)] for spans in readings))
    # C's span bridges two stretches of A and B, so that one decision is about both.
    assert desk.number == 1
    (problem,) = desk.merge("majority").problems
    assert problem.what.startswith("open: label+boundary 4-25")
    for letter, spans in zip("ABC", readings, strict=True):
        desk.edit(lambda text, letter=letter: re.sub("  =.*", f"  = {letter}", text))
        assert spans_of(desk.merge()) == sorted(spans)


def test_majority_needs_more_than_half(tmp_path):
    readings = [(ARMY, IDLIB), (SYRIAN_ARMY, IDLIB), (SYRIAN_ARMY, RURAL)]
    desk = Desk(tmp_path, *([Article("x", TEXT, spans)] for spans in readings))
    merged = desk.merge("majority")
    assert spans_of(merged) == [SYRIAN_ARMY, IDLIB]
    assert merged.counts == {"majority": 2}


def test_an_annotator_without_the_article_has_no_say(tmp_path):
    desk = Desk(tmp_path, [Article("x", TEXT, A)], [Article("x", TEXT, B)], [Article("y", "حلب")])
    desk.decide("الجيش السوري", "C")
    problems = [problem.what for problem in desk.merge("c").problems]
    assert [what for what in problems if what == "C has not marked this article"]
    assert sum(what.startswith("open") for what in problems) == 2


def test_files_in_another_order_are_noticed(desk):
    swapped = merge(read_parallel(desk.paths[::-1]), read_decisions(desk.path), "a")
    assert len(swapped.problems) == 3
    assert all("other files or order?" in problem.what for problem in swapped.problems)


def test_a_file_of_decisions_is_never_overwritten(desk):
    with pytest.raises(InputError, match="exists already"):
        write_decisions(desk.parallel, desk.path)


def test_whoever_is_followed_throughout_is_reproduced(tmp_path):
    """On hostile texts and random spans: taking one annotator everywhere gives that annotator's articles."""
    rng = random.Random(5)
    letters = "ابتثحدس \n\t،«»+=[]>#{}0َُ\u200f\u202e𐤀A:@?"
    annotators = [[], [], []]
    for number in range(30):
        text = "".join(rng.choices(letters, k=80))
        for articles in annotators:
            edges = sorted(rng.sample(range(81), 12))
            spans = [
                Span(*edge, rng.choice(list(default_labels())), rng.random() < 0.1)
                for edge in zip(*[iter(edges)] * 2, strict=True)
            ]
            sound = [span for span in spans if not list(article_problems(Article("", text, (span,))))]
            articles.append(Article(f"[{number}] = a b", text, tuple(sound)))
    desk = Desk(tmp_path, *annotators)
    for letter, articles in zip("abc", annotators, strict=True):
        merged = desk.merge(letter)
        assert not merged.problems
        assert [article_to_dict(one) for one in merged.articles] == [article_to_dict(one) for one in articles]


def marsad(*arguments):
    command = [sys.executable, "-m", "marsad", "annotations", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False)


def test_the_verbs_from_agreement_to_a_checked_file(desk, tmp_path):
    decisions, out = tmp_path / "d.txt", tmp_path / "merged.jsonl"
    assert marsad("agree", *desk.paths, "--adjudicate", decisions).returncode == 0
    stopped = marsad("adjudicate", decisions, *desk.paths, "-o", out)
    assert stopped.returncode == 2
    assert len(stopped.stderr.decode().splitlines()) == 5
    assert not out.exists()
    done = marsad("adjudicate", decisions, *desk.paths, "-o", out, "--undecided", "b")
    assert (done.returncode, done.stdout) == (0, b"")
    assert "1 stretches agreed, 3 decided: B 3" in done.stderr.decode()
    assert marsad("check", out).returncode == 0
    destroyed = marsad("adjudicate", decisions, *desk.paths, "-o", decisions, "--undecided", "b")
    assert destroyed.returncode == 2
