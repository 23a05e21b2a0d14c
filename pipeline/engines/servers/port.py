"""A free port for a server that binds it itself.

In: nothing. Out: a port that nobody listens at, and that no other build on this machine chooses while this process lives. It lies
below the ports that the system gives to connections, so that none of those takes it before the server does.
"""

import random
import socket
from collections.abc import Iterator
from contextlib import closing

FIRST, END = 20_000, 30_000


class ReservedPort:
    """A port, kept from other builds until `release`. Raises OSError where none is free."""

    def __init__(self, port: int | None = None) -> None:
        for number in _candidates() if port is None else (port,):
            mark = _mark(number)
            if mark is not None and (port is not None or is_free(number)):
                self.port = number
                self._mark = mark
                return
            if mark is not None:
                mark.close()
        ports = f"port {port}" if port else f"one of the ports {FIRST} to {END - 1}"
        raise OSError(f"{ports} cannot be had; other builds hold it")

    def release(self) -> None:
        """Others may choose it from now on."""
        self._mark.close()


def is_free(port: int) -> bool:
    """Whether a server could listen at `port` on all addresses."""
    with closing(socket.socket()) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of a server before it do not count
        try:
            tried.bind(("", port))
        except OSError:
            return False
    return True


def _candidates() -> Iterator[int]:
    yield from random.sample(range(FIRST, END), END - FIRST)


def _mark(port: int) -> socket.socket | None:
    """A name on this machine that one process can have, gone with it; None where another one has it."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0x2i-port-{port}")
    except OSError:
        mark.close()
        return None
    return mark
