"""Figures as tables on a terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Group
from rich.table import Table


def as_table(figures: dict[str, Any]) -> Table:
    """Lay the figures of a report out as a table: F1 with its 95 % interval, precision, recall, F1 by overlap."""
    table = _table(
        f"{figures['articles']:,} articles · {figures['spans']:,} spans",
        ("exact spans", "F1", "95 %", "P", "R", "overlap", "seqeval", "spans"),
    )
    seqeval = figures["seqeval"]
    rows = [
        (label, figures["exact"]["labels"][label], figures["partial"]["labels"].get(label))
        for label in figures["exact"]["labels"]
    ]
    rows.append(("micro", figures["exact"]["micro"], figures["partial"]["micro"]))
    for name, exact_row, partial_row in rows:
        strict = seqeval.get("micro avg" if name == "micro" else name)
        table.add_row(
            name,
            f"{exact_row['f1']:.3f}",
            _interval(exact_row, "f1_low", "f1_high"),
            f"{exact_row['precision']:.3f}",
            f"{exact_row['recall']:.3f}",
            f"{partial_row['f1']:.3f}" if partial_row else "",
            f"{strict['f1']:.3f}" if strict else "",
            str(exact_row["tp"] + exact_row["fn"]),
        )
    macro = figures["exact"]["macro"]
    strict_macro = f"{seqeval['macro avg']['f1']:.3f}" if "macro avg" in seqeval else ""
    partial_macro = f"{figures['partial']['macro']['f1']:.3f}"
    interval = _interval(macro, "f1_low", "f1_high")
    table.add_row("macro", f"{macro['f1']:.3f}", interval, "", "", partial_macro, strict_macro, "")
    return table


def as_tables(figures: dict[str, Any]) -> Group:
    """Lay out the figures and, where two models were compared, the comparison."""
    tables = [as_table(figures)]
    if "comparison" in figures:
        tables.append(comparison_table(figures["comparison"]))
    return Group(*tables)


def comparison_table(comparison: dict[str, Any]) -> Table:
    """Lay out what :func:`marsad.train.evaluation.comparison.compare` returns."""
    table = _table(
        f"against {comparison['other']}", ("exact spans", "F1", "other", "diff.", "95 %", "p boot.", "p rand.")
    )
    for name, row in comparison["figures"].items():
        table.add_row(
            name,
            f"{row['one']:.3f}",
            f"{row['other']:.3f}",
            f"{row['difference']:+.3f}",
            f"{row['low']:+.3f}…{row['high']:+.3f}",
            f"{row['p_bootstrap']:.3f}",
            f"{row['p_randomization']:.3f}",
        )
    return table


def _table(title: str, columns: tuple[str, ...]) -> Table:
    """Start a table: names left, figures right."""
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(name, justify="left" if name == columns[0] else "right", no_wrap=True)
    return table


def _interval(row: dict[str, Any], low: str, high: str) -> str:
    return f"{row[low]:.3f}–{row[high]:.3f}"
