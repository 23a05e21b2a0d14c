"""Standard output of a build, which goes on when nobody reads it: `x2i build ... | head -1`, a closed terminal, a full disk.

In: standard output. Out: a stream to print to that never fails. A build is paid for, and what it prints is not its product, so
a reader that leaves does not end it; a line on standard error reports that, once.
"""

import io
import os
import sys
from contextlib import suppress
from typing import Any

UNHEARD = "x2i: standard output is not read any more: the build goes on without a word\n"


class _LastingStream(io.RawIOBase):
    """Writes to `under` until that fails, then to nowhere. `error_fd`: the descriptor to which the failure is reported."""

    def __init__(self, under: io.TextIOWrapper, error_fd: int) -> None:
        self._under = under
        self._error_fd = error_fd

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._under.isatty()

    def write(self, words: Any, /) -> int:
        """Write `words`, or drop them where nobody reads; returns their length either way."""
        try:
            self._under.buffer.write(bytes(words))
            self._under.buffer.flush()
        except OSError:
            close_quietly(self._under)
            with suppress(OSError):  # standard error may have gone with it
                os.write(self._error_fd, UNHEARD.encode())
        return len(words)


def make_lasting(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """A stream that writes to `stream` as long as that can be written to, and never fails."""
    # a copy, because standard error goes to a file while Ray is up
    error_fd = os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2)
    raw: Any = _LastingStream(stream, error_fd)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors="replace", line_buffering=True)


def close_quietly(stream: io.TextIOWrapper) -> None:
    """Drop what is still to be written to `stream`, so that the end of the process does not try to write it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def replace_closed_streams() -> None:
    """Open standard streams that are closed on the null device: else the next file that is opened gets their number, and what
    is printed gets into that file.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 open until the process ends


def flush_output() -> None:
    """Flush standard output. Raises SystemExit(1), without a message, when its reader left before the end."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        if isinstance(sys.stdout, io.TextIOWrapper):
            close_quietly(sys.stdout)
        raise SystemExit(1) from None
