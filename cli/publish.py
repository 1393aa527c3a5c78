"""``marsad publish``: a trained model on a model hub."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .console import tell


def publish(
    run: Annotated[str, typer.Argument(help="A checkpoint folder, or 'embedded' for the shipped model.")],
    repo: Annotated[str, typer.Option(help="Name on the hub: owner/name.")],
    space: Annotated[bool, typer.Option("--space", help="Publish a page to try the model on, too.")] = False,
    private: Annotated[bool, typer.Option("--private", help="Make new repositories private.")] = False,
    tag: Annotated[str | None, typer.Option(help="Name of this version, such as v1.0.")] = None,
    revision: Annotated[str, typer.Option(help="Branch of the model's repository.")] = "main",
    message: Annotated[str, typer.Option(help="Message of the commit.")] = "Publish with marsad",
    license: Annotated[
        str | None, typer.Option(help="Licence, such as apache-2.0; default: what an earlier card or the base states.")
    ] = None,
    onnx: Annotated[bool, typer.Option(help="Include the int8 graph, exported if the folder has none.")] = True,
    dry_run: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write there what would be uploaded, and upload nothing.")
    ] = None,
) -> None:
    """Put a trained model on a model hub, with its card; the token is that of hf auth login, or HF_TOKEN."""
    from ..inference.checkpoint import SHIPPED
    from ..train.publishing.order import Order
    from ..train.publishing.publish import publish as upload
    from ..train.publishing.publish import write

    order = Order(
        SHIPPED if run == "embedded" else Path(run),
        repo, license, onnx, space, private, revision, tag, message,
    )  # fmt: skip
    written = upload(order, tell) if dry_run is None else write(order, dry_run, tell)
    sys.stdout.write("\n".join(map(str, written)) + "\n")
