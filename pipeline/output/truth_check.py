"""How often the judge was right, where the truth is known: the world's samples, by `truth.parquet`.

In: an output and where its originals lie. Out: of the accepted samples, how many truly show what was asked for. Only the report and
the check of an output look here; no shard depends on it. The images are the originals, not the trained views.
"""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.store import ImageStore
from pipeline.world.truth import Truth, is_right

NAME = "truth.parquet"


@dataclass(frozen=True, slots=True)
class TruthCount:
    """`right` of `accepted` samples truly show what was asked for."""

    right: int
    accepted: int

    def __str__(self) -> str:
        return f"accepted samples truly right: {self.right} of {self.accepted} (RL prompts that passed included)"


def accepted_right(out: Path, store: ImageStore) -> TruthCount | None:
    """The count; None when the output has no truth. Raises OSError, ValueError or KeyError when a file cannot be read."""
    path = out / NAME
    if not path.exists():
        return None
    truths = dict(zip(*pq.read_table(path, columns=["id", "truth"]).to_pydict().values(), strict=True))
    right = accepted = 0
    for sample, image in accepted_images(out).items():
        if sample in truths:
            accepted += 1
            right += is_right(store.get(image), Truth.load(truths[sample]))
    return TruthCount(right, accepted)


def accepted_images(out: Path) -> dict[str, str]:
    """By sample: the original of the image the judge accepted. Raises OSError or ValueError when the record cannot be read."""
    found: dict[str, str] = {}
    for file in sorted((out / "record").glob("*.parquet")):
        for row in pq.read_table(file, columns=["id", "status", "mode", "events"]).to_pylist():
            if row["mode"] is not None and row["status"] in ("kept", "surplus"):
                found[row["id"]] = [e["image_sha256"] for e in row["events"] if e["kind"] == "generation"][-1]
    return found
