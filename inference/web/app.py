"""The web page: paste or upload articles, see what is found, correct it, take it away."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")

import gradio as gr
from gradio.themes import Base

from ...errors import InputError
from ..extractor import Extractor
from ..readers import Document, Unreadable
from ..sample_articles import examples
from . import fragments
from .session import UPLOADS, Session, as_article, correct, read_inputs, write_correction, write_results
from .workers import Limits, Refused, Workers

FOLDER = Path(__file__).parent

CACHE = (3600, 86_400)
"""How often uploaded and written files are looked through, and how old they become, in seconds."""

FONTS = ("system-ui", "Segoe UI", "Noto Sans", "sans-serif")
"""Fonts of the system; the library's own would come from elsewhere."""

HEAD = """<h1>Marsad <span lang="ar">مرصد</span></h1>
<p>Actors, places, weapons and counts in Arabic conflict news, exact to the character.</p>"""

HINT = "Click a mark or select words in the article above, or type words. Marking replaces the marks it overlaps."

SCROLL = "() => document.getElementById('article')?.scrollIntoView({behavior: 'smooth', block: 'nearest'})"
"""Brings what was found into view where the screen is small."""

Updates = dict[Any, Any]
"""New values of parts of the page."""


def build_app(extractor: Extractor, workers: Workers | None = None) -> gr.Blocks:
    """Return the page.

    Args:
        extractor: finds the mentions.
        workers: what runs it; by default with the usual limits.
    """
    with gr.Blocks(title="Marsad", analytics_enabled=False, delete_cache=CACHE) as blocks:
        _Page(workers or Workers(extractor, Limits()), list(extractor.card.labels))
    # The workers know how many may come at once.
    return blocks.queue(default_concurrency_limit=None, api_open=False)


def look() -> dict[str, Any]:
    """Return what launching or mounting the page must be told so that it looks right and asks for nothing outside.

    >>> build_app(Extractor.from_pretrained()).launch(**look())
    """
    theme = Base(primary_hue="blue", neutral_hue="slate", font=FONTS, font_mono=("monospace",)).set(
        # The theme's own are too pale to read well.
        body_text_color_subdued="*neutral_600",
        body_text_color_subdued_dark="*neutral_400",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_background_fill_dark="*primary_700",
    )
    return {
        "theme": theme,
        "css_paths": FOLDER / "page.css",
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
    }


