"""Extraction for many at once: in threads, with limits on size, time and number."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import BoundedSemaphore, Event

from ...errors import first_line
from ..batch.each import Extracts
from ..mentions import Mention


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for, and how many are served.

    Attributes:
        characters: of all articles of a request together.
        workers: requests that are extracted at the same time.
        waiting: requests that wait for a worker; any further one is turned away.
        timeout: seconds from a request's arrival to its answer.
    """

    characters: int = 100_000
    workers: int = 2
    waiting: int = 8
    timeout: float = 60.0


class Refused(Exception):
    """A request that can't be served, with the HTTP status that says so; its message is one line for the user."""

    def __init__(self, status: int, message: str) -> None:
        """Refuse a request."""
        super().__init__(message)
        self.status = status


class _Abandoned(Exception):
    """Raised inside an extraction whose result nobody waits for any more."""


class Workers:
    """Runs extractions in threads, no more than the limits allow."""

    def __init__(self, extractor: Extracts, limits: Limits) -> None:
        """Start no thread yet; each starts with the first request that needs it."""
        self.extractor = extractor
        self.limits = limits
        self._pool = ThreadPoolExecutor(limits.workers, thread_name_prefix="marsad-extract")
        self._places = BoundedSemaphore(limits.workers + limits.waiting)
        self._closed = Event()

    async def extract(self, texts: Sequence[str]) -> list[list[Mention]]:
        """Return the mentions of each text.

        Raises:
            Refused: if the texts are too long, too many requests are waiting, or the answer takes too long.
        """
        characters, most = sum(map(len, texts)), self.limits.characters
        if characters > most:
            raise Refused(413, f"{characters:,} characters; at most {most:,} in one request")
        if not self._places.acquire(blocking=False):
            raise Refused(503, "too many requests at the moment; try again in a few seconds")
        given_up = Event()
        work = self._pool.submit(self._extract, texts, given_up)
        # A place is free again when the thread is, which may be a moment after the user has given up.
        work.add_done_callback(lambda _: self._places.release())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(work), self.limits.timeout)
        except TimeoutError:
            raise Refused(504, f"not done within {self.limits.timeout:g} seconds; send shorter articles") from None
        finally:
            given_up.set()

    def close(self) -> None:
        """Let waiting work go and make running work stop at its next batch."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _extract(self, texts: Sequence[str], given_up: Event) -> list[list[Mention]]:
        """Return the mentions of each text, unless nobody waits for them any more."""

        def on_batch(_: int) -> None:
            if given_up.is_set() or self._closed.is_set():
                raise _Abandoned

        try:
            return list(self.extractor.stream(iter(texts), on_batch))
        except Exception as error:
            raise Refused(500, f"extraction failed: {type(error).__name__}: {first_line(error)}") from error
