"""A process that finalises again and again, to be killed: `python -m tests.output.writer OUT STORE OUTCOMES`."""

import sys
from pathlib import Path

from pipeline.output.finalise import finalise
from pipeline.storage.image_store import ImageStore
from stages.trajectory import load
from tests.output.factory import IDENTITIES, PROMPTS, manifest


def main(out: Path, store: str, outcomes: Path) -> None:
    read = [load(line) for line in outcomes.read_text("utf-8").splitlines()]
    chosen = manifest(output={"image": {"size": 256}})
    while True:
        finalise(read, chosen, ImageStore(store), out, PROMPTS, "d" * 64, IDENTITIES, 2)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
