"""Serve the world on this machine until a signal stops it.

In: a port and a number of worker processes. Out: one line on standard output, with the URL. It listens on localhost only.
"""

from pipeline.backends.serving.listen import listen
from pipeline.backends.world.server.app import app


def serve(port: int, workers: int) -> None:
    """Serve until SIGINT or SIGTERM; port 0 takes a free one. Raises pipeline.errors.RunStopped when the port is taken."""
    listen(app(workers), port)
