"""verl (0.9): the prompts of `rl` as they are; SFT by role.

In: shards of `rl`, copied byte for byte (verl's `RLHFDataset` reads their columns), or rows of `traj/2`. Out: `SPLIT.parquet` for
SFT: two messages whose text holds a sign for each image. verl's SFT trains every assistant token and knows no weights.
"""

import shutil
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from training.export.parts import CARRIED, PLACEHOLDER, carry, parts_of, shown_images
from training.export.place import ExportPlace
from training.export.prompts import GroupPrompt
from training.export.shards import files
from training.export.sinks import suffix_of, write_parquet
from training.row import TrainingRow

_S = pa.string()
_SFT = pa.schema(
    [
        ("messages", pa.list_(pa.struct([("role", _S), ("content", _S)]))),
        ("images", pa.list_(pa.struct([("bytes", pa.binary()), ("path", _S)]))),
        (CARRIED, _S),
    ]
)


def write_sft(split: str, rows: Iterable[TrainingRow], place: ExportPlace) -> int:
    """Write the rows of a split; returns how many."""
    return write_parquet(place.folder / f"{split}.parquet", _SFT, map(columns_of, rows))


def columns_of(row: TrainingRow) -> dict[str, Any]:
    """The columns of a row for SFT."""
    parts = parts_of(row)
    contents = {
        role: "".join(PLACEHOLDER if part.text is None else part.text for part in parts if part.role == role)
        for role in ("user", "assistant")
    }
    return {
        "messages": [{"role": role, "content": content} for role, content in contents.items()],
        "images": [{"bytes": data, "path": f"{n}.{suffix_of(data)}"} for n, data in enumerate(shown_images(row))],
        CARRIED: carry(row),
    }


def write_rl(split: str, rows: Iterable[GroupPrompt], place: ExportPlace) -> int:
    """Copy the shards of a split byte for byte, once its rows are checked; returns how many rows there are."""
    count = sum(1 for _ in rows)
    (place.folder / split).mkdir()
    for path in files(place.source, "rl", split):
        shutil.copyfile(path, place.folder / split / path.name)
    return count