class _Page:
    """The parts of the page, and what happens between them."""

    def __init__(self, workers: Workers, labels: Sequence[str]) -> None:
        self.workers = workers
        self.labels = labels
        self.session = gr.State(None, delete_callback=_forget)
        gr.HTML(HEAD, elem_classes="head")
        self._add_input()
        with gr.Column(visible=False) as self.results:
            self._add_results()
        self._connect()

    def _add_input(self) -> None:
        most = f"{self.workers.limits.characters:,} characters at most"
        with gr.Row():
            self.text = gr.Textbox(label=f"Arabic news ({most})", lines=9, max_lines=16, rtl=True, scale=3)
            with gr.Column(scale=1, min_width=240):
                self.files = gr.File(
                    label="Files (.txt, .jsonl)",
                    file_count="multiple",
                    file_types=list(UPLOADS),
                    type="filepath",
                    height=150,
                )
                self.read_button = gr.Button("Extract", variant="primary")
        texts = examples()
        self.examples = gr.Examples(
            [[text] for text in texts],
            [self.text],
            label="Invented examples",
            example_labels=[text.partition("\n")[0] for text in texts],
            cache_examples=False,
            api_visibility="private",
        )
        self.notice = gr.HTML(visible=False)

    def _add_results(self) -> None:
        self.chooser = gr.Dropdown(label="Article", interactive=True, visible=False)
        gr.HTML(fragments.legend(self.labels))
        self.article = gr.HTML(js_on_load=(FOLDER / "page.js").read_text(encoding="utf-8"), elem_id="article")
        with gr.Tab("Mentions"):
            self.table = gr.Dataframe(
                headers=list(fragments.COLUMNS),
                column_widths=[120, 250, 250, 250, 100, 80],
                interactive=False,
                wrap=True,
                elem_classes="mentions",
                show_label=False,
            )
        with gr.Tab("Map"):
            self.map = gr.HTML()
        with gr.Tab("Correct"):
            self._add_correction()
        gr.HTML(fragments.notice(["Download what the model found in all articles:"]))
        with gr.Row():
            names = {"jsonl": "JSON lines", "csv": "CSV", "geojson": "GeoJSON"}
            self.downloads = {suffix: gr.DownloadButton(name, min_width=90) for suffix, name in names.items()}

    def _add_correction(self) -> None:
        gr.HTML(fragments.notice([HINT]))
        with gr.Row(equal_height=True):
            self.words = gr.Textbox(label="Words", rtl=True, scale=2, min_width=220)
            self.label = gr.Radio(list(self.labels), value=self.labels[0], label="Label", scale=3, min_width=280)
        with gr.Row():
            self.mark_button = gr.Button("Mark", variant="primary", min_width=110)
            self.unmark_button = gr.Button("Remove mark", min_width=110)
            self.reset_button = gr.Button("Undo all", min_width=110)
            self.correction = gr.DownloadButton("Download annotations", min_width=180)
        self.done = gr.HTML()

    def _connect(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private"}
        results = [
            *(self.session, self.notice, self.results, self.chooser, self.article, self.table, self.map),
            *(self.words, self.done, self.correction, *self.downloads.values()),
        ]
        given = [self.session, self.text, self.files]
        for start in (self.read_button.click, self.examples.load_input_event.then):
            start(self._read, given, results, **private).then(None, js=SCROLL)
        shown = [self.session, self.article, self.table, self.map, self.words, self.done]
        self.chooser.input(self._show, [self.session, self.chooser], shown, **private)
        self.article.select(self._select, [self.session], [self.session, self.words, self.label], **private)
        corrected = [self.session, self.article, self.done, self.correction]
        inputs = [self.session, self.words, self.label]
        self.mark_button.click(partial(self._correct, True), inputs, corrected, **private)
        self.unmark_button.click(partial(self._correct, False), inputs, corrected, **private)
        self.reset_button.click(self._reset, [self.session], corrected, **private)

    async def _read(self, before: Session | None, text: str, files: list[str] | None) -> Updates:
        """Read what was pasted and uploaded, and show the first article."""
        _forget(before)
        items = await asyncio.to_thread(list, read_inputs(text or "", files or []))
        documents = [item for item in items if isinstance(item, Document)]
        complaints = [item.why for item in items if isinstance(item, Unreadable)]
        if not documents:
            complaints = complaints or ["Nothing to read: paste an article, or choose a file or an example."]
            return {self.notice: _notice(complaints), self.results: gr.Column(visible=False)}
        try:
            mentions = await self.workers.extract([document.text for document in documents])
        except Refused as refused:
            return {self.notice: _notice([f"{refused}."]), self.results: gr.Column(visible=False)}
        shown = await asyncio.to_thread(self._start, Session.start(documents, mentions))
        return {**shown, self.notice: _notice(complaints)}

    def _start(self, session: Session) -> Updates:
        """Show the first article, and offer all of them as files."""
        return {
            **self._show(session, 0),
            **self._corrected(session),
            **{self.downloads[suffix]: str(path) for suffix, path in write_results(session).items()},
            self.results: gr.Column(visible=True),
            self.chooser: _choices(session),
        }

    def _show(self, session: Session, place: int) -> Updates:
        """Show another article."""
        session = replace(session, shown=place, selected=None)
        return {
            self.session: session,
            self.article: fragments.marked_text(session.article),
            self.table: fragments.table_rows(session.mentions),
            self.map: fragments.map_of(session.mentions),
            self.words: "",
            self.done: "",
        }

    def _select(self, session: Session, event: gr.SelectData) -> Updates:
        """Take note of what is selected in the article."""
        start, end = event.index
        marked = {(span.start, span.end): span.label for span in session.article.spans}
        chosen = {self.label: marked[start, end]} if (start, end) in marked else {}
        selected = replace(session, selected=(start, end))
        return {self.session: selected, self.words: session.article.text[start:end].strip(), **chosen}

    def _correct(self, marked: bool, session: Session, words: str, label: str) -> Updates:
        """Mark words, or take their mark away."""
        try:
            session, done = correct(session, words, label if marked else None)
        except InputError as error:
            return {self.done: fragments.notice([str(error)])}
        return {**self._corrected(session), self.done: fragments.notice([done])}

    def _reset(self, session: Session) -> Updates:
        """Go back to the model's marks in the article on the screen."""
        session = session.with_article(as_article(session.found[session.shown]))
        return {**self._corrected(session), self.done: fragments.notice(["back to what the model found"])}

    def _corrected(self, session: Session) -> Updates:
        """Show marks and offer them as a file."""
        return {
            self.session: session,
            self.article: fragments.marked_text(session.article),
            self.correction: str(write_correction(session)),
        }


def _choices(session: Session) -> gr.Dropdown:
    """Let the visitor choose among several articles."""
    choices = [(f"{place + 1}. {article.id}", place) for place, article in enumerate(session.corrected)]
    return gr.Dropdown(choices=choices, value=0, visible=len(choices) > 1)


def _notice(lines: Sequence[str]) -> gr.HTML:
    """Show lines, or nothing at all."""
    return gr.HTML(fragments.notice(lines), visible=bool(lines))


def _forget(session: Session | None) -> None:
    """Delete what a visitor could download."""
    if session is not None:
        session.folder.cleanup()
