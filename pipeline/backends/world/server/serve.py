"""Serve the world on this machine until a signal stops it.

In: a port and a number of worker processes. Out: one line on standard output, with the URL. It listens on localhost only.
"""

import signal
import socket
from contextlib import suppress

import uvicorn

from pipeline.backends.world.server.app import app
from pipeline.errors import RunStopped

HOST = "127.0.0.1"
PATIENCE_S = 5


def serve(port: int, workers: int) -> None:
    """Serve until SIGINT or SIGTERM; port 0 takes a free one. Raises pipeline.errors.RunStopped when the port is taken."""
    try:
        listening = socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        raise RunStopped(f"port {port} cannot be used ({error}); name another one with --port") from error
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM ends it as Ctrl-C does
    config = uvicorn.Config(app(workers), log_level="warning", timeout_graceful_shutdown=PATIENCE_S)
    with listening, suppress(KeyboardInterrupt):  # uvicorn raises it again once all has ended
        print(f"X2I_BASE_URL=http://{HOST}:{listening.getsockname()[1]}/v1", flush=True)
        uvicorn.Server(config).run(sockets=[listening])
