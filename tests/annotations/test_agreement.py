"""Agreement figures against published examples and other implementations, and the verb ``agree``."""

import json
import math
import random
import subprocess
import sys

import numpy as np
import pytest
from marsad.annotations.agreement import (
    alpha_parts,
    character_codes,
    cohen_kappa,
    krippendorff_alpha,
    measure,
    word_codes,
)
from marsad.annotations.disagreements import Kind, find_disagreements
from marsad.annotations.parallel import ParallelArticle, read_parallel
from marsad.annotations.schema import Article, Span
from marsad.annotations.scoring import exact, partial, score_article
from marsad.annotations.store import write_articles
from marsad.errors import InputError

TEXT = "قصف الجيش السوري مدينة إدلب"
ARMY, SYRIAN_ARMY, IDLIB = Span(4, 9, "ACTOR"), Span(4, 16, "ACTOR"), Span(23, 27, "PLACE")


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch):
    monkeypatch.setattr("marsad.annotations.scoring.RESAMPLES", 20)


def parallel(*readings, text=TEXT, id="a"):
    return ParallelArticle(id, text, dict(zip("ABC", map(tuple, readings), strict=False)), {})


def flat_spans(rng, length=60):
    edges = sorted(rng.sample(range(length), 2 * rng.randint(0, 6)))
    return [Span(start, end, rng.choice(["ACTOR", "PLACE"])) for start, end in zip(*[iter(edges)] * 2, strict=True)]


def test_alpha_of_krippendorffs_example():
    """Four coders, twelve units, missing values: nominal alpha 0.743 (Krippendorff 2011, part C)."""
    rows = ["1 2 3 3 2 1 4 1 2 * * *", "1 2 3 3 2 2 4 1 2 5 * 3", "* 3 3 3 2 3 4 2 2 5 1 *", "1 2 3 3 2 4 4 1 2 5 1 *"]
    values = np.array([[-1 if value == "*" else int(value) - 1 for value in row.split()] for row in rows])
    assert krippendorff_alpha(alpha_parts(values, 5)) == pytest.approx(0.743, abs=5e-4)


def test_kappa_of_cohens_example():
    """200 cases of which 140 agree and 82 would by chance: kappa 0.492 (Cohen 1960, table 1)."""
    confusion = np.array([[88, 14, 18], [10, 40, 10], [2, 6, 12]])
    assert cohen_kappa(confusion) == pytest.approx(0.492, abs=5e-4)


def test_kappa_and_alpha_equal_other_implementations():
    metrics = pytest.importorskip("sklearn.metrics")
    krippendorff = pytest.importorskip("krippendorff")
    rng = np.random.default_rng(1)
    for _ in range(20):
        values = rng.integers(0, 4, (3, 50))
        confusion = np.zeros((4, 4), int)
        np.add.at(confusion, tuple(values[:2]), 1)
        assert cohen_kappa(confusion) == pytest.approx(metrics.cohen_kappa_score(*values[:2]))
        values[rng.random(values.shape) < 0.2] = -1
        theirs = krippendorff.alpha(np.where(values < 0, np.nan, values), level_of_measurement="nominal")
        assert krippendorff_alpha(alpha_parts(values, 4)) == pytest.approx(theirs)


def test_chance_agreement_is_zero_and_no_variation_is_undefined():
    assert cohen_kappa(np.array([[25, 25], [25, 25]])) == 0
    assert math.isnan(cohen_kappa(np.array([[9, 0], [0, 0]])))
    assert math.isnan(krippendorff_alpha(alpha_parts(np.zeros((2, 9), int), 2)))


def test_what_a_unit_is():
    """A word has the label of the span that covers most of it, whether its proclitic is inside or not."""
    codes = {"ACTOR": 1, "PLACE": 2}
    text = "وحلب حمص/داعش  قال"
    spans = [Span(1, 4, "PLACE"), Span(5, 8, "PLACE"), Span(9, 13, "ACTOR")]
    assert word_codes(text, spans, codes).tolist() == [2, 1, 0]
    assert word_codes(text, [Span(0, 4, "PLACE"), Span(9, 13, "ACTOR", optional=True)], codes).tolist() == [2, -1, 0]
    assert character_codes("و حلب", [Span(2, 5, "PLACE")], codes).tolist() == [0, 0, 2, 2, 2]


def test_span_f1_is_the_same_from_both_sides():
    rng = random.Random(3)
    for _ in range(200):
        one, other = flat_spans(rng), flat_spans(rng)
        for match in (exact, partial):
            assert score_article(one, other, match).micro.f1 == score_article(other, one, match).micro.f1


def test_figures_of_two_annotators():
    figures = measure([parallel([SYRIAN_ARMY, IDLIB], [ARMY, IDLIB])])
    value = {
        match: {column: figure["value"] for column, figure in of["A–B"].items()} for match, of in figures["f1"].items()
    }
    assert value["exact"] == {"all": 0.5, "ACTOR": 0, "PLACE": 1}
    assert value["partial"] == {"all": 1, "ACTOR": 1, "PLACE": 1}
    # Words: both say O ACTOR · O PLACE, and of السوري one says ACTOR: (4/5 - 9/25) / (16/25).
    assert figures["kappa"]["words"]["A–B"]["value"] == pytest.approx(0.6875)
    assert "mean" not in figures["kappa"]["words"]


