"""Where articles come from: finding the files behind the names a user gives, and opening them, compressed or remote."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import IO, Any, cast

from ..errors import InputError, first_line

STDIN = "-"


class InputFormat(StrEnum):
    """How a file holds its articles."""

    text = "text"
    html = "html"
    jsonl = "jsonl"
    csv = "csv"
    tsv = "tsv"
    parquet = "parquet"


SUFFIXES = {
    ".txt": InputFormat.text,
    ".html": InputFormat.html,
    ".htm": InputFormat.html,
    ".jsonl": InputFormat.jsonl,
    ".ndjson": InputFormat.jsonl,
    ".csv": InputFormat.csv,
    ".tsv": InputFormat.tsv,
    ".parquet": InputFormat.parquet,
}
"""Formats by what a file's name ends with; in a folder, only files with these names are read."""

COMPRESSIONS = (".gz", ".zst")
"""What may stand after such a suffix."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read.

    Attributes:
        path: local path, fsspec address, or ``-``.
        name: what stands for the file in ids: its bare name, or its path inside the folder that was named.
        size: bytes on disk; 0 where unknown.
        stamp: changes when the file's content does: modification time, or what a remote store has for it.
    """

    path: str
    name: str
    size: int = 0
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class NotFound:
    """A name that stands for nothing readable, and why, in one line."""

    path: str
    why: str


def find_sources(names: Iterable[str]) -> Iterator[Source | NotFound]:
    """Find the files behind names: files, folders (recursively, in order of name), addresses, or ``-``."""
    for name in names:
        try:
            yield from _find(name)
        except OSError as error:
            yield NotFound(name, f"{name}: {error.strerror or first_line(error)}")
        except InputError as error:
            yield NotFound(name, str(error))


def is_remote(path: str | os.PathLike[str]) -> bool:
    """Tell whether a path is an fsspec address, such as ``s3://bucket/file``."""
    return "://" in str(path)


def suffixes_of(path: str) -> tuple[str, str]:
    """Return the suffix that names a file's format and the one that names its compression, if any, in lower case."""
    pure = PurePosixPath(path.lower())
    if pure.suffix in COMPRESSIONS:
        return PurePosixPath(pure.stem).suffix, pure.suffix
    return pure.suffix, ""


def format_of(path: str) -> InputFormat:
    """Return the format that a file's name tells; whatever has no known suffix is one text."""
    return SUFFIXES.get(suffixes_of(path)[0], InputFormat.text)


@contextmanager
def open_source(source: Source) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Open a file.

    Yields:
        the content, decompressed; and the file itself, whose position tells how far reading has come.
    """
    if source.path == STDIN:
        yield sys.stdin.buffer, sys.stdin.buffer
        return
    with _open_raw(source.path) as raw:
        compression = suffixes_of(source.path)[1]
        yield decompressed(raw, compression) if compression else raw, raw


def decompressed(raw: IO[bytes], compression: str) -> IO[bytes]:
    """Return a reader of what a gzip or zstd file holds, in however many members or frames."""
    if compression == ".gz":
        return cast(IO[bytes], gzip.GzipFile(fileobj=raw, mode="rb"))
    import pyarrow as pa

    return io.BufferedReader(cast(io.RawIOBase, pa.CompressedInputStream(raw, "zstd")))


def filesystem_of(address: str) -> tuple[Any, str]:
    """Return the fsspec file system of an address, and the path in it.

    Raises:
        InputError: if no file system is installed for such addresses.
    """
    import fsspec

    try:
        return fsspec.core.url_to_fs(address)
    except (ImportError, ValueError) as error:
        raise InputError(f"{address}: {first_line(error)}") from None


def _open_raw(path: str) -> IO[bytes]:
    if not is_remote(path):
        return open(path, "rb")
    system, inside = filesystem_of(path)
    return system.open(inside, "rb")


def _find(name: str) -> Iterator[Source | NotFound]:
    """Find the files behind one name."""
    if name == STDIN:
        yield Source(STDIN, "stdin")
        return
    walk = _walk_remote(name) if is_remote(name) else _walk_local(name)
    found = False
    for source in walk:
        found = True
        yield source
    if not found:
        raise InputError(f"{name}: no article in this folder (read are {' '.join(SUFFIXES)}, also .gz and .zst)")


def _walk_local(name: str) -> Iterator[Source | NotFound]:
    """Yield a local file, or the files below a folder, hidden ones left out."""
    if not os.path.isdir(name):
        yield _local(name, os.path.basename(name))
        return
    unreadable: list[OSError] = []
    for folder, folders, files in os.walk(name, onerror=unreadable.append):
        folders[:] = sorted(inner for inner in folders if not inner.startswith("."))
        for file in sorted(files):
            path = os.path.join(folder, file)
            if _is_article(file):
                yield _local(path, os.path.relpath(path, name))
    for error in unreadable:
        yield NotFound(str(error.filename), f"{error.filename}: {error.strerror}")


def _walk_remote(name: str) -> Iterator[Source]:
    """Yield a remote file, or the files below a remote folder."""
    system, root = filesystem_of(name)
    if not system.isdir(root):
        yield _remote(system, root, PurePosixPath(root).name)
        return
    for path in sorted(system.find(root)):
        if _is_article(PurePosixPath(path).name):
            yield _remote(system, path, str(PurePosixPath(path).relative_to(root)))


def _is_article(file: str) -> bool:
    return suffixes_of(file)[0] in SUFFIXES and not file.startswith(".")


def _local(path: str, name: str) -> Source | NotFound:
    try:
        status = os.stat(path)
    except OSError as error:  # a link to nothing, or a file deleted meanwhile
        return NotFound(path, f"{path}: {error.strerror}")
    return Source(path, name, status.st_size, str(status.st_mtime_ns))


def _remote(system: Any, path: str, name: str) -> Source:  # noqa: ANN401
    return Source(system.unstrip_protocol(path), name, system.size(path) or 0, system.ukey(path))
