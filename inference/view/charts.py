"""The charts and the map, as Altair specifications; what they show comes later, as the rows of a named data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import altair as alt

OUTLINES = Path(__file__).with_name("data") / "outlines.json"

COLOURS = {"ACTOR": "#0072B2", "PLACE": "#009E73", "WEAPON": "#D55E00", "COUNT": "#CC79A7"}
"""Colours of Okabe and Ito's palette, which colour-blind readers can tell apart."""

Drawing = alt.Chart | alt.LayerChart | alt.FacetChart

DAY = "%d %b %Y"

ROWS = alt.NamedData("rows")

MIDDLE_EAST = (40.0, 32.0)
"""Degrees east and north of the middle of a map without places."""

WIDEST_ZOOM, MIDDLE_ZOOM, CLOSEST_ZOOM = 100.0, 700.0, 6000.0
"""Pixels a radian: the whole world; the Middle East; a province."""

FONT = '"Noto Sans", "Segoe UI", "Noto Sans Arabic", Tahoma, sans-serif'

LARGEST_POINT = 800
"""Square pixels of the most mentioned place."""

FEW_MENTIONS = 20
"""Where no place has more mentions than this, points stay smaller."""


class PlaceRow(TypedDict):
    """A place to draw: its name, how often it is mentioned, where it is, and the name written beside it, if any."""

    name: str
    n: int
    lat: float
    lon: float
    label: str


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of what isn't data: text, lines, and the map's ground."""

    ink: str = "#1c2733"
    muted: str = "#5b6875"
    line: str = "#c9d1d9"
    land: str = "#eef1f4"
    sea: str = "#dbe6ef"
    halo: str = "#ffffff"


IN_PAGE = Theme("var(--ink)", "var(--muted)", "var(--line)", "var(--land)", "var(--sea)", "var(--card)")
"""Colours that follow the style sheet, so that dark, light and print need no second drawing."""


def bars(colour: str) -> Drawing:
    """Return a bar for each row ``{key, name, n}``, in the order given, its name above it.

    Args:
        colour: of the bars.
    """
    order = alt.Y("key:N", sort=None, axis=None)
    hint = [alt.Tooltip("name:N", title="Name"), alt.Tooltip("n:Q", title="Mentions", format=",")]
    base = alt.Chart(ROWS).encode(y=order, tooltip=hint)
    bar = base.mark_bar(color=colour, height=7, yOffset=8, cornerRadius=2, cursor="pointer").encode(
        x=alt.X("n:Q", axis=None, scale=alt.Scale(domainMin=0))
    )
    name = base.mark_text(align="left", dy=-5, limit=240, color=IN_PAGE.ink, fontSize=13, aria=False).encode(
        x=alt.value(0), text="name:N"
    )
    number = base.mark_text(align="right", dy=-5, color=IN_PAGE.muted, fontSize=12, aria=False).encode(
        x=alt.value("width"), text=alt.Text("n:Q", format=",")
    )
    return finished(alt.layer(bar, name, number), IN_PAGE, height=alt.Step(36))


def timeline() -> Drawing:
    """Return a bar for each row ``{from, to, n}``, over time; ``from`` and ``to`` are ISO dates."""
    chart = (
        alt.Chart(ROWS)
        .mark_bar(color=COLOURS["COUNT"], binSpacing=1)
        .encode(
            x=alt.X("from:T", title=None, scale=alt.Scale(type="utc"), axis=alt.Axis(grid=False, tickCount=6)),
            x2="to:T",
            y=alt.Y("n:Q", title=None, axis=alt.Axis(tickCount=3, format="~s")),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("from:T", title="From", format=DAY, formatType="utc"),
                alt.Tooltip("last:T", title="To", format=DAY, formatType="utc"),
                alt.Tooltip("n:Q", title="Sum of reports", format=","),
            ],
        )
    )
    return finished(chart, IN_PAGE, height=96)


def matrix() -> Drawing:
    """Return a cell for each row ``{actor, place, n}``: the articles that name both."""
    base = alt.Chart(ROWS).encode(
        x=alt.X("place:N", sort=None, title=None, axis=alt.Axis(orient="top", labelAngle=-45, labelLimit=95)),
        y=alt.Y("actor:N", sort=None, title=None, axis=alt.Axis(labelLimit=150)),
        tooltip=["actor:N", "place:N", alt.Tooltip("n:Q", title="Articles", format=",")],
    )
    cell = base.mark_rect(color=COLOURS["ACTOR"], stroke=IN_PAGE.halo, strokeWidth=2, cornerRadius=3).encode(
        opacity=alt.Opacity("n:Q", scale=alt.Scale(domainMin=0, range=[0.05, 0.6]), legend=None)
    )
    number = base.mark_text(color=IN_PAGE.ink, fontSize=12, aria=False).encode(text=alt.Text("n:Q", format=","))
    return finished(alt.layer(cell, number.transform_filter("datum.n > 0")), IN_PAGE, height=alt.Step(30))


def place_map(places: Sequence[PlaceRow], theme: Theme, width: int | str = "container", height: int = 430) -> Drawing:
    """Return a map of places over the outlines of countries, the larger the more mentioned; it needs no network.

    Parameters ``zoom`` (pixels a radian) and ``centre`` (degrees east and north) hold what it shows; they start
    with a view of nearly all places.

    Args:
        places: what to draw, the most mentioned first.
        theme: colours of text and ground.
        width: pixels, or ``container``.
        height: pixels.
    """
    centre, zoom = fit(places, 640 if isinstance(width, str) else width, height)
    # As text: Altair would spend seconds on checking every point against its schema.
    outlines = alt.InlineData(
        values=OUTLINES.read_text(encoding="utf-8"), format=alt.TopoDataFormat(type="topojson", feature="countries")
    )
    land = alt.Chart(outlines).mark_geoshape(fill=theme.land, stroke=theme.line, strokeWidth=0.8, aria=False)
    base = alt.Chart(alt.Data(name="rows", values=[dict(place) for place in places])).encode(
        longitude="lon:Q", latitude="lat:Q"
    )
    projection = alt.Projection(type="mercator", scale=alt.expr("zoom"), center=alt.expr("centre"))
    layers = alt.layer(land, *_place_marks(base, theme)).properties(projection=projection)
    layers = layers.add_params(alt.param("zoom", value=zoom), alt.param("centre", value=centre))
    return finished(layers.properties(view=alt.ViewBackground(fill=theme.sea)), theme, height, width)


def _place_marks(base: alt.Chart, theme: Theme) -> list[alt.Chart]:
    """Return the points of a map, and their names over a halo that keeps them legible."""
    hint = [alt.Tooltip("name:N", title="Place"), alt.Tooltip("n:Q", title="Mentions", format=",")]
    points = (
        base.transform_joinaggregate(most="max(n)")
        .transform_calculate(area=f"40 + {LARGEST_POINT} * datum.n / max(datum.most, {FEW_MENTIONS})")
        .mark_circle(color=COLOURS["PLACE"], opacity=0.75, stroke=theme.halo, strokeWidth=1, cursor="pointer")
        .encode(size=alt.Size("area:Q", scale=None), tooltip=hint)
    )
    names = base.encode(text="label:N")
    halo = names.mark_text(dy=-12, fontSize=12, stroke=theme.halo, strokeWidth=3, strokeJoin="round", aria=False)
    return [points, halo, names.mark_text(dy=-12, fontSize=12, color=theme.ink, aria=False)]


def fit(places: Sequence[PlaceRow], width: int, height: int) -> tuple[list[float], float]:
    """Return the centre and the Mercator scale of a map that shows nearly all places, the farthest left out.

    Args:
        places: what is drawn.
        width: of the map, pixels.
        height: of the map, pixels.
    """
    if not places:
        return list(MIDDLE_EAST), MIDDLE_ZOOM
    west, east = _middle([place["lon"] for place in places])
    south, north = _middle([place["lat"] for place in places])
    across = math.radians(east - west)
    up = _mercator(north) - _mercator(south)
    zoom = 0.8 * min(width / max(across, 1e-6), height / max(up, 1e-6))
    return [(west + east) / 2, (south + north) / 2], min(max(zoom, WIDEST_ZOOM), CLOSEST_ZOOM)


def _middle(values: Sequence[float], left_out: float = 0.06) -> tuple[float, float]:
    """Return the range of values without a share of them at either end."""
    cut = int(left_out * len(values))
    ordered = sorted(values)
    return ordered[cut], ordered[-1 - cut]


def _mercator(degrees: float) -> float:
    """Return how far up the map a latitude lies, in radians of the equator."""
    return math.log(math.tan(math.pi / 4 + math.radians(max(min(degrees, 85.0), -85.0)) / 2))


def finished(chart: Drawing, theme: Theme, height: int | alt.Step, width: int | str = "container") -> Drawing:
    """Give a chart its size and the look that all share."""
    axis = alt.AxisConfig(
        labelColor=theme.muted,
        labelFontSize=12,
        gridColor=theme.line,
        gridOpacity=0.6,
        domain=False,
        ticks=False,
        labelPadding=6,
    )
    look = alt.Config(background="transparent", font=FONT, axis=axis, view=alt.ViewConfig(stroke=None))
    return chart.properties(
        height=height,
        width=width,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
        padding={"left": 0, "right": 4, "top": 2, "bottom": 5},
        config=look,
    )
