"""Figures that one can act on: kinds of mistakes, parts of the data, calibration, and two models beside each other."""

import copy
import json
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from marsad import Extractor
from marsad.annotations.inline import parse_inline
from marsad.annotations.schema import Article, Span
from marsad.annotations.scoring import Scores
from marsad.annotations.store import read_articles, write_articles
from marsad.cli.evaluate import evaluate as evaluate_command
from marsad.errors import InputError
from marsad.inference.checkpoint import CARD_FILE, SHIPPED, Card
from marsad.train.config import make_recipe
from marsad.train.curve import learning_curve, parse_sizes, read_curve
from marsad.train.evaluation import Evaluation, calibrate, comparison, evaluate
from marsad.train.evaluation.breakdown import SMALLER, break_down
from marsad.train.evaluation.calibration import curve, reliability
from marsad.train.evaluation.mistakes import KINDS, count_mistakes, describe_mistakes, mistakes

TEXT = "قصف الجيش السوري ريف حلب الشمالي بصواريخ وقتل خمسة مدنيين"
LABELS = ("ACTOR", "PLACE", "WEAPON", "COUNT")


def span(words, label, optional=False):
    start = TEXT.index(words)
    return Span(start, start + len(words), label, optional)


def one_article(gold, found, confidences=()):
    outside = [[0.5] * len(gold)] if confidences else ()
    return Evaluation([Article("a", TEXT, tuple(gold))], [list(found)], [confidences] if confidences else (), outside)


def random_evaluation(rng, articles=30, skill=0.7):
    """Random spans, some optional, overlapping and nested ones among them, and random guesses near them."""
    made, found = [], []
    for i in range(articles):
        gold = {random_span(rng, rng.random() < 0.1) for _ in range(6)}
        guesses = {s if rng.random() < skill else random_span(rng) for s in gold if rng.random() < 0.9}
        made.append(Article(str(i), TEXT, tuple(sorted(gold)), {"source": f"s{i % 40}", "date": f"20{i % 3:02}-01-01"}))
        found.append(sorted(replace(s, optional=False) for s in guesses))
    confidences = [[float(rng.random()) for _ in spans] for spans in found]
    return Evaluation(made, found, confidences, [[0.5] * len(article.spans) for article in made])


def random_span(rng, optional=False):
    start = int(rng.integers(0, len(TEXT) - 8))
    return Span(start, start + int(rng.integers(1, 8)), str(rng.choice(LABELS)), optional)


def kinds_of(gold, found):
    return [(m.kind, m.side) for m in mistakes(one_article(gold, found))]


def test_each_mistake_is_of_the_kind_a_reader_would_name():
    army, longer = span("الجيش السوري", "ACTOR"), span("قصف الجيش السوري", "ACTOR")
    assert kinds_of([army], [army]) == []
    assert kinds_of([army], [longer]) == [("boundary", "gold"), ("boundary", "found")]
    assert kinds_of([army], [replace(army, label="PLACE")]) == [("label", "gold"), ("label", "found")]
    assert kinds_of([army], [replace(longer, label="PLACE")])[0] == ("label and boundary", "gold")
    assert kinds_of([army], []) == [("missed", "gold")]
    assert kinds_of([], [army]) == [("spurious", "found")]
    assert kinds_of([replace(army, optional=True)], [longer]) == []
    # One span found in place of two is one false alarm and two misses.
    two = [span("ريف حلب", "PLACE"), span("الشمالي", "PLACE")]
    assert kinds_of(two, [span("ريف حلب الشمالي", "PLACE")]) == [("boundary", "gold")] * 2 + [("boundary", "found")]
    # A span that was found does not excuse another one inside it.
    assert kinds_of([army, span("السوري", "PLACE")], [army]) == [("missed", "gold")]


@pytest.mark.parametrize("seed", range(5))
def test_kinds_add_up_to_the_misses_and_the_false_alarms(seed):
    evaluation = random_evaluation(np.random.default_rng(seed))
    counts, total = count_mistakes(evaluation), sum(evaluation.scores(), Scores())
    for kinds, score in [(counts["kinds"], total.micro)] + [(counts["labels"][x], total.by_label[x]) for x in LABELS]:
        assert sum(kinds[kind]["gold"] for kind in KINDS) == score.fn
        assert sum(kinds[kind]["found"] for kind in KINDS) == score.fp
    for label in LABELS:
        score = total.by_label[label]
        assert sum(counts["confusion"][label].values()) == score.tp + score.fn
    assert sum(counts["confusion"]["none"].values()) == counts["kinds"]["spurious"]["found"]


