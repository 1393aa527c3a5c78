"""A run over many articles into one file: in shards, each kept as soon as it is done, joined at the end.

A run that was killed goes on after its last finished shard. A shard is read as one group, from the same articles as
before, so that the result is the same to the byte however often the run was stopped.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any, Protocol

from ...errors import InputError
from ..kinds import kinds_of, merge_kinds
from ..outputs import Layout, OutputFormat, compressed, open_writer
from ..readers import DEFAULT_FIELDS, Document, Fields, Item, Unreadable, read_documents
from ..sources import suffixes_of
from ..writers import RecordWriter, from_line, to_line
from .each import Extracts, Found, extract_each
from .manifest import describe_run, fingerprint_items
from .work import Summary, WorkFolder, whole_file

SHARD_ARTICLES = 512
SHARD_CHARACTERS = 4_000_000
"""Articles, and characters in them, after which a shard is full: a minute of work lost at most, and little memory."""


class Watch(Protocol):
    """Is told how a run goes on."""

    def on_bytes(self, position: int) -> object:
        """Take the number of bytes of the input read so far."""
        ...

    def on_tokens(self, tokens: int) -> object:
        """Take the number of tokens of a batch that went through the model."""
        ...

    def on_articles(self, articles: int) -> object:
        """Take the number of further articles that are done."""
        ...

    def on_bad(self, bad: Unreadable) -> object:
        """Take an article that could not be read."""
        ...

    def on_kept(self, articles: int, bad: int) -> object:
        """Take the number of further articles that a run before this one had done, and of those it could not read."""
        ...

    def on_join(self) -> object:
        """Learn that every article is done and the result is being put together."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be extracted, and where to.

    Attributes:
        names: files, folders, fsspec addresses, ``-``.
        out: the result.
        layout: the form of its records.
        model: the checkpoint's folder.
        fields: where an article's parts are.
        options: further options that change what is found, by the names users know.
        restart: whether to throw away what a run before this one left.
    """

    names: Sequence[str]
    out: Path
    layout: Layout
    model: Path
    fields: Fields = DEFAULT_FIELDS
    options: Mapping[str, Any] = field(default_factory=dict)
    restart: bool = False

    @property
    def work(self) -> Path:
        """The folder that keeps what is done until the result is whole."""
        return self.out.with_name(f"{self.out.name}.part")

    @property
    def errors(self) -> Path:
        """The file that names the articles that could not be read, if there are any."""
        return self.out.with_name(f"{self.out.name}.errors.jsonl")


def run(job: Job, load: Callable[[], Extracts], watch: Watch) -> int:
    """Extract into a file, going on from what a run that was stopped has left.

    Args:
        job: what to do.
        load: loads the extractor; called once, and only if there is something to extract.
        watch: is told how the run goes on.

    Returns:
        the number of articles that could not be read; they are named in the job's errors file.

    Raises:
        InputError: if the result can't be written, or the work that is there is not of this run.
    """
    own = {"--text-field": job.fields.text, "--id-field": job.fields.id, "--input-format": job.fields.format}
    manifest = describe_run(job.names, {**own, **job.options}, job.model)
    try:
        with WorkFolder.open(job.work, manifest, job.restart) as work:
            summaries = _extract_shards(job, work, load, watch)
            watch.on_join()
            _finish(job, work, summaries)
    except OSError as error:
        kept = f"; what is done is kept in {job.work}, and the same command goes on" if job.work.exists() else ""
        raise InputError(f"{job.out}: {error.strerror or error}{kept}") from None
    return sum(len(summary.bad) for summary in summaries)


def cut(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Cut a stream of articles into shards."""
    shard: list[Item] = []
    characters = 0
    for item in items:
        shard.append(item)
        characters += len(item.text) if isinstance(item, Document) else 0
        if len(shard) == SHARD_ARTICLES or characters >= SHARD_CHARACTERS:
            yield shard
            shard, characters = [], 0
    if shard:
        yield shard


def _extract_shards(job: Job, work: WorkFolder, load: Callable[[], Extracts], watch: Watch) -> list[Summary]:
    """Do the shards that are not done, and return the summaries of all."""
    summaries, load = [], cache(load)
    for index, items in enumerate(cut(read_documents(job.names, job.fields, watch.on_bytes))):
        summary = work.summary(index)
        if summary is None:
            summary = _extract_shard(work, index, items, load(), watch)
        elif summary.input != fingerprint_items(items):
            raise InputError(
                f"{job.work}: made from other articles than those that came now; "
                "give the same input to go on, or add --restart to start over"
            )
        else:
            watch.on_kept(summary.articles, len(summary.bad))
        summaries.append(summary)
    return summaries


def _extract_shard(work: WorkFolder, index: int, items: Sequence[Item], extractor: Extracts, watch: Watch) -> Summary:
    """Do one shard and keep it."""
    lines: list[str] = []
    bad: list[Unreadable] = []
    for result in extract_each(extractor, items, watch.on_tokens):
        if isinstance(result, Found):
            lines.append(to_line(result.document, result.mentions))
            watch.on_articles(1)
        else:
            bad.append(result)
            watch.on_bad(result)
    _refuse_if_all_failed(items, bad)
    kinds = kinds_of(item.meta for item in items if isinstance(item, Document))
    summary = Summary(fingerprint_items(items), len(lines), bad, kinds)
    work.commit(index, "".join(lines), summary)
    return summary


def _refuse_if_all_failed(items: Sequence[Item], bad: Sequence[Unreadable]) -> None:
    """Stop where a whole shard of readable articles failed: that is the machine's fault, not the articles'.

    Raises:
        InputError: that says how the last one failed.
    """
    if len(items) == len(bad) >= SHARD_ARTICLES and all(isinstance(item, Document) for item in items):
        raise InputError(f"{len(bad)} articles failed in a row, the last: {bad[-1].why}")


def _finish(job: Job, work: WorkFolder, summaries: Sequence[Summary]) -> None:
    """Put the result together, give it its name, and remove the folder of the work."""
    bad = [bad for summary in summaries for bad in summary.bad]
    if bad:
        with whole_file(job.errors, work.temporary) as out:
            out.writelines(error_line(item).encode() for item in bad)
    else:
        job.errors.unlink(missing_ok=True)
    with whole_file(job.out, work.temporary) as out, compressed(out, suffixes_of(str(job.out))[1]) as packed:
        _join(job.layout, [work.records(index) for index in range(len(summaries))], summaries, packed)
    work.remove()


def error_line(bad: Unreadable) -> str:
    """Return what an errors file says of an article that could not be read."""
    return json.dumps({"id": bad.id, "reason": bad.why}) + "\n"


def _join(layout: Layout, shards: Iterable[Path], summaries: Iterable[Summary], out: IO[bytes]) -> None:
    """Write the records of every shard in the form that was asked for."""
    if layout.format == OutputFormat.jsonl and layout.text:
        for shard in shards:
            with shard.open("rb") as lines:
                shutil.copyfileobj(lines, out)
        return
    with open_writer(out, layout, merge_kinds(summary.kinds for summary in summaries)) as writer:
        for shard in shards:
            _write_records(shard, writer)


def _write_records(shard: Path, writer: RecordWriter) -> None:
    """Write a shard's records."""
    with shard.open("rb") as lines:
        for line in lines:
            writer.write(*from_line(line))
