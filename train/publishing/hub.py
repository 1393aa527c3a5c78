"""The way to a model hub: what is there already, one commit a repository, a tag, and every fault in one line."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...errors import InputError, first_line
from .order import Say

if TYPE_CHECKING:
    from huggingface_hub import HfApi

TAG = re.compile(r"[A-Za-z0-9][\w.+-]*")


@dataclass(frozen=True, slots=True)
class Before:
    """What a repository holds before it is written to.

    Attributes:
        private: whether only its owners see it; None where there is no repository yet.
        head: the commit that the new one follows; None where the branch is new.
        card: the text of its card; empty where there is none.
        tags: the versions that have a name.
    """

    private: bool | None = None
    head: str | None = None
    card: str = ""
    tags: frozenset[str] = frozenset()


def is_repo_name(name: str) -> bool:
    """Tell whether a name is one that a repository on the hub may have: owner/name."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return "/" in name


def check_names(repo: str, tag: str | None) -> None:
    """Refuse names that no hub would take.

    Raises:
        InputError: saying what names look like.
    """
    if not is_repo_name(repo):
        raise InputError(f"--repo {repo}: not the name of a repository; it is owner/name, of letters, digits, - _ .")
    if tag is not None and not TAG.fullmatch(tag):
        raise InputError(f"--tag {tag}: not the name of a version; it is of letters, digits, . _ + -, such as v1.0")


class Repository:
    """A repository of models or of Spaces on the hub, seen by whoever has the token."""

    def __init__(self, api: HfApi, name: str, kind: str, revision: str) -> None:
        """Name it; nothing is asked of the hub yet."""
        self.api = api
        self.name = name
        self.kind = kind
        self.revision = revision
        self.place: dict[str, Any] = {"repo_id": name, "repo_type": kind}

    @property
    def address(self) -> str:
        """Return its page on the hub."""
        return f"{self.api.endpoint}/{'spaces/' if self.kind == 'space' else ''}{self.name}"

    def look(self) -> Before:
        """Find out what is there.

        Raises:
            InputError: if the hub can't be reached or does not say.
        """
        from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

        with one_line(self):
            try:
                info = self.api.repo_info(**self.place)
            except RepositoryNotFoundError:
                return Before()
            tags = frozenset(ref.name for ref in self.api.list_repo_refs(**self.place).tags)
            try:
                head = self.api.repo_info(**self.place, revision=self.revision).sha
            except RevisionNotFoundError:
                head = None
            return Before(bool(info.private), head, self._card(head or info.sha), tags)

    def _card(self, commit: str | None) -> str:
        """Return the text of the card at a commit; one that can't be fetched must not pass for none."""
        file = {**self.place, "filename": "README.md", "revision": commit}
        if not self.api.file_exists(**file):
            return ""
        with TemporaryDirectory() as folder:
            return Path(self.api.hf_hub_download(**file, local_dir=folder)).read_text(encoding="utf-8")

    def create(self, private: bool) -> None:
        """Make the repository and its branch where there are none.

        Raises:
            InputError: if the token may not.
        """
        sdk = "gradio" if self.kind == "space" else None
        with one_line(self):
            self.api.create_repo(**self.place, private=private or None, space_sdk=sdk, exist_ok=True)
            if self.revision != "main":
                self.api.create_branch(**self.place, branch=self.revision, exist_ok=True)

    def upload(self, folder: Path, message: str, replaced: list[str], head: str | None, say: Say) -> str:
        """Upload a folder as one commit.

        Args:
            folder: the files.
            message: of the commit.
            replaced: patterns of the files that go away unless the folder has them.
            head: the commit that must be the last one; None for any.
            say: takes what the hub has to remark.

        Returns:
            The commit's id.

        Raises:
            InputError: if the hub refuses, or somebody else has changed the repository meanwhile.
        """
        _hide_bars()  # loading a model may have brought them back
        with one_line(self), warnings.catch_warnings(record=True) as remarks:
            commit = self.api.upload_folder(
                **self.place,
                folder_path=folder,
                revision=self.revision,
                commit_message=message,
                delete_patterns=replaced,
                parent_commit=head,
            )
        for remark in remarks:
            if issubclass(remark.category, UserWarning):
                say(" ".join(str(remark.message).split()))
        return commit.oid

    def tag(self, name: str, commit: str) -> None:
        """Give a commit a name.

        Raises:
            InputError: if the hub refuses.
        """
        with one_line(self):
            self.api.create_tag(**self.place, tag=name, revision=commit)


def log_in() -> HfApi:
    """Return the hub as the owner of the token that the environment or an earlier log-in left.

    Raises:
        InputError: if there is no token, or the hub refuses it or can't be reached.
    """
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils import logging

    _hide_bars()
    logging.set_verbosity_error()
    token = get_token()
    if token is None:
        raise InputError("no token for the hub: log in with hf auth login, or set HF_TOKEN")
    api = HfApi(token=token, library_name="marsad")
    with one_line(api):
        api.whoami()
    return api


def _hide_bars() -> None:
    """Show progress on a terminal only."""
    from huggingface_hub.utils import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()


@contextmanager
def one_line(asked: Repository | HfApi) -> Iterator[None]:
    """Turn whatever goes wrong with the hub into one line, without the token."""
    try:
        yield
    except Exception as error:  # the client's errors and those of the HTTP library under it share no base
        api = asked.api if isinstance(asked, Repository) else asked
        name = asked.name if isinstance(asked, Repository) else "the hub"
        said = f"{name}: {explain(error)}"
        raise InputError(said.replace(str(api.token), "<token>")) from None


def explain(error: BaseException) -> str:
    """Say in one line what went wrong between here and the hub."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is None and error.__cause__ is not None:
        return explain(error.__cause__)  # an upload's error names the file, its cause what happened
    if isinstance(error, UnicodeError):
        return "the token has characters that no token has; log in with hf auth login, or set HF_TOKEN"
    if status is None:
        said = " ".join(str(error).split())
        return said if isinstance(error, ValueError) else f"can't be reached: {said or type(error).__name__}"
    said = f"HTTP {status}: {getattr(error, 'server_message', None) or first_line(error)}"  # type: ignore[arg-type]
    if status == 401:
        return f"the token is not accepted ({said}); log in with hf auth login, or set HF_TOKEN"
    if status == 403:
        return f"the token may not write there ({said}); is the name somebody else's, or the token for reading only?"
    if status == 412:
        return "somebody else has changed it just now; run the command again"
    return f"the hub refused ({said})"