def test_wrong_edges_are_told_apart_by_side():
    gold = [span("الجيش السوري", "ACTOR"), span("حلب", "PLACE"), span("صواريخ", "WEAPON")]
    found = [span("الجيش", "ACTOR"), span("ريف حلب", "PLACE"), span("بصواريخ", "WEAPON")]
    evaluation = one_article(gold, found, [0.9, 0.8, 0.7])
    edges = {"start": {"early": 2, "right": 1, "late": 0}, "end": {"early": 1, "right": 2, "late": 0}}
    assert count_mistakes(evaluation)["edges"] == edges
    described = describe_mistakes(evaluation)
    assert described["cut"] == {"السوري": 1}
    assert described["added"] == {"ريف": 1, "ب": 1}


def test_the_surest_mistakes_come_first_with_both_spans_marked():
    gold = [span("الجيش السوري", "ACTOR"), span("خمسة", "COUNT")]
    found = [span("الجيش", "ACTOR"), span("ريف حلب", "PLACE")]
    listed = describe_mistakes(one_article(gold, found, [0.6, 0.9]))
    assert [(row["kind"], row["sureness"]) for row in listed["wrong"]] == [("spurious", 0.9), ("boundary", 0.6)]
    assert [row["gold"]["text"] for row in listed["missed"]] == ["خمسة"]
    marked = [(part["text"], part["gold"], part["found"]) for part in listed["wrong"][1]["context"]]
    assert marked[:3] == [("قصف ", None, None), ("الجيش", "ACTOR", "ACTOR"), (" السوري", "ACTOR", None)]
    assert "".join(text for text, _, _ in marked) == TEXT


def test_parts_add_up_to_the_whole_and_small_ones_are_flagged():
    evaluation = random_evaluation(np.random.default_rng(1), articles=60)
    whole = sum(evaluation.scores(), Scores()).micro
    parts = break_down(evaluation, evaluation.articles[:20])
    assert {"surface", "source", "year", "words in the mention"} <= set(parts)
    assert "country" not in parts
    assert SMALLER in parts["source"]
    assert list(parts["year"]) == ["2000", "2001", "2002"]
    for rows in parts.values():
        assert sum(row["tp"] for row in rows.values()) == whole.tp
        assert sum(row["fp"] for row in rows.values()) == whole.fp
        assert sum(row["fn"] for row in rows.values()) == whole.fn
        assert all(row["few"] == (row["spans"] < 30 or row["articles"] < 5) for row in rows.values())


def test_names_seen_in_training_are_told_from_new_ones():
    training = [parse_inline("في {P:حَلَب} و{A:الجيش السوري}", "t")]
    gold = [span("حلب", "PLACE"), span("خمسة", "COUNT"), span("الجيش السوري", "PLACE")]
    rows = break_down(one_article(gold, gold[:1]), training)["surface"]
    assert {name: (row["tp"], row["fn"]) for name, row in rows.items()} == {
        "seen in training": (1, 0), "never seen": (0, 1), "seen under another label": (0, 1)
    }  # fmt: skip


def test_the_calibration_error_is_the_gap_by_bins_of_equal_mass():
    # Ten bins of two: at 0.5 one of two is right, as it should be; at 0.9 too, which is 0.4 too few.
    scores = [0.5] * 10 + [0.9] * 10
    figures = curve(scores, [True, False] * 10)
    assert figures["ece"] == pytest.approx(0.2)
    assert (figures["accuracy"], figures["confidence"]) == (0.5, pytest.approx(0.7))
    assert figures["brier"] == pytest.approx((0.25 + (0.01 + 0.81) / 2) / 2)
    assert curve(scores, [False] * 10 + [True] * 10)["ece"] == pytest.approx((0.5 + 0.1) / 2)
    assert [row["spans"] for row in figures["bins"]] == [2] * 10
    assert curve([], [])["ece"] is None


def test_a_threshold_trades_recall_for_precision():
    gold = [span("الجيش السوري", "ACTOR"), span("خمسة", "COUNT")]
    figures = reliability(one_article(gold, [gold[0], span("مدنيين", "ACTOR")], [0.95, 0.6]))
    rows = {row["score"]: row for row in figures["thresholds"]}
    assert (rows[0.5]["precision"], rows[0.5]["recall"]) == (0.5, 0.5)
    assert (rows[0.9]["precision"], rows[0.9]["recall"]) == (1.0, 0.5)
    assert (rows[0.99]["spans"], rows[0.99]["precision"]) == (0, None)


@pytest.fixture(scope="session")
def invented():
    """Some of the corpus's dev articles, enough to fit a temperature on."""
    return read_articles(SHIPPED.parent.parent / "annotations/data/dev.jsonl")[:6]


