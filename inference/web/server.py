"""The page and the endpoint on one port."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable
from ipaddress import ip_address
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ...errors import InputError

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from ..extractor import Extractor
    from .workers import Limits

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'"
)
"""What a browser may load: nothing from elsewhere. The page's library needs inline and generated scripts."""

GRACE = 2
"""Seconds that open connections get when the server is stopped."""


def build_site(extractor: Extractor, limits: Limits) -> FastAPI:
    """Return the page at ``/`` and the endpoint beside it, as one ASGI application.

    Args:
        extractor: finds the mentions.
        limits: what one request may ask for, and how many are served.

    Raises:
        InputError: if the web libraries are not installed.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    try:
        import altair  # noqa: F401
        import gradio as gr
        import uvicorn  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError:
        raise InputError("the web app needs: pip install 'marsad[web]'") from None
    from .api import build_api, most_bytes
    from .app import build_app, look
    from .workers import Workers

    workers = Workers(extractor, limits)
    site = build_api(workers, list(extractor.card.labels))
    site.add_middleware(_Policy)
    page = build_app(extractor, workers)
    return gr.mount_gradio_app(site, page, "/", show_error=False, max_file_size=most_bytes(limits), **look())


def serve(
    extractor: Extractor, limits: Limits, host: str, port: int, on_start: Callable[[str], object] | None = None
) -> None:
    """Serve until interrupted.

    Args:
        extractor: finds the mentions.
        limits: what one request may ask for, and how many are served.
        host: name or address to listen at.
        port: port to listen at; 0 takes a free one.
        on_start: told the page's address once it can be opened.

    Raises:
        InputError: if the address can't be listened at, or the web libraries are not installed.
    """
    with TemporaryDirectory(prefix="marsad-") as uploads, _listening(host, port) as listener:
        os.environ["GRADIO_TEMP_DIR"] = uploads
        site = build_site(extractor, limits)
        import uvicorn

        config = uvicorn.Config(site, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE)
        logging.getLogger("uvicorn.error").addFilter(_is_no_stop)
        if on_start is not None:
            on_start(_address(listener))
        uvicorn.Server(config).run(sockets=[listener])


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a name or address."""
    return all(ip_address(found[4][0]).is_loopback for found in _resolve(host, 0))


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens.

    Raises:
        InputError: if it can't.
    """
    family, *_, address = _resolve(host, port)[0]
    try:
        return socket.create_server(address, family=family)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"--host {host} --port {port}: {why}; choose others") from None


def _resolve(host: str, port: int) -> list[tuple[Any, ...]]:
    """Return what the system knows about a name or address to listen at.

    Raises:
        InputError: if it is none.
    """
    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, OverflowError, UnicodeError):
        raise InputError(f"--host {host}: no address of this machine") from None


def _address(listener: socket.socket) -> str:
    """Return the page's address."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _is_no_stop(said: logging.LogRecord) -> bool:
    """Leave out of the log that open pages are closed when the server stops."""
    cancelled = said.exc_info is not None and isinstance(said.exc_info[1], asyncio.CancelledError)
    return not cancelled and "timeout graceful shutdown" not in said.getMessage()


class _Policy:
    """Adds the policy to each answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", POLICY.encode())]
            await send(message)

        await self.app(scope, receive, with_policy)
