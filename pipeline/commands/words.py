"""The words of a build, which goes on when nobody reads them: `x2i build ... | head -1`, a closed terminal, a full disk.

In: standard output. Out: a stream to print to that never fails. A build is paid for and its words are not its product, so a
reader that leaves does not end it; that is said once, on standard error.
"""

import io
import os
import sys
from contextlib import suppress
from typing import Any

UNHEARD = "x2i: standard output is not read any more: the build goes on without a word\n"


class _Lasting(io.RawIOBase):
    """Writes to `under` until that fails; then to nowhere. `error_fd` is where that is said."""

    def __init__(self, under: io.TextIOWrapper, error_fd: int) -> None:
        self._under = under
        self._error_fd = error_fd

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._under.isatty()

    def write(self, words: Any, /) -> int:
        """All of `words`, or none of them where nobody reads."""
        try:
            self._under.buffer.write(bytes(words))
            self._under.buffer.flush()
        except OSError:
            close_quietly(self._under)
            with suppress(OSError):  # standard error may have gone with it
                os.write(self._error_fd, UNHEARD.encode())
        return len(words)


def lasting(stream: io.TextIOWrapper) -> io.TextIOWrapper:
    """A stream that writes to `stream`, as long as that can be written to."""
    error_fd = os.dup(sys.__stderr__.fileno() if sys.__stderr__ else 2)  # standard error goes to a file while Ray is up
    raw: Any = _Lasting(stream, error_fd)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding=stream.encoding, errors="replace", line_buffering=True)


def close_quietly(stream: io.TextIOWrapper) -> None:
    """Let what is still to be written to `stream` go nowhere, so that the end of the process does not try it again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def stand_in() -> None:
    """Put nowhere in the place of standard streams that are closed: else the next file that is opened gets their number, and
    with it what others print."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 as long as the process


def hand_over() -> None:
    """Print what is still held back. A reader that left before the end is no error, but not all was said: SystemExit(1)."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        if isinstance(sys.stdout, io.TextIOWrapper):
            close_quietly(sys.stdout)
        raise SystemExit(1) from None
