"""Pairs of images of one instruction, for Diffusion-DPO and what else reads Pick-a-Pic's columns.

In: rows of `pairs/3`. Out: `SPLIT.parquet` with `caption`, `jpg_0`, `jpg_1`, `label_0`, `label_1` and the rest of those columns,
images as the bytes they are; for pairs that were made from references these, too, in a column of their own.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from training.export.place import ExportPlace
from training.export.sinks import write_parquet

_F, _S = pa.float32(), pa.string()
_PICKAPIC = pa.schema(
    [
        *[
            ("id", _S),
            ("caption", _S),
            ("jpg_0", pa.binary()),
            ("jpg_1", pa.binary()),
            ("label_0", _F),
            ("label_1", _F),
        ],
        *[("has_label", pa.bool_()), ("num_example_per_prompt", pa.int32())],
    ]
)
_EDITS = _PICKAPIC.append(pa.field("references", pa.list_(pa.struct([("bytes", pa.binary()), ("path", _S)]))))


def write(split: str, pairs: Iterable[Mapping[str, Any]], place: ExportPlace) -> int:
    """Write the pairs of a split; returns how many."""
    return _write(split, pairs, place, _PICKAPIC)


def write_edits(split: str, pairs: Iterable[Mapping[str, Any]], place: ExportPlace) -> int:
    """Write the pairs of a split with their references; returns how many."""
    return _write(split, pairs, place, _EDITS)


def _write(split: str, pairs: Iterable[Mapping[str, Any]], place: ExportPlace, schema: Any) -> int:
    rows = ({name: pair[name] for name in schema.names} for pair in pairs)
    return write_parquet(place.folder / f"{split}.parquet", schema, rows)
