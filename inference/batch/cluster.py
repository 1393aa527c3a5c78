"""The same extraction on a Ray cluster, or on this machine's cores and GPUs through Ray: read, extract, write.

Ray Data streams the articles from file to file and starts again what a lost machine was doing. Between the steps an
article travels as a line of JSON, so that no step guesses types.
"""

from __future__ import annotations

import io
import json
import logging
import math
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

# Ray's C++ side reads this when it is loaded, and would write its own notices between ours.
os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")

import ray
from ray.data import ActorPoolStrategy, DataContext, Dataset, Datasink
from ray.exceptions import RayError

from ...errors import InputError, first_line
from ..kinds import Kind, Kinds, kinds_of, merge_kinds
from ..outputs import UNITS, Layout, OutputFormat, open_writer
from ..readers import DEFAULT_FIELDS, Document, Fields, Item, Unreadable, read_source
from ..sources import STDIN, NotFound, Source, filesystem_of, find_sources
from ..writers import from_line, to_line
from .each import Extracts, Found, extract_each
from .run import SHARD_ARTICLES, error_line

BLOCK_BYTES = 4_000_000
"""Size of the pieces that Ray hands around; small enough for one file's articles to reach every worker."""

CPUS_OF_WORKER = 0.5
"""What a worker asks for where there is no GPU; two asking for a whole CPU would leave a small machine none to read."""


@dataclass(frozen=True, slots=True)
class ClusterJob:
    """What is to be extracted, and where to.

    Attributes:
        names: files, folders and fsspec addresses that every worker can reach.
        out: folder or fsspec address; each part of the result becomes a file in it.
        layout: the form of the records.
        load: loads the extractor; called once in each worker.
        fields: where an article's parts are.
    """

    names: Sequence[str]
    out: str
    layout: Layout
    load: Callable[[], Extracts]
    fields: Fields = DEFAULT_FIELDS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the articles."""

    articles: int
    bad: Sequence[Unreadable]


@contextmanager
def connected(address: str | None, progress: bool) -> Iterator[None]:
    """Use a cluster, started on this machine where none is named and none runs.

    Args:
        address: ``ray://host:port``; None for the cluster that ``RAY_ADDRESS`` names or this machine belongs to, else
            for a new one on this machine alone.
        progress: whether Ray shows its bars.

    Raises:
        InputError: if the cluster can't be reached.
    """
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(f"{address or 'ray'}: no cluster there: {first_line(error)}") from None
    set_up(progress)
    try:
        yield
    finally:
        ray.shutdown()


def set_up(progress: bool) -> None:
    """Make Ray Data hand articles around in small pieces, and say nothing but what a user needs."""
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"ray\.")
    context = DataContext.get_current()
    context.target_max_block_size = BLOCK_BYTES
    context.enable_progress_bars = progress
    context.print_on_execution_start = False


def run_on_cluster(job: ClusterJob) -> Outcome:
    """Extract with the cluster that is connected.

    Raises:
        InputError: if an input can't be read on a cluster, or the folder holds another result.
    """
    if job.layout.format not in UNITS:
        raise InputError(f"--format {job.layout.format}: not in parts; choose {', '.join(UNITS)}")
    if STDIN in job.names:
        raise InputError("-: standard input can't be read on a cluster; name files")
    _check_free(job.out)
    found = list(find_sources(job.names))
    sources = [item for item in found if isinstance(item, Source)]
    missing = [Unreadable(item.path, item.why) for item in found if isinstance(item, NotFound)]
    try:
        done = _extract(job, sources) if sources else Outcome(0, [])
    except RayError as error:
        raise InputError(f"{job.out}: stopped by the cluster: {first_line(error)}") from None
    outcome = Outcome(done.articles, [*missing, *done.bad])
    _write_errors(job.out, outcome.bad)
    return outcome


def _extract(job: ClusterJob, sources: Sequence[Source]) -> Outcome:
    """Read, extract and write."""
    items = _read(sources, job.fields)
    sink = Parts(job.out, job.layout, _kinds_of(items) if job.layout.format != OutputFormat.jsonl else {})
    records = items.map_batches(Worker, fn_constructor_args=(job.load,), batch_size=SHARD_ARTICLES, **_workers())
    records.write_datasink(sink)
    return sink.outcome


class Worker:
    """Extracts; it lives as long as the run and loads the model once."""

    def __init__(self, load: Callable[[], Extracts]) -> None:
        """Load the extractor."""
        self.extractor = load()

    def __call__(self, batch: Any) -> Any:  # noqa: ANN401
        """Turn articles into records; a record or an error stands in each row."""
        results = list(extract_each(self.extractor, [_item_of(line) for line in batch["item"]]))
        lines = [to_line(done.document, done.mentions) if isinstance(done, Found) else "" for done in results]
        return {"record": lines, "bad": ["" if isinstance(done, Found) else _line_of(done) for done in results]}


class Parts(Datasink[Outcome]):
    """Writes each part of the result to a file of its own; a part that is written again replaces itself."""

    def __init__(self, out: str, layout: Layout, kinds: Kinds) -> None:
        """Write to a folder or address, in the given form."""
        self.out = out
        self.layout = layout
        self.kinds = kinds
        self.outcome = Outcome(0, [])

    def write(self, blocks: Iterable[Any], ctx: Any) -> Outcome:  # noqa: ANN401
        """Write one part; runs on whichever machine has it."""
        rows = [row for block in blocks for row in block.to_pylist()]
        records = [row["record"] for row in rows if row["record"]]
        content = io.BytesIO()
        with open_writer(content, self.layout, self.kinds) as writer:
            for line in records:
                writer.write(*from_line(line))
        if records:
            system, folder = filesystem_of(self.out)
            system.makedirs(folder, exist_ok=True)
            system.pipe_file(f"{folder}/part-{ctx.task_idx:06d}.{self.layout.format}", content.getvalue())
        return Outcome(len(records), [Unreadable(**json.loads(row["bad"])) for row in rows if row["bad"]])

    def on_write_complete(self, write_result: Any) -> None:  # noqa: ANN401
        """Add up what became of the articles."""
        parts: list[Outcome] = write_result.write_returns
        self.outcome = Outcome(sum(part.articles for part in parts), [bad for part in parts for bad in part.bad])


def _read(sources: Sequence[Source], fields: Fields) -> Dataset:
    """Return the articles of all files as rows with a line of JSON each."""

    def lines(row: dict[str, Any]) -> Any:  # noqa: ANN401
        for item, _ in read_source(Source(**row), fields):
            yield {"item": _line_of(item)}

    return ray.data.from_items([asdict(source) for source in sources]).flat_map(lines)


def _kinds_of(items: Dataset) -> Kinds:
    """Return the kinds of values in the articles' meta, so that every part of a table has the same columns."""

    def kinds(batch: Any) -> Any:  # noqa: ANN401
        documents = [item for item in map(_item_of, batch["item"]) if isinstance(item, Document)]
        found = {key: sorted(kinds) for key, kinds in kinds_of(item.meta for item in documents).items()}
        return {"kinds": [json.dumps(found)]}

    rows = [json.loads(row["kinds"]) for row in items.map_batches(kinds).iter_rows()]
    parts = [{key: frozenset(map(Kind, found)) for key, found in row.items()} for row in rows]
    # Parts come in any order; columns must not.
    return dict(sorted(merge_kinds(parts).items()))