def test_a_temperature_calibrates_the_scores_and_leaves_the_mentions(shipped, invented):
    extractor = copy.copy(shipped)
    before = evaluate(extractor, invented)
    card, fitted = calibrate(extractor, invented)
    after = evaluate(extractor, invented)
    assert card.temperature == fitted["temperature"]
    assert fitted["after"]["log_loss"] < fitted["before"]["log_loss"]
    assert after.found == before.found
    assert reliability(after)["log_loss"] < reliability(before)["log_loss"]
    assert shipped.card.temperature != card.temperature
    for factor in (0.8, 1.25):  # to either side of what was fitted the scores are worse
        extractor.card = replace(card, temperature=card.temperature * factor)
        assert reliability(evaluate(extractor, invented))["log_loss"] > reliability(after)["log_loss"]


def test_too_few_mentions_leave_the_temperature_alone(shipped, articles):
    assert calibrate(copy.copy(shipped), articles)[0].temperature == 1.0


@pytest.mark.parametrize("engine", ["torch", "onnx-int8"])
def test_every_engine_scores_with_the_stored_temperature(engine, linked_model, articles):
    raw = Extractor.from_pretrained(linked_model, engine=engine)(articles[0].text)
    replace(Card.load(linked_model), temperature=3.0).save(linked_model)
    cooled = Extractor.from_pretrained(linked_model, engine=engine)(articles[0].text)
    assert [(m.start, m.end, m.label) for m in cooled] == [(m.start, m.end, m.label) for m in raw]
    assert all(cool.score < hot.score for cool, hot in zip(cooled, raw, strict=True))


@pytest.fixture
def linked_model(tmp_path):
    """The shipped model under another path, with a card of its own that states no temperature."""
    folder = tmp_path / "model"
    (folder / "onnx").mkdir(parents=True)
    for file in SHIPPED.rglob("*"):
        if file.is_file() and file.name != CARD_FILE:
            (folder / file.relative_to(SHIPPED)).symlink_to(file)
    card = json.loads((SHIPPED / CARD_FILE).read_text(encoding="utf-8"))
    card.pop("temperature", None)
    (folder / CARD_FILE).write_text(json.dumps(card), encoding="utf-8")
    return folder


@pytest.mark.parametrize("temperature", [0, -1, "warm", None])
def test_a_card_with_an_impossible_temperature_is_one_clear_line(temperature, linked_model):
    card = json.loads((linked_model / CARD_FILE).read_text(encoding="utf-8"))
    (linked_model / CARD_FILE).write_text(json.dumps({**card, "temperature": temperature}), encoding="utf-8")
    with pytest.raises(InputError, match=CARD_FILE):
        Card.load(linked_model)


def test_a_model_is_not_better_than_itself():
    evaluation = random_evaluation(np.random.default_rng(0))
    compared = comparison.compare(evaluation, evaluation)
    assert set(compared["figures"]) == {"micro", "macro", *LABELS}
    for row in compared["figures"].values():
        assert (row["difference"], row["low"], row["high"]) == (0, 0, 0)
        assert (row["p_bootstrap"], row["p_randomization"]) == (1, 1)
    assert not any(compared["differences"].values())


def test_a_model_that_finds_more_is_better_and_the_gains_are_listed():
    good = random_evaluation(np.random.default_rng(3), articles=60, skill=0.9)
    rng = np.random.default_rng(4)
    worse = Evaluation(good.articles, [[s for s in spans if rng.random() < 0.6] for spans in good.found])
    compared = comparison.compare(good, worse)
    row = compared["figures"]["micro"]
    assert row["one"] == good.f1
    assert row["other"] == worse.f1
    assert 0 < row["low"] < row["difference"] < row["high"]
    assert max(row["p_bootstrap"], row["p_randomization"]) < 0.01
    gained = sum(scores.micro.tp for scores in good.scores()) - sum(scores.micro.tp for scores in worse.scores())
    assert len(compared["differences"]["gained"]) == gained
    assert compared["differences"]["lost"] == []


def test_equally_good_models_differ_significantly_about_once_in_twenty(monkeypatch):
    monkeypatch.setattr(comparison, "RESAMPLES", 1000)
    rng = np.random.default_rng(5)
    p_values = []
    for _ in range(300):
        gold, ease = rng.integers(1, 12, size=60), rng.beta(8, 2, size=60)
        tp, fp = rng.binomial(gold, ease, size=(2, 60)), rng.poisson(1.0, size=(2, 60))
        one, other = (np.stack([tp[i], fp[i], gold - tp[i]], axis=1)[:, None, :] for i in (0, 1))
        row = comparison.compare_counts(one, other)[0]
        p_values.append((row["p_bootstrap"], row["p_randomization"]))
    significant = (np.array(p_values) < 0.05).mean(axis=0)
    assert ((significant > 0.02) & (significant < 0.09)).all(), significant


