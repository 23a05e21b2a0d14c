"""A process that releases again and again, to be killed: `python -m tests.review.release.writer BUILD`."""

import sys
from pathlib import Path

from pipeline.release.release import ReleaseOrder, release


def main(build: Path) -> None:
    while True:
        release(ReleaseOrder(build, build / "release", workers=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
