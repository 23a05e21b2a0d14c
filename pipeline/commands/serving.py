"""The command that serves: `x2i serve world`.

In: what to serve, and a port. Out: a server on this machine, until it is stopped.
"""

import os
from enum import StrEnum
from typing import Annotated

import typer


class Served(StrEnum):
    """What can be served."""

    WORLD = "world"


def serve(
    what: Annotated[Served, typer.Argument(help="What to serve: the embedded world.")],
    port: Annotated[int, typer.Option(help="The port on this machine; 0 takes a free one.", min=0, max=65535)] = 8100,
    workers: Annotated[int | None, typer.Option(help="Worker processes (default: one for each core).", min=1)] = None,
) -> None:
    """Serve the world's models as an OpenAI-compatible API, on this machine only, until Ctrl-C."""
    from pipeline.backends.world.server.serve import serve as serve_world

    serve_world(port, workers or os.cpu_count() or 1)