def test_three_annotators_have_pairs_and_a_mean():
    figures = measure([parallel([SYRIAN_ARMY, IDLIB], [ARMY, IDLIB], [ARMY, IDLIB])])
    f1 = {pair: columns["all"]["value"] for pair, columns in figures["f1"]["exact"].items()}
    assert f1 == pytest.approx({"A–B": 0.5, "A–C": 0.5, "B–C": 1, "mean": 2 / 3})
    assert figures["alpha"]["words"]["value"] < figures["kappa"]["words"]["B–C"]["value"] == 1


def test_an_optional_span_is_missing_data():
    doubtful = Span(4, 16, "ACTOR", optional=True)
    for other in ([ARMY, IDLIB], [IDLIB]):
        for readings in ([doubtful, IDLIB], other), (other, [doubtful, IDLIB]):
            figures = measure([parallel(*readings)])
            assert figures["f1"]["exact"]["A–B"]["all"]["value"] == 1
            assert figures["kappa"]["characters"]["A–B"]["value"] == 1
            assert figures["alpha"]["words"]["value"] == 1


def test_no_span_at_all_is_undefined_and_not_an_error():
    figures = measure([parallel([], [])])
    assert figures["f1"]["exact"]["A–B"]["all"]["value"] is None
    assert figures["kappa"]["words"]["A–B"]["value"] is None


@pytest.mark.parametrize(
    ("readings", "kind"),
    [
        (([ARMY], [SYRIAN_ARMY]), Kind.BOUNDARY),
        (([SYRIAN_ARMY], [ARMY, Span(10, 16, "ACTOR")]), Kind.BOUNDARY),
        (([ARMY], [Span(4, 9, "PLACE")]), Kind.LABEL),
        (([ARMY], [Span(4, 16, "PLACE")]), Kind.BOTH),
        (([ARMY], []), Kind.MISSING),
        (([ARMY], [SYRIAN_ARMY], []), Kind.MISSING),
        (([ARMY], [Span(4, 9, "ACTOR", optional=True)]), Kind.OPTIONAL),
    ],
)
def test_kinds_of_disagreement(readings, kind):
    (found,) = find_disagreements([parallel(*([*spans, IDLIB] for spans in readings))])
    assert found.kind == kind
    assert all(IDLIB not in spans for spans in found.readings.values())


def files(tmp_path, *annotators):
    paths = [tmp_path / f"{letter}.jsonl" for letter in "abc"[: len(annotators)]]
    for path, articles in zip(paths, annotators, strict=True):
        write_articles(articles, path)
    return paths


def test_unusable_records_are_said_and_the_rest_is_kept(tmp_path):
    good = Article("good", TEXT, (ARMY,))
    overlapping = Article("bad", TEXT + "!", (ARMY, SYRIAN_ARMY))
    one, other = files(
        tmp_path,
        [good, Article("moved", "حلب"), Article("alone", "قال"), overlapping, good],
        [good, Article("moved", "حلبي"), Article("bad", TEXT + "!")],
    )
    shared = read_parallel([one, other])
    assert [article.id for article in shared.articles] == ["good"]
    said = "\n".join(map(str, shared.problems))
    assert f"{one}:4: bad: span 4–16 ACTOR 'الجيش السوري': overlaps 4–9 ACTOR" in said
    assert f"{one}:5: good: id already used at line 1" in said
    assert f"{other}:2: moved: text differs from {one}:2 at character 3" in said
    assert f"{one}: 1 articles left out that no other file has: alone" in "\n".join(shared.notices())


def test_files_without_a_common_article(tmp_path):
    with pytest.raises(InputError, match="share no article id"):
        read_parallel(files(tmp_path, [Article("x", "حلب")], [Article("y", "حلب")]))


def agree(*arguments):
    command = [sys.executable, "-m", "marsad", "annotations", "agree", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, check=False)


def test_the_verb_prints_figures_and_lists_disagreements(tmp_path):
    hostile = "\u202eقال \x1b[31m<b>داعش</b> هنا"
    start = hostile.index("داعش")
    one = [Article("x", TEXT, (ARMY, IDLIB)), Article("y", hostile, (Span(start, start + 4, "ACTOR"),))]
    other = [Article("x", TEXT, (SYRIAN_ARMY, IDLIB)), Article("y", hostile)]
    paths = files(tmp_path, one, other)
    page = tmp_path / "page.html"
    done = agree(*paths, "--json", "--table", page)
    assert (done.returncode, done.stderr) == (0, b"")
    figures = json.loads(done.stdout)
    assert figures["annotators"] == {"A": str(paths[0]), "B": str(paths[1])}
    assert figures["disagreements"] == {"label": 0, "boundary": 1, "label+boundary": 0, "missing": 1, "optional": 0}
    html = page.read_text(encoding="utf-8")
    assert "&lt;b&gt;<mark>داعش</mark>" in html
    screen = agree(*paths, "--table", "-").stdout.decode()
    assert "boundary" in screen
    assert "kappa" in screen
    assert not {"\x1b", "\u202e"} & {*html, *screen}


def test_outputs_never_destroy_inputs(tmp_path):
    article = Article("x", TEXT, (ARMY,))
    one, other = files(tmp_path, [article], [article])
    for option in ("--table", "--adjudicate"):
        done = agree(one, other, option, other)
        assert (done.returncode, done.stdout) == (2, b"")
        assert b"name another" in done.stderr
    assert read_parallel([one, other]).articles
