"""The errors that a person meets at the command line. Each message says what is wrong, where, and what to do.

    BuildError
    ├── ManifestError   (pipeline.manifest.spec)  nothing was run                        exit code 2
    ├── OutputError     (pipeline.output.lock)      the folder cannot be used              exit code 2
    ├── RunStopped      the run cannot go on: an engine is dead, a write failed     exit code 1
    └── Waiting         answers of batches are still to come, and nobody waits       exit code 4

    A build that came to its end and is not good (`pipeline.output.ending`) is no error of these: it ends with exit code 3.

    Drained             no further call may be sent, because the run is ending. The sample that needed the call gets no
                        outcome, and the next build goes on with it. Never reaches the command line.
    Parked              a question was posted, and its answer comes later. The sample gets no outcome in this pass, and climbs
                        again once the answer is there. Never reaches the command line.

In: an exception from anywhere. Out: these classes, and `one_line`, which puts any error on one line.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError


class BuildError(Exception):
    """A build cannot begin, or cannot go on."""

    exit_code = 2


class RunStopped(BuildError):
    """The run cannot go on; the message is one line."""

    exit_code = 1


class Waiting(BuildError):
    """Nothing more can be done until answers of batches arrive; the message says where they are and how to go on."""

    exit_code = 4


class Drained(Exception):
    """A call was not sent, because the run is ending."""


class Parked(Exception):
    """A question waits for its answer, which comes with a batch."""


def one_line(error: BaseException) -> str:
    """An error as "Kind: words", on one line, without colour codes, cut after 500 characters."""
    text = str(error)
    if isinstance(error, DBAPIError):  # its own text goes on with the statement and a link
        text = ": ".join((*error.detail, str(error.orig)))
    words = " ".join(re.sub(r"\x1b\[[0-9;]*m", "", text).split())
    return f"{type(error).__name__}: {words[:500]}" if words else type(error).__name__


@contextmanager
def name_in_errors(place: object) -> Iterator[None]:
    """Name `place` in an OSError that names no file: that of a full disk only says that it is full."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, str(place)) from error
