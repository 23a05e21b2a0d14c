"""Where exported rows go: lines of JSON, Parquet in batches, image files by their content.

In: rows one by one. Out: files. Nothing is held but the batch that is being filled.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_SUFFIXES = {b"\x89PNG": "png", b"\xff\xd8\xff": "jpg", b"RIFF": "webp", b"GIF8": "gif"}
_BATCH_BYTES = 32 << 20
_BATCH_ROWS = 100


def suffix_of(data: bytes) -> str:
    """The ending of the name of a file with these bytes: png, jpg, webp, gif; `bin` for anything else."""
    return next((suffix for start, suffix in _SUFFIXES.items() if data.startswith(start)), "bin")


def keep_image(folder: Path, data: bytes) -> str:
    """Write an encoded image into `folder` under the name of its content, once; returns the name."""
    name = f"{hashlib.sha256(data).hexdigest()}.{suffix_of(data)}"
    path = folder / name[:2] / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return f"{name[:2]}/{name}"


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write each row as a line of JSON; returns how many."""
    count = 0
    with path.open("w", encoding="utf-8") as out:
        for row in rows:
            out.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
    return count


def write_parquet(path: Path, schema: Any, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write rows in groups of at most 100 rows or about 32 MiB of images; returns how many. Images are not compressed again."""
    count, size = 0, 0
    batch: list[Mapping[str, Any]] = []
    with _parquet(path, schema) as write:
        for row in rows:
            batch.append(row)
            count += 1
            size += _weight(row)
            if size >= _BATCH_BYTES or len(batch) >= _BATCH_ROWS:
                write(batch)
                batch, size = [], 0
        if batch:
            write(batch)
    return count


@contextmanager
def _parquet(path: Path, schema: Any) -> Iterator[Any]:
    with pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False, write_page_index=True) as writer:
        yield lambda batch: writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _weight(value: Any) -> int:
    """The encoded bytes within a value."""
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, Mapping):
        return sum(map(_weight, value.values()))
    return sum(map(_weight, value)) if isinstance(value, list | tuple) else 0
