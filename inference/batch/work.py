"""The folder beside a result in which a run keeps its finished shards until the result is whole."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from ...errors import InputError
from ..kinds import Kind, Kinds
from ..readers import Unreadable
from .manifest import Manifest, differences

MANIFEST = "manifest.json"
LOCK = "lock"


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of a finished shard besides its records.

    Attributes:
        input: digest of the articles it was made from.
        articles: how many records it holds.
        bad: what could not be read or extracted.
        kinds: the kinds of values in the articles' meta.
    """

    input: str
    articles: int
    bad: Sequence[Unreadable]
    kinds: Kinds

    def to_json(self) -> str:
        """Return the summary as JSON."""
        kinds = {key: sorted(found) for key, found in self.kinds.items()}
        return json.dumps({**asdict(self), "kinds": kinds})

    @classmethod
    def from_json(cls, text: str) -> Summary:
        """Return the summary that :meth:`to_json` wrote."""
        content = json.loads(text)
        kinds = {key: frozenset(map(Kind, found)) for key, found in content["kinds"].items()}
        return cls(content["input"], content["articles"], [Unreadable(**bad) for bad in content["bad"]], kinds)


class WorkFolder:
    """Finished shards of a run, each written whole or not at all."""

    def __init__(self, path: Path) -> None:
        """Take a folder that :meth:`open` has locked."""
        self.path = path

    @classmethod
    @contextmanager
    def open(cls, path: Path, manifest: Manifest, restart: bool = False) -> Iterator[WorkFolder]:
        """Open a run's folder, new or with what was done before, for this process alone.

        Args:
            path: the folder.
            manifest: what the run is.
            restart: whether to throw away what was done before.

        Raises:
            InputError: if another process works there, or another command left its work there.
        """
        from filelock import FileLock, Timeout

        path.mkdir(exist_ok=True)
        lock = FileLock(path / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise InputError(f"{path}: another process is at work there; wait for it or stop it") from None
        with lock:
            folder = cls(path)
            folder._claim(manifest, restart)
            try:
                yield folder
            finally:
                if path.exists() and folder.summary(0) is None:
                    shutil.rmtree(path)

    def summary(self, index: int) -> Summary | None:
        """Return a finished shard's summary, None where the shard is not finished."""
        try:
            return Summary.from_json(self._summary_file(index).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None

    def records(self, index: int) -> Path:
        """Return the file with a shard's records, JSON lines."""
        return self.path / f"{index:06d}.jsonl"

    @property
    def temporary(self) -> Path:
        """The file in which whatever is being written grows."""
        return self.path / "unfinished"

    def commit(self, index: int, records: str, summary: Summary) -> None:
        """Keep a finished shard; it counts as finished once its summary is there."""
        self._write(self.records(index), records)
        self._write(self._summary_file(index), summary.to_json())

    def remove(self) -> None:
        """Remove the folder, the manifest first."""
        (self.path / MANIFEST).unlink()
        shutil.rmtree(self.path)

    def _claim(self, manifest: Manifest, restart: bool) -> None:
        """Make sure that what is in the folder is of this run."""
        file = self.path / MANIFEST
        before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else None
        if before is None or restart or self.summary(0) is None:
            self._clear()
            self._write(file, json.dumps(manifest))
        elif different := differences(before, json.loads(json.dumps(manifest))):
            raise InputError(
                f"{self.path}: work of another command, which differs in {', '.join(different)}; "
                "give that command again to go on, or add --restart to start over"
            )

    def _clear(self) -> None:
        """Remove everything but the lock."""
        for file in self.path.iterdir():
            if file.name != LOCK:
                file.unlink()

    def _summary_file(self, index: int) -> Path:
        return self.path / f"{index:06d}.json"

    def _write(self, path: Path, content: str) -> None:
        with whole_file(path, self.temporary) as file:
            file.write(content.encode())


@contextmanager
def whole_file(path: Path, temporary: Path) -> Iterator[IO[bytes]]:
    """Write a file so that it is there whole or not at all, even after a crash of the machine.

    Args:
        path: the file.
        temporary: where it grows, on the same disk.
    """
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    os.replace(temporary, path)
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    """Make sure that names given in a folder last."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