def test_the_command_writes_a_report_and_figures(linked_model, articles, data_file, tmp_path):
    page, figures = tmp_path / "report.html", tmp_path / "figures.json"
    options = ["--model", linked_model, "--against", "embedded", "--train", data_file, "-o", page, "-o", figures]
    done = run("evaluate", data_file, *options, "--json")
    assert done.returncode == 0, done.stderr
    assert "6 of 6 articles are also in the training data" in done.stderr
    printed = json.loads(done.stdout)
    assert printed == json.loads(figures.read_text(encoding="utf-8"))
    wanted = {"exact", "partial", "seqeval", "errors", "calibration", "breakdown", "mistakes", "comparison"}
    assert wanted <= set(printed)
    assert printed["comparison"]["figures"]["micro"]["p_randomization"] == 1
    content = page.read_text(encoding="utf-8")
    assert 'dir="rtl"' in content
    assert "<svg" in content
    assert "<script" not in content
    assert not any(mark in content for mark in ('src="', "url(", "<link"))


def test_the_command_refuses_in_one_line(tmp_path, articles, data_file):
    (tmp_path / "empty.jsonl").write_text("", encoding="utf-8")
    write_articles([replace(article, spans=()) for article in articles], tmp_path / "bare.jsonl")
    (tmp_path / "curve.json").write_text("[]", encoding="utf-8")
    (tmp_path / "folder.json").mkdir()
    for data, options, said in [
        (tmp_path / "none.jsonl", {}, "No such file"),
        (tmp_path / "empty.jsonl", {}, "no article"),
        (tmp_path / "bare.jsonl", {}, "no span in any article"),
        (data_file, {"model": str(tmp_path / "none" / "none")}, "hub"),
        (data_file, {"against": "not a model"}, "no such folder"),
        (data_file, {"out": [tmp_path / "report.pdf"]}, r"\.html or …\.json"),
        (data_file, {"out": [tmp_path / "none" / "report.html"]}, "no folder"),
        (data_file, {"out": [tmp_path / "folder.json"]}, "a folder; name a file"),
        (data_file, {"curve": tmp_path / "curve.json"}, "not a learning curve"),
        (data_file, {"fit_temperature": True}, "name it"),
        (data_file, {"fit_temperature": True, "model": "owner/name"}, "name it"),
    ]:
        with pytest.raises(InputError, match=said) as error:
            evaluate_command(data, **options)
        assert "\n" not in str(error.value)
    done = run("evaluate", data_file, "--fit-temperature")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1


def test_the_command_stores_a_temperature_with_the_model(linked_model, invented, tmp_path, capsys):
    write_articles(invented, tmp_path / "dev.jsonl")
    shipped_with = Card.load(linked_model).temperature
    evaluate_command(tmp_path / "dev.jsonl", model=str(linked_model), fit_temperature=True)
    assert Card.load(linked_model).temperature != shipped_with
    assert f"stored in {linked_model}: expected calibration error" in capsys.readouterr().err
    stored = Card.load(linked_model)
    write_articles(invented[:1], tmp_path / "dev.jsonl")
    with pytest.raises(InputError, match="too little to fit to"):
        evaluate_command(tmp_path / "dev.jsonl", model=str(linked_model), fit_temperature=True)
    assert Card.load(linked_model) == stored


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "marsad", *map(str, arguments)],
        capture_output=True,
        check=False,
        encoding="utf-8",
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_a_learning_curve_grows_by_nested_parts_and_goes_on_where_it_stopped(wordpiece_base, data_file, tmp_path):
    values = {"base": str(wordpiece_base), "train": data_file, "dev": data_file, "output": tmp_path / "curve"}
    recipe = make_recipe({**values, "epochs": 1, "window": 64, "overlap": 16, "labels": "auto"}, "test")
    first = list(learning_curve(recipe, [0.5]))
    model = tmp_path / "curve/50/model.safetensors"
    written = model.stat().st_mtime_ns
    points = list(learning_curve(recipe, [0.5, 1.0]))
    assert points[:1] == first
    assert model.stat().st_mtime_ns == written
    assert [(point["share"], point["articles"]) for point in points] == [(0.5, 3), (1.0, 6)]
    assert read_curve(tmp_path / "curve/curve.json") == points
    small, large = ({a.id for a in read_articles(tmp_path / f"curve/train-{name}.jsonl")} for name in ("50", "100"))
    assert small < large
    with pytest.raises(InputError, match="another recipe"):
        list(learning_curve(recipe.model_copy(update={"epochs": 2}), [0.5]))
    with pytest.raises(InputError, match="other training data or another seed"):
        list(learning_curve(recipe.model_copy(update={"seed": 4}), [0.5]))


@pytest.mark.parametrize("text", ["", "10", "0%,50%", "50%,150%", "a%"])
def test_sizes_are_percentages(text):
    with pytest.raises(InputError, match="not a list of percentages"):
        parse_sizes(text)
    assert parse_sizes("100%, 12.5%") == [0.125, 1.0]
