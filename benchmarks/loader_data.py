"""The same made-up trajectories as shards of ours, as tar files for WebDataset and as MDS files for MosaicML streaming.

In: how many trajectories, the side of an image in pixels, rows per row group, a folder. Out: the three forms, with equal image
bytes. 64 different pictures are drawn and used again: what is measured does not depend on what they show.
"""

import io
import json
import tarfile
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from pipeline.output.schema import leaves, with_metadata
from training.row import ImageCell, ImageFacts, RowSegment, TrainingRow

PICTURES = 64
FILES = 4
WORDS = (
    "Everything that was asked for is there; the light is still that of noon, and the ring stands too far left. " * 3
)


def trajectories(count: int, side: int) -> list[TrainingRow]:
    """`count` rows of 2 to 5 images, 3.5 on average."""
    pictures = [_picture(n, side) for n in range(PICTURES)]
    return [_row(n, [pictures[(5 * n + k) % PICTURES] for k in range(2 + n % 4)], side) for n in range(count)]


def _picture(number: int, side: int) -> bytes:
    """A JPEG with soft shapes and some grain: about 120 kB at 512 pixels."""
    random = np.random.default_rng(number)
    shapes = Image.fromarray(random.integers(0, 256, (24, 24, 3), dtype=np.uint8)).resize(
        (side, side), Image.Resampling.BICUBIC
    )
    grain = random.normal(0, 11, (side, side, 3))
    pixels = np.clip(np.asarray(shapes, dtype=np.float64) + grain, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=88)
    return stream.getvalue()


def _row(number: int, images: Sequence[bytes], side: int) -> TrainingRow:
    hashes = [sha256(image).hexdigest() for image in images]
    segments = [_segment("instruction", f"Draw {number}. {WORDS}", -1)]
    for n in range(len(images)):
        segments += [_segment("generation", None, n), _segment("evaluation", WORDS, -1)]
    return TrainingRow(
        id=f"row-{number}",
        schema_version="traj/2",
        mode="reflection",
        task="t2i",
        category="color",
        instruction=f"Draw {number}.",
        explanation=None,
        source="made up",
        licence="CC0-1.0",
        images=tuple(ImageCell(image, f"{name[:16]}.jpg") for name, image in zip(hashes, images, strict=True)),
        segments=tuple(segments),
        image_meta=tuple(ImageFacts(name, name, side, side, "JPEG", "generated") for name in hashes),
        scores=(),
        applicable_axes=("instruction",),
        n_images=len(images),
        n_text_chars=len(WORDS) * (1 + len(images)),
        leak_group="g",
        provenance="{}",
        content_hash=f"{number:08x}",
    )


def _segment(kind: str, text: str | None, image: int) -> RowSegment:
    return RowSegment(
        type="image" if text is None else "text",
        role="user" if kind == "instruction" else "assistant",
        kind=kind,
        index=max(image, 0),
        text=text,
        image_index=image,
        payload=None,
        inputs=(),
        made_by=None,
        against=None,
        loss=0.0 if kind == "instruction" else 1.0,
        vae=True,
        vit=True,
        cfg_drop=False,
        next_special="end",
    )


def write_parquet(rows: Sequence[TrainingRow], folder: Path, per_group: int) -> None:
    """Shards as `x2i build` writes them: text zstd, images as they are."""
    folder.mkdir(parents=True)
    schema = with_metadata("sft", "{}")
    text = [leaf for leaf, kind in leaves(schema) if not pa.types.is_binary(kind)]
    codecs = {leaf: "ZSTD" if leaf in text else "NONE" for leaf, _ in leaves(schema)}
    for n, part in enumerate(_parts(rows)):
        path = folder / f"train-{n:05}-of-{FILES:05}.parquet"
        with pq.ParquetWriter(path, schema, compression=codecs, use_dictionary=text, write_statistics=text) as writer:
            for start in range(0, len(part), per_group):
                group = [row.columns() for row in part[start : start + per_group]]
                writer.write_table(pa.Table.from_pylist(group, schema=schema), row_group_size=per_group)


def write_tars(rows: Sequence[TrainingRow], folder: Path) -> None:
    """WebDataset shards: a JSON of the row's texts, and a file an image."""
    folder.mkdir(parents=True)
    for n, part in enumerate(_parts(rows)):
        with tarfile.open(folder / f"train-{n:05}.tar", "w") as tar:
            for row in part:
                _add(tar, f"{row.id}.json", _texts(row).encode())
                for k, image in enumerate(row.images):
                    _add(tar, f"{row.id}.{k}.jpg", image.bytes)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def write_mds(rows: Sequence[TrainingRow], folder: Path) -> None:
    """MosaicML streaming's files: images packed in one column, with their sizes."""
    from benchmarks.loader_readers import mosaic

    columns = {"row": "str", "sizes": "str", "images": "bytes"}
    with mosaic().MDSWriter(out=str(folder), columns=columns, size_limit=64 << 20) as writer:
        for row in rows:
            images = [image.bytes for image in row.images]
            writer.write({"row": _texts(row), "sizes": json.dumps([*map(len, images)]), "images": b"".join(images)})


def _texts(row: TrainingRow) -> str:
    return json.dumps({name: value for name, value in row.columns().items() if name != "images"})


def _parts(rows: Sequence[TrainingRow]) -> list[Sequence[TrainingRow]]:
    size = -(-len(rows) // FILES)
    return [rows[n * size : (n + 1) * size] for n in range(FILES)]
