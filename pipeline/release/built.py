"""The kept rows of a finished build as a release sees them.

In: the folder of a build. Out: its summary, and its kept rows with their lots and hashes. An output that is a release already is
refused, and so is a build that is not finished.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pipeline.output import run_json
from pipeline.output.record import Recorded, recorded
from pipeline.output.run_json import RunSummary
from pipeline.release.place import NAME, ReleaseError


@dataclass(frozen=True)
class FinishedBuild:
    """A build: where it lies, what it says of itself, the sha256 of that, and its kept rows in rank order."""

    out: Path
    summary: RunSummary
    sha256: str
    kept: tuple[Recorded, ...]


def read_build(out: Path) -> FinishedBuild:
    """Raises ReleaseError for an output that nothing can be released from, ValueError when its record cannot be read."""
    try:
        summary, sha256 = run_json.read(out), run_sha256(out)
    except FileNotFoundError:
        raise ReleaseError(f"{out}: the build is not finished; build it to its end first") from None
    except ValueError as error:
        raise ReleaseError(
            f"{out / run_json.NAME}: cannot be read ({type(error).__name__}); x2i verify {out} tells more"
        ) from None
    if summary.selection_of is not None or (out / NAME).exists():
        raise ReleaseError(f"{out}: is a release already; name the build that it was made from")
    return FinishedBuild(out, summary, sha256, tuple(r for r in recorded(out) if r.fate == "kept"))


def check_unchanged(build: FinishedBuild) -> None:
    """Raises ReleaseError when the build was written again since it was read."""
    try:
        same = run_sha256(build.out) == build.sha256
    except FileNotFoundError:
        same = False
    if not same:
        raise ReleaseError(f"{build.out}: was written again meanwhile; release it once that is done")


def run_sha256(out: Path) -> str:
    """The sha256 of the output's `run.json`. Raises OSError."""
    return hashlib.sha256((out / run_json.NAME).read_bytes()).hexdigest()
