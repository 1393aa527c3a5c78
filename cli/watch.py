"""How the progress of ``marsad extract`` reaches the user: a bar on a terminal, a line for what could not be read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from .console import complain

if TYPE_CHECKING:
    from ..inference.readers import Unreadable


class Watcher:
    """Shows how a run goes on; on stderr, and moving only where that is a terminal."""

    def __init__(self, progress: Progress, total: int | None, complaints: int | None) -> None:
        """Start to watch.

        Args:
            progress: the bar.
            total: bytes to read, if known.
            complaints: how many articles that can't be read are named one by one; None names all.
        """
        self.progress = progress
        self.task = progress.add_task("reading", total=total, tally="")
        self.complaints = complaints
        self.articles = self.tokens = self.bad = self.kept = 0
        self.started = time.monotonic()

    def on_bytes(self, position: int) -> None:
        """Move the bar."""
        self.progress.update(self.task, completed=position)

    def on_tokens(self, tokens: int) -> None:
        """Count tokens that went through the model."""
        self.tokens += tokens
        self._show()

    def on_articles(self, articles: int) -> None:
        """Count articles that are done."""
        self.articles += articles
        self._show()

    def on_bad(self, bad: Unreadable) -> None:
        """Name an article that could not be read, unless many have been named."""
        self.bad += 1
        if self.complaints is None or self.bad <= self.complaints:
            complain(bad.why)

    def on_kept(self, articles: int, bad: int) -> None:
        """Count what a run before this one had done."""
        self.kept += articles
        self.bad += bad
        # What was only read again says nothing about how long the rest takes.
        self.started = time.monotonic()

    def on_join(self) -> None:
        """Say that the result is being put together."""
        self.progress.update(self.task, description="writing")

    def _show(self) -> None:
        """Show what was done and how fast."""
        seconds = max(time.monotonic() - self.started, 0.001)
        counts = f"{self.kept + self.articles:,} articles" + (f", {self.bad:,} unreadable" if self.bad else "")
        rates = f"{self.articles / seconds:,.1f} articles/s, {self.tokens / seconds:,.0f} tokens/s"
        self.progress.update(self.task, tally=f"{counts} · {rates}")


@contextmanager
def watching(total: int | None, complaints: int | None = None, shown: bool = True) -> Iterator[Watcher]:
    """Watch a run.

    Args:
        total: bytes to read, if known.
        complaints: how many articles that can't be read are named one by one; None names all.
        shown: False where the results themselves appear on the terminal.
    """
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    tally = TextColumn("{task.fields[tally]}")
    with Progress(
        *columns, tally, TimeRemainingColumn(), console=console, disable=not (shown and console.is_terminal)
    ) as progress:
        yield Watcher(progress, total, complaints)
