"""BAGEL's stock editing reader, and ThinkMorph's: forms whose mask is fixed in their code.

In: rows of `traj/2` with one reference; others are left out. Out: `SPLIT/SPLIT.parquet` and its `parquet_info`.

    editing     `image_list` [reference, last image], `instruction_list` [[instruction]]: the last image is trained, no text is
    thinkmorph  `image_list` [reference, every image], `output_text_list` the texts between them: all of it is trained
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from stages.dialect_reading import BETWEEN
from training.export.place import ExportPlace
from training.export.shards import count_groups
from training.export.sinks import write_parquet
from training.row import RowSegment, TrainingRow

_S = pa.string()
_EDITING = pa.schema([("image_list", pa.list_(pa.binary())), ("instruction_list", pa.list_(pa.list_(_S))), ("id", _S)])
_THINKMORPH = pa.schema(
    [
        ("image_list", pa.list_(pa.binary())),
        ("instruction_list", pa.list_(_S)),
        ("output_text_list", pa.list_(_S)),
        ("id", _S),
    ]
)
_START, _END = "<image_start>", "<image_end>"


def write_editing(split: str, rows: Iterable[TrainingRow], place: ExportPlace) -> int:
    """Write the rows of a split that have one reference; returns how many."""
    return _write(split, rows, place, _EDITING, editing)


def write_thinkmorph(split: str, rows: Iterable[TrainingRow], place: ExportPlace) -> int:
    """Write the rows of a split that have one reference; returns how many."""
    return _write(split, rows, place, _THINKMORPH, thinkmorph)


def editing(row: TrainingRow) -> dict[str, Any]:
    """The reference, the instruction, the last image."""
    reference, *_, last = (row.images[s.image_index].bytes for s in row.segments if s.type == "image")
    return {"image_list": [reference, last], "instruction_list": [[_instruction(row)]], "id": row.id}


def thinkmorph(row: TrainingRow) -> dict[str, Any]:
    """All images in order, and the texts before, between and after those that were made."""
    answer = [s for s in row.segments if s.role == "assistant"]
    shown = [row.images[s.image_index].bytes for s in row.segments if s.type == "image"]
    return {
        "image_list": shown,
        "instruction_list": [_instruction(row)],
        "output_text_list": list(_between(answer)),
        "id": row.id,
    }


def _between(answer: Iterable[RowSegment]) -> Iterator[str]:
    """The texts around the images, each with the marks of the images next to it; none after a last image without words."""
    texts: list[str] = []
    before = ""
    for segment in answer:
        if segment.text is not None:
            texts.append(segment.text)
            continue
        yield f"{before}{BETWEEN.join(texts)}{_START}"
        texts, before = [], _END
    yield f"{before}{BETWEEN.join(texts)}"


def _instruction(row: TrainingRow) -> str:
    return next(s.text for s in row.segments if s.kind == "instruction" and s.text is not None)


def _write(
    split: str,
    rows: Iterable[TrainingRow],
    place: ExportPlace,
    schema: Any,
    columns: Callable[[TrainingRow], Mapping[str, Any]],
) -> int:
    folder = place.folder / split
    folder.mkdir()
    path = folder / f"{split}.parquet"
    fitting = (row for row in rows if sum(s.kind == "reference" for s in row.segments) == 1)
    count = write_parquet(path, schema, map(columns, fitting))
    info = {str(place.final / split / path.name): {"num_row_groups": count_groups(path)}}
    (place.folder / f"parquet_info.{split}.json").write_text(json.dumps(info, indent=1), encoding="utf-8")
    return count
