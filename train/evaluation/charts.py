"""The report's charts, drawn once as SVG: nothing to run in the page, and colours follow its style sheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

WIDTH, HEIGHT = 460, 320
"""Pixels of a chart; the page scales it down where there is less room."""

CURVES = ("#0072B2", "#D55E00")
"""Colours of a chart's first and second curve (Okabe and Ito)."""


def reliability_chart(curves: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw the share of right spans over their score, with Wilson intervals.

    Args:
        curves: name to what :func:`marsad.train.evaluation.calibration.curve` returns.
    """
    import altair as alt

    from ...inference.view.charts import IN_PAGE

    rows = [{"curve": name, **row} for name, figures in curves.items() for row in figures["bins"]]
    share = alt.Scale(domain=[0, 1])
    x = alt.X("confidence:Q", title="score", scale=share)
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x, color=_colour(list(curves)))
    diagonal = alt.Chart(alt.InlineData(values=[{"v": 0}, {"v": 1}])).mark_line(color=IN_PAGE.muted, strokeDash=[4, 4])
    return _svg(
        alt.layer(
            diagonal.encode(x="v:Q", y="v:Q"),
            base.mark_rule().encode(y=alt.Y("low:Q", title="share right to the character", scale=share), y2="high:Q"),
            base.mark_line(point=True).encode(y="accuracy:Q"),
        )
    )


def learning_chart(points: Sequence[Mapping[str, Any]]) -> str:
    """Draw micro F1 with its interval over the number of training articles, on a logarithmic axis."""
    import altair as alt

    rows = [{"articles": point["articles"], **point["micro"]} for point in points]
    x = alt.X(
        "articles:Q", title="training articles", scale=alt.Scale(type="log", nice=False), axis=alt.Axis(format=",d")
    )
    base = alt.Chart(alt.InlineData(values=rows)).encode(x=x)
    whole = alt.Scale(zero=False)
    return _svg(
        alt.layer(
            base.mark_rule(color=CURVES[0]).encode(y=alt.Y("f1_low:Q", title="F1", scale=whole), y2="f1_high:Q"),
            base.mark_line(point=alt.OverlayMarkDef(color=CURVES[0]), color=CURVES[0]).encode(y="f1:Q"),
        )
    )


def _colour(names: list[str]) -> Any:  # noqa: ANN401
    """Return the colours of several curves; one curve needs no legend."""
    import altair as alt

    legend = alt.Legend(title=None, orient="top", labelColor="var(--ink)", labelFontSize=12) if len(names) > 1 else None
    return alt.Color("curve:N", scale=alt.Scale(domain=names, range=list(CURVES[: len(names)])), legend=legend)


def _svg(chart: Any) -> str:  # noqa: ANN401
    """Return a chart as SVG in the look that all charts share."""
    import altair
    import vl_convert

    from ...inference.view.charts import IN_PAGE, finished

    specification = finished(chart, IN_PAGE, HEIGHT, WIDTH).to_dict()
    specification["config"]["axis"] |= {
        "titleColor": IN_PAGE.muted,
        "titleFontWeight": "normal",
        "titleFontSize": 12,
        "titlePadding": 10,
    }
    version = altair.SCHEMA_VERSION.removeprefix("v").rpartition(".")[0]
    return vl_convert.vegalite_to_svg(specification, vl_version=version)
