"""The figures of an evaluation as one self-contained page: no script, and nothing from anywhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...annotations.report import label_looks, page_environment
from .mistakes import KINDS, NONE

TEMPLATE = "page.html"

LISTED = 60
"""Spans of a list of differences; what is left out is counted."""

KIND_MEANINGS = dict(
    zip(
        KINDS,
        ("right label, wrong edge", "right edges, wrong label", "both wrong", "nothing found there", "nothing there"),
        strict=True,
    )
)


def render_page(figures: dict[str, Any], title: str) -> str:
    """Return the page as HTML.

    Args:
        figures: what ``marsad evaluate --json`` prints.
        title: the heading.

    Raises:
        InputError: if the chart libraries are not installed.
    """
    from ...inference.view.library import require_charts
    from .charts import learning_chart, reliability_chart

    require_charts()
    fit = figures.get("fit")
    if fit and fit["spans"]:
        curves = {"raw": fit["before"], "with the temperature": fit["after"]}
    else:
        curves = {"scores": figures["calibration"]}
    labels = [*figures["errors"]["labels"]]
    return (
        page_environment(Path(__file__).parent)
        .get_template(TEMPLATE)
        .render(
            title=title,
            figures=figures,
            labels=label_looks(labels),
            kinds=KIND_MEANINGS,
            nothing=NONE,
            listed=LISTED,
            reliability=reliability_chart(curves),
            learning=learning_chart(figures["curve"]) if "curve" in figures else None,
        )
    )
