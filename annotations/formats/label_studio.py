"""Label Studio: tasks as its JSON export and import have them, and the labelling configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from ..repair import Finding, Mark
from ..schema import Article, LabelSet, labels_of
from ..store import Problem, describe_json_error
from .base import (
    Noted,
    Options,
    Record,
    as_list,
    colours_of,
    draft_of,
    gather_meta,
    id_of,
    mark_of,
    read_text,
    write_text,
)

LABELS, TEXT = "label", "text"
"""The names of the two tags in the labelling configuration."""
OPTIONAL = "optional"
"""The note on a region that makes its span optional."""


def read(path: Path, options: Options) -> Iterator[Record]:
    """Read a JSON export: the one annotation of each task that is not cancelled."""
    for item in _read_tasks(path):
        if isinstance(item, Problem):
            yield item
        else:
            yield from _read_task(str(path), *item, options)


def write(articles: Sequence[Article], path: Path, options: Options) -> list[str]:
    """Write tasks for import, and beside them the labelling configuration."""
    write_text(path, json.dumps([_task_of(article, options) for article in articles], ensure_ascii=False, indent=1))
    config = path.with_suffix(".config.xml")
    write_text(config, labelling_config(options.labels or labels_of(articles)))
    return [f"labelling configuration (Settings › Labeling Interface › Code): {config}"]


def labelling_config(labels: LabelSet) -> str:
    """Return the labelling configuration: right-to-left text, a colour for each label."""
    view = ElementTree.Element("View", style="direction: rtl; text-align: right")
    group = ElementTree.SubElement(view, "Labels", name=LABELS, toName=TEXT)
    for label, colour in colours_of(labels).items():
        tag = ElementTree.SubElement(group, "Label", value=label, background=colour)
        if labels[label]:
            tag.set("hint", labels[label])
    # Symbol by symbol, or a proclitic could not be left out.
    ElementTree.SubElement(view, "Text", name=TEXT, value="$text", granularity="symbol")
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _read_tasks(path: Path) -> Iterator[tuple[int, dict[str, Any]] | Problem]:
    """Read the tasks of a JSON array, or one after the other, with the lines they begin on."""
    text = read_text(path).removeprefix("\ufeff")
    decoder = json.JSONDecoder()
    at, line, counted = 0, 1, 0
    while True:
        at += len(text[at:]) - len(text[at:].lstrip("[], \t\r\n"))
        line, counted = line + text.count("\n", counted, at), at
        if at == len(text):
            return
        try:
            task, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            what = f"broken JSON: {describe_json_error(error)}; nothing after this line could be read"
            yield Problem(str(path), line, "", what)
            return
        yield (line, task) if isinstance(task, dict) else Problem(str(path), line, "", "a task is not a JSON object")


def _read_task(file: str, line: int, task: dict[str, Any], options: Options) -> Iterator[Record]:
    """Read one task."""
    data = task.get("data")
    if not isinstance(data, dict) or not isinstance(data.get("text"), str):
        id = id_of(task, file, line)
        yield Problem(file, line, id, 'no "data" with a "text" (export as JSON, not JSON-MIN)')
        return
    where = Problem(file, line, id_of(data if "id" in data else task, file, line), "")
    yield from _left_out(task, options)
    candidates = _candidates(task, options)
    if not candidates:
        yield Noted("tasks left out: no annotation to read")
    elif len({_spans_key(item) for item in candidates}) > 1:
        who = ", ".join(str(_annotator(item)) for item in candidates)
        choose = f"{len(candidates)} annotations differ (by {who}); choose one with --annotator"
        yield Problem(file, line, where.id, choose)
    else:
        regions = [item for item in as_list(candidates[0].get("result")) if isinstance(item, dict)]
        labelled = [item for item in regions if item.get("type") == "labels"]
        yield from (Noted(f"{item.get('type')} results ignored") for item in regions if item.get("type") != "labels")
        marks = [_read_region(where, item, data["text"]) for item in labelled]
        yield draft_of(where, data["text"], marks, gather_meta(data, {"id", "text"}))


def _left_out(task: dict[str, Any], options: Options) -> Iterator[Noted]:
    """Count what a task holds and is not read."""
    for item in as_list(task.get("annotations")):
        if options.predictions:
            yield Noted("annotations ignored for the sake of predictions")
        elif isinstance(item, dict) and item.get("was_cancelled"):
            yield Noted("cancelled annotations ignored")
    if not options.predictions and as_list(task.get("predictions")):
        yield Noted("predictions ignored (--predictions reads them)", len(task["predictions"]))


def _candidates(task: dict[str, Any], options: Options) -> list[dict[str, Any]]:
    """Return the annotations that the options allow; one marked as ground truth stands for all."""
    if options.predictions:
        return [item for item in as_list(task.get("predictions")) if isinstance(item, dict)]
    items = [item for item in as_list(task.get("annotations")) if isinstance(item, dict)]
    items = [item for item in items if not item.get("was_cancelled")]
    if options.annotator is not None:
        return [item for item in items if options.annotator in _names(item)]
    return [item for item in items if item.get("ground_truth")] or items


def _names(annotation: dict[str, Any]) -> set[str]:
    """Return what an annotator can be called by: number, address, name."""
    who = annotation.get("completed_by")
    return {str(value) for value in who.values()} if isinstance(who, dict) else {str(who)}


def _annotator(annotation: dict[str, Any]) -> object:
    """Return the best name of an annotator for a message."""
    who = annotation.get("completed_by", annotation.get("model_version"))
    return who.get("email", who.get("id")) if isinstance(who, dict) else who


def _spans_key(annotation: dict[str, Any]) -> str:
    """Return a text that two annotations share if they have the same regions."""
    values = [item.get("value") for item in as_list(annotation.get("result")) if isinstance(item, dict)]
    return json.dumps(sorted(json.dumps(value, sort_keys=True) for value in values))


def _read_region(where: Problem, region: dict[str, Any], text: str) -> Mark | Finding:
    """Read one region of a result."""
    value = region["value"] if isinstance(region.get("value"), dict) else {}
    labels = as_list(value.get("labels"))
    where = Problem(where.file, where.line, where.id, f"region {json.dumps(value, ensure_ascii=False)}")
    mention = value["text"] if isinstance(value.get("text"), str) else None
    if mention is not None and mention not in text:
        # The editor writes a line break as the two characters of its escape.
        mention = mention.replace("\\n", "\n")
    note = region["meta"] if isinstance(region.get("meta"), dict) else {}
    more = {"optional": OPTIONAL in as_list(note.get("text")), "mention": mention}
    return mark_of(where, value.get("start"), value.get("end"), labels[0] if len(labels) == 1 else None, **more)


def _task_of(article: Article, options: Options) -> dict[str, Any]:
    """Return the task of an article, its spans as an annotation or as a prediction."""
    data = {"id": article.id, "text": article.text, **({"meta": dict(article.meta)} if article.meta else {})}
    result = []
    for place, span in enumerate(article.spans):
        value: dict[str, Any] = {"start": span.start, "end": span.end, "text": article.text[span.start : span.end]}
        value["labels"] = [span.label]
        region = {"id": f"s{place}", "from_name": LABELS, "to_name": TEXT, "type": "labels", "value": value}
        result.append({**region, "meta": {"text": [OPTIONAL]}} if span.optional else region)
    return {"data": data, "predictions" if options.predictions else "annotations": [{"result": result}]}