def _workers() -> dict[str, Any]:
    """Return how many workers there are and what each asks for: a GPU each, or else half of the cluster's CPUs."""
    resources = ray.cluster_resources()
    if gpus := int(resources.get("GPU", 0)):
        return {"compute": ActorPoolStrategy(size=gpus), "num_gpus": 1}
    cpus = max(1, math.floor(resources.get("CPU", 1)))
    return {"compute": ActorPoolStrategy(size=cpus), "num_cpus": CPUS_OF_WORKER}


def _line_of(item: Item) -> str:
    return json.dumps(asdict(item))


def _item_of(line: str) -> Item:
    content = json.loads(line)
    return Document(**content) if "text" in content else Unreadable(**content)


def _check_free(out: str) -> None:
    """Make sure that a folder holds no other result.

    Raises:
        InputError: if it does, or is no folder.
    """
    system, folder = filesystem_of(out)
    if system.isfile(folder):
        raise InputError(f"{out}: a file; a cluster writes a folder")
    if system.exists(folder) and any("/part-" in path for path in system.ls(folder, detail=False)):
        raise InputError(f"{out}: holds another result; remove it or name another folder")


def errors_address(out: str) -> str:
    """Return the file that names the articles that could not be read, beside the folder of the result."""
    return out.rstrip("/") + ".errors.jsonl"


def _write_errors(out: str, bad: Sequence[Unreadable]) -> None:
    if bad:
        system, path = filesystem_of(errors_address(out))
        system.pipe_file(path, "".join(map(error_line, bad)).encode())
