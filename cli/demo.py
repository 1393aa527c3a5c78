"""``marsad demo``: the web page and the HTTP endpoint."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from .console import ModelOption, tell


def demo(
    model: ModelOption = None,
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 7860,
    max_characters: Annotated[int, typer.Option(min=1, help="Most characters in one request.")] = 100_000,
    workers: Annotated[int, typer.Option(min=1, help="Requests that are read at the same time.")] = 2,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds after which a request is given up.")] = 60.0,
) -> None:
    """Serve a page to try the model on, and the HTTP endpoint POST /extract (described at /openapi.json)."""
    from ..inference.extractor import Extractor
    from ..inference.web.server import is_loopback, serve
    from ..inference.web.workers import Limits

    if not is_loopback(host):
        tell(f"listening at {host}: every machine that can reach this one can use it; there is no password")
    # Service managers stop with this signal; what visitors have uploaded is deleted then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    limits = Limits(max_characters, workers, timeout=timeout)
    serve(
        Extractor.from_pretrained(model), limits, host, port, lambda address: tell(f"Marsad: {address} (Ctrl-C stops)")
    )
