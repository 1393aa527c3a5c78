"""``marsad evaluate``: how good a model is, where it goes wrong, and whether it beats another."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ..errors import InputError
from .console import DeviceOption, EngineOption, JsonOption, ModelOption, ThreadsOption, print_figures, tell

if TYPE_CHECKING:
    from ..annotations.schema import Article
    from ..inference.extractor import Extractor
    from ..train.evaluation import Evaluation

OUTPUTS = (".html", ".json")


def evaluate(
    data: Annotated[Path, typer.Argument(help="Labelled articles, JSONL.")],
    model: ModelOption = None,
    against: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Test the difference to another model; 'embedded': the shipped.")
    ] = None,
    train: Annotated[
        list[Path] | None, typer.Option(help="Training data; tells names seen in training from new ones. Repeatable.")
    ] = None,
    curve: Annotated[Path | None, typer.Option(help="What marsad learning-curve wrote, to draw it.")] = None,
    out: Annotated[
        list[Path] | None, typer.Option("--out", "-o", help="report.html or figures.json, with everything. Repeatable.")
    ] = None,
    fit_temperature: Annotated[
        bool, typer.Option("--fit-temperature", help="Calibrate the scores on DATA and store it with the model.")
    ] = False,
    as_json: JsonOption = False,
    boundary_rules: Annotated[bool, typer.Option(help="Move edges to where the guideline puts them.")] = True,
    engine: EngineOption = None,
    device: DeviceOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Measure a model on labelled articles: exact character spans, through the code that extract runs."""
    from ..annotations.store import read_articles
    from ..inference.extractor import Extractor
    from ..train.curve import read_curve
    from ..train.evaluation.tables import as_tables

    for path in out or ():
        _check_output(path)
    if fit_temperature:
        _check_own(model)
    articles = read_articles(data)
    training = [article for path in train or () for article in read_articles(path)] if train else None
    points = read_curve(curve) if curve else None
    if training is not None:
        _warn_of_overlap(articles, training)

    def load(name: str | None) -> Extractor:
        return _load(Extractor.from_pretrained(name, device, engine, threads), boundary_rules, data, articles)

    extractor = load(model)
    baseline = load(against) if against else None
    fitted = _fit(extractor, Path(str(model)), articles) if fit_temperature else None
    figures, evaluation = _figures(extractor, articles, training, with_details=as_json or bool(out))
    figures |= {"fit": fitted} if fitted else {}
    figures |= {"curve": points} if points else {}
    if baseline is not None:
        figures["comparison"] = _compare(evaluation, baseline, (model or "embedded", str(against)))
    for path in out or ():
        _write(figures, path, data, model)
    print_figures(figures, as_json, as_tables)


def _check_output(path: Path) -> None:
    """Refuse a report that could not be written, before the work and not after it."""
    if path.suffix not in OUTPUTS:
        raise InputError(f"{path}: name the report …{' or …'.join(OUTPUTS)}")
    if not path.parent.is_dir():
        raise InputError(f"{path}: no folder {path.parent}")
    if path.is_dir():
        raise InputError(f"{path}: a folder; name a file")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise InputError(f"{path}: can't be written here; name another place")
    if path.suffix == ".html":
        from ..inference.view.library import require_charts

        require_charts()


def _check_own(model: str | None) -> None:
    """Refuse to write a temperature into a model that was not named as a folder, or can't be written into."""
    if model is None or not Path(model).is_dir():
        raise InputError("--fit-temperature writes into the model's folder: name it, as in --model runs/mine")
    if not os.access(model, os.W_OK):
        raise InputError(f"{model}: --fit-temperature can't write into this folder; copy the model")


def _warn_of_overlap(articles: Sequence[Article], training: Sequence[Article]) -> None:
    known = {article.text for article in training}
    if both := sum(article.text in known for article in articles):
        tell(f"{both} of {len(articles)} articles are also in the training data; the figures flatter the model")


def _load(extractor: Extractor, boundary_rules: bool, data: Path, articles: Sequence[Article]) -> Extractor:
    """Make an extractor ready to be measured on the articles."""
    from ..train.evaluation import check_labels

    check_labels(extractor.card.labels, {str(data): articles})
    extractor.boundary_rules &= boundary_rules
    return extractor


def _fit(extractor: Extractor, folder: Path, articles: Sequence[Article]) -> dict[str, Any]:
    """Fit the temperature, store it in the checkpoint and say what it did."""
    from ..train.evaluation import calibrate
    from ..train.evaluation.calibration import FEWEST_SPANS, is_fitted

    before = extractor.card.temperature
    with Console(stderr=True).status("fitting the temperature"):
        card, fitted = calibrate(extractor, articles)
    if not is_fitted(fitted):
        raise InputError(
            f"--fit-temperature: too little to fit to: {fitted['spans']:,} spans found, and it takes {FEWEST_SPANS}, "
            f"some right and some wrong; give more articles (the model keeps its temperature of {before:g})"
        )
    try:
        card.save(folder)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror or error}") from None
    errors = " → ".join(f"{fitted[when]['ece']:.3f}" for when in ("before", "after"))
    tell(
        f"temperature {card.temperature:g} stored in {folder}: expected calibration error {errors} "
        f"(cross-validated, {fitted['spans']:,} spans)"
    )
    return fitted


def _figures(
    extractor: Extractor, articles: Sequence[Article], training: Sequence[Article] | None, with_details: bool
) -> tuple[dict[str, Any], Evaluation]:
    """Return a model's figures, with everything that only a report needs if asked for, and what they are made from."""
    from ..train.evaluation import evaluate as run
    from ..train.evaluation import report
    from ..train.evaluation.breakdown import break_down
    from ..train.evaluation.mistakes import describe_mistakes

    with Console(stderr=True).status("measuring"):
        evaluation = run(extractor, articles)
        figures = report(evaluation, extractor.tokenizer, extractor.tags)
        if with_details:
            figures["temperature"] = extractor.card.temperature
            figures["breakdown"] = break_down(evaluation, training)
            figures["mistakes"] = describe_mistakes(evaluation)
    return figures, evaluation


def _compare(evaluation: Evaluation, baseline: Extractor, names: tuple[str, str]) -> dict[str, Any]:
    """Return the comparison with another model on the same articles."""
    from ..train.evaluation import evaluate as run
    from ..train.evaluation.comparison import compare

    with Console(stderr=True).status("measuring the other model"):
        return {"one": names[0], "other": names[1], **compare(evaluation, run(baseline, evaluation.articles))}


def _write(figures: dict[str, Any], path: Path, data: Path, model: str | None) -> None:
    """Write the figures as a page or as JSON, by the file's ending."""
    from ..train.evaluation.page import render_page

    if path.suffix == ".html":
        content = render_page(figures, f"{model or 'the shipped model'} on {data.name}")
    else:
        content = json.dumps(figures, ensure_ascii=False, indent=1) + "\n"
    try:
        path.write_text(content, encoding="utf-8", errors="replace")
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    tell(f"wrote {path}")
