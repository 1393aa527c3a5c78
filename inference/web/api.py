"""The HTTP endpoint: articles in, the records of ``marsad extract`` out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from ..readers import Document
from ..writers import to_line
from .records import Article, Articles, Health, Problem, Record
from .workers import Limits, Refused, Workers

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

BYTES_A_CHARACTER = 12
"""The most that JSON needs: an escape for each half of a character beyond the basic plane."""

BESIDE_TEXT = 65_536
"""Bytes that a request may take beside its articles' texts."""

RETRY_AFTER = 5
"""Seconds that a client should wait when all places are taken."""

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": meaning}
    for status, meaning in {
        400: "The body is not JSON.",
        413: "More characters than one request may have.",
        415: "The body is not declared as JSON.",
        422: "The JSON is not an article or a list of articles.",
        500: "Extraction failed.",
        503: "All places are taken; the header Retry-After says when to try again.",
        504: "Not done in time.",
    }.items()
}


def build_api(workers: Workers, labels: Sequence[str]) -> FastAPI:
    """Return the endpoint as an ASGI application.

    Args:
        workers: what reads the articles; closed when the application shuts down.
        labels: the labels that the model knows.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        workers.close()

    # FastAPI's documentation pages load scripts from elsewhere; the description itself is at /openapi.json.
    api = FastAPI(
        title="Marsad",
        summary="Actors, places, weapons and counts in Arabic conflict news, exact to the character.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    limits = workers.limits
    api.add_middleware(_BodyLimit, most=most_bytes(limits))
    api.add_exception_handler(Refused, _refuse)
    api.add_exception_handler(RequestValidationError, _describe_fault)

    @api.post("/extract", response_model=Record | list[Record], responses=REFUSALS)
    async def extract(articles: Articles) -> Response:
        """Find the mentions in one article, or in each of a list of articles.

        One article gives one record, a list gives a list of records in the same order.
        """
        several = isinstance(articles, list)
        documents = _documents(articles if several else [articles])
        found = await workers.extract([document.text for document in documents])
        # Written by hand: the JSON is that of the command line, lone surrogates included.
        records = [to_line(*pair).rstrip("\n") for pair in zip(documents, found, strict=True)]
        return Response(f"[{','.join(records)}]" if several else records[0], media_type="application/json")

    @api.get("/health")
    async def health() -> Health:
        """Tell that the server is up, and its limits."""
        return Health(labels=list(labels), characters=limits.characters, timeout=limits.timeout)

    return api


def most_bytes(limits: Limits) -> int:
    """Return the size of the largest request that the limits allow."""
    return limits.characters * BYTES_A_CHARACTER + BESIDE_TEXT


def _documents(articles: Sequence[Article]) -> list[Document]:
    return [Document(article.id or str(number), article.text) for number, article in enumerate(articles, start=1)]


def _refuse(_: Request, refused: Exception) -> Response:
    """Answer a request that can't be served."""
    assert isinstance(refused, Refused)
    headers = {"Retry-After": str(RETRY_AFTER)} if refused.status == 503 else None
    return JSONResponse({"detail": str(refused)}, refused.status, headers)


def _describe_fault(request: Request, error: Exception) -> Response:
    """Answer a request that isn't articles: the first fault, and where it is."""
    assert isinstance(error, RequestValidationError)
    fault = error.errors()[0]
    if fault["type"] == "json_invalid":
        return JSONResponse({"detail": f"broken JSON: {fault['ctx']['error']}, character {fault['loc'][1]}"}, 400)
    if "json" not in request.headers.get("content-type", ""):
        return JSONResponse({"detail": "send JSON, with the header Content-Type: application/json"}, 415)
    # The first two steps are "body", and which of the two shapes it is.
    where = "".join(f"article {step + 1}: " if isinstance(step, int) else f"{step}: " for step in fault["loc"][2:])
    return JSONResponse({"detail": f"{where}{fault['msg'].removeprefix('Value error, ')}"}, 422)


class _BodyLimit:
    """Reads no more of a request than any allowed one can have."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise HTTPException(413, f"more than {self.most:,} bytes; send shorter articles")
            return message

        await self.app(scope, limited if scope["type"] == "http" else receive, send)
