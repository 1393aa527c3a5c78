"""What a run is: its inputs, options, model and version; a run is continued only by a command that means the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..readers import Item
from ..sources import find_sources

Manifest = Mapping[str, Any]
"""Everything that decides the result, as plain JSON values under the names that users know it by."""


def describe_run(names: Sequence[str], options: Mapping[str, Any], model: Path) -> Manifest:
    """Describe a run.

    Args:
        names: the inputs, as the user names them.
        options: the options that change what is found, by name.
        model: the checkpoint's folder.
    """
    inputs = {f"the input {name}": _fingerprint_input(name) for name in names}
    own = {"the inputs' order": list(names), "the model": fingerprint_model(model), "marsad": version("marsad")}
    return {**inputs, **options, **own}


def differences(one: Manifest, other: Manifest) -> list[str]:
    """Return the names of what differs between two runs."""
    return [name for name in {**one, **other} if one.get(name) != other.get(name)]


def fingerprint_model(folder: Path) -> str:
    """Return a digest of every file in a checkpoint's folder."""
    digest = _digest()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, _digest).digest())
    return digest.hexdigest()


def fingerprint_items(items: Iterable[Item]) -> str:
    """Return a digest of articles as they were read."""
    digest = _digest()
    for item in items:
        digest.update(repr(item).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _fingerprint_input(name: str) -> dict[str, Any]:
    """Return number, size and digest of names, sizes and times of the files behind a name."""
    files, size, digest = 0, 0, _digest()
    for source in find_sources([name]):
        files += 1
        size += getattr(source, "size", 0)
        digest.update(repr(source).encode("utf-8", "surrogatepass"))
    return {"files": files, "bytes": size, "digest": digest.hexdigest()}


def _digest() -> Any:  # noqa: ANN401
    return hashlib.blake2b(digest_size=16)
