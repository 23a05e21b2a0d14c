"""Serve an application until a signal stops it, or until it says itself that it has ended.

In: an ASGI application, a host and a port. Out: one line on standard output, with the URL that clients are given as base_url.
"""

import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn

from pipeline.errors import RunStopped

HOST = "127.0.0.1"
PATIENCE_S = 5


def listen(app: Any, port: int, host: str = HOST, server_made: Callable[[uvicorn.Server], None] | None = None) -> None:
    """Serve until SIGINT or SIGTERM; port 0 takes a free one. `server_made` is handed the server, so that it can be ended.

    Raises pipeline.errors.RunStopped when the port cannot be used.
    """
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise RunStopped(f"port {port} cannot be used ({error}); name another one with --port") from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM ends it as Ctrl-C does
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=PATIENCE_S))
    if server_made is not None:
        server_made(server)
    with listening, suppress(KeyboardInterrupt):  # uvicorn raises it again once all has ended
        at = f"[{host}]" if ":" in host else host
        print(f"X2I_BASE_URL=http://{at}:{listening.getsockname()[1]}/v1", flush=True)
        server.run(sockets=[listening])
