"""Small shards of traj/2 to read: rows that say which they are, in files whose row groups have given sizes."""

import types
from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from training.row import ImageCell, ImageFacts, RowSegment, TrainingRow

PLAIN = {str: pa.string(), int: pa.int32(), float: pa.float32(), bool: pa.bool_(), bytes: pa.binary()}


def arrow_type(hint: Any) -> Any:
    if is_dataclass(hint):
        hints = get_type_hints(hint)
        return pa.struct([(field.name, arrow_type(hints[field.name])) for field in fields(hint)])
    if get_origin(hint) is tuple:
        return pa.list_(arrow_type(get_args(hint)[0]))
    if get_origin(hint) in (types.UnionType, Union):
        return arrow_type(get_args(hint)[0])
    return pa.string() if get_origin(hint) is Literal else PLAIN[hint]


SCHEMA = pa.schema(list(arrow_type(TrainingRow)))


@cache
def picture(shade: int, size: int = 8) -> bytes:
    stream = BytesIO()
    Image.new("RGB", (size, size), (shade % 256, shade // 256 % 256, 7)).save(stream, "PNG")
    return stream.getvalue()


def row(number: int, images: int = 1, image: bytes | None = None) -> TrainingRow:
    data = image or picture(number)
    digest = sha256(data).hexdigest()
    says: dict[str, Any] = {
        "kind": "instruction",
        "index": 0,
        "payload": None,
        "inputs": (),
        "made_by": None,
        "against": None,
    }
    flags: dict[str, Any] = {"vae": False, "vit": True, "cfg_drop": True, "next_special": "end"}
    text = RowSegment("text", "user", text=f"Draw {number}.", image_index=-1, loss=0.0, **says, **flags)
    drawn = [
        RowSegment("image", "assistant", text=None, image_index=n, loss=1.0, **(says | {"kind": "generation"}), **flags)
        for n in range(images)
    ]
    return TrainingRow(
        id=f"row-{number}",
        schema_version="traj/2",
        mode="direct",
        task="t2i",
        category="color",
        instruction=f"Draw {number}.",
        explanation=None,
        source="made up",
        licence="CC0-1.0",
        images=tuple(ImageCell(data, f"{digest[:16]}.png") for _ in range(images)),
        segments=(text, *drawn),
        image_meta=tuple(ImageFacts(digest, digest, 8, 8, "PNG", "generated") for _ in range(images)),
        scores=(),
        applicable_axes=("instruction",),
        n_images=images,
        n_text_chars=8,
        leak_group="g",
        provenance="{}",
        content_hash=f"{number:08x}",
    )


def write_file(path: Path, groups: Sequence[Sequence[TrainingRow]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with pq.ParquetWriter(path, SCHEMA, compression="zstd", use_dictionary=False) as writer:
        for rows in groups:
            table = pa.Table.from_pylist([row.columns() for row in rows], schema=SCHEMA)
            writer.write_table(table, row_group_size=max(1, len(rows)))


def write_shards(folder: Path, files: Sequence[Sequence[int]]) -> Path:
    """Files with row groups of these sizes; rows are numbered through."""
    number = 0
    for n, sizes in enumerate(files):
        groups = []
        for size in sizes:
            groups.append([row(k) for k in range(number, number + size)])
            number += size
        write_file(folder / f"train-{n:05}-of-{len(files):05}.parquet", groups)
    return folder
