"""WebDataset, readable by Energon: tar files with a JSON and the images of each row.

In: rows of `traj/2`. Out: `SPLIT/SPLIT-000000.tar`, each row as `ID.json` and `ID.N.png` (N: the number of the image in the row),
in that order; `.nv-meta/sample_loader.py`, by which Energon makes interleaved samples. Bytes follow from the rows alone.

    {"images": ["0.png", null, ...], "texts": [null, "...", ...], "loss": [0, 1, ...], "roles": [...], "files": [...], "x2i": {...}}
"""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from training.export.parts import CARRIED
from training.export.place import ExportPlace
from training.export.problem import ExportProblem
from training.export.sinks import suffix_of
from training.row import NO_IMAGE, TrainingRow, read_row

_SHARD_BYTES = 256 << 20
_SHARD_ROWS = 10_000
_OWN = ("text", "image_index", "loss", "role", "type")

_LOADER = '''"""How Energon reads these files: `sample_loader` makes an interleaved sample, `part_filter` says what it needs."""


def sample_loader(sample: dict) -> dict:
    """Images and texts in order, one of the two None in each place; `loss` beside them."""
    row = sample["json"]
    return {
        "__key__": sample["__key__"],
        "images": [name and sample[name] for name in row["images"]],
        "texts": row["texts"],
        "loss": row["loss"],
    }


def part_filter(part: str) -> bool:
    """All parts of a sample are read."""
    return True
'''


def write(split: str, rows: Iterable[TrainingRow], place: ExportPlace) -> int:
    """Write the rows of a split; returns how many."""
    folder = place.folder / split
    folder.mkdir()
    rest, count, number = iter(rows), 0, 0
    row = next(rest, None)
    while row is not None:
        path = folder / f"{split}-{number:06d}.tar"
        with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
            held = size = 0
            while row is not None and size < _SHARD_BYTES and held < _SHARD_ROWS:
                for name, data in members(row):
                    _put(tar, name, data)
                    size += len(data)
                held, row = held + 1, next(rest, None)
        count, number = count + held, number + 1
    return count


def finish(place: ExportPlace) -> None:
    """Write what Energon needs beside the tar files; `energon prepare` adds its index."""
    for folder in sorted(path for path in place.folder.iterdir() if path.is_dir()):
        meta = folder / ".nv-meta"
        meta.mkdir()
        (meta / "sample_loader.py").write_text(_LOADER, encoding="utf-8")


def members(row: TrainingRow) -> Iterator[tuple[str, bytes]]:
    """The names and bytes of a row's files. Raises ExportProblem where its id is no name of a file."""
    if "." in row.id or "/" in row.id:
        raise ExportProblem(f"row {row.id}: an id with a dot or a slash cannot be told from the names of its files")
    names = [f"{n}.{suffix_of(cell.bytes)}" for n, cell in enumerate(row.images)]
    columns = row.columns()
    columns["images"] = [cell["path"] for cell in columns["images"]]
    segments = columns["segments"]
    facts: dict[str, Any] = {
        "images": [None if s["image_index"] == NO_IMAGE else names[s["image_index"]] for s in segments],
        "texts": [s["text"] for s in segments],
        "loss": [s["loss"] for s in segments],
        "roles": [s["role"] for s in segments],
        "files": names,
    }
    for segment in segments:
        for name in _OWN:
            del segment[name]
    yield f"{row.id}.json", json.dumps({**facts, CARRIED: columns}, ensure_ascii=False).encode()
    yield from ((f"{row.id}.{name}", cell.bytes) for name, cell in zip(names, row.images, strict=True))


def row_of(files: dict[str, bytes], where: str) -> TrainingRow:
    """The row of these files, by their names without the id (`json`, `0.png`). Raises ExportProblem."""
    try:
        facts = json.loads(files["json"])
        columns = facts[CARRIED]
        cells = [{"bytes": files[name], "path": p} for name, p in zip(facts["files"], columns["images"], strict=True)]
    except KeyError as error:
        raise ExportProblem(f"{where}: there is no {error.args[0]} in it; export it again") from error
    each = zip(columns["segments"], facts["images"], facts["texts"], facts["loss"], facts["roles"], strict=True)
    for segment, image, text, loss, role in each:
        index = NO_IMAGE if image is None else facts["files"].index(image)
        kind = "text" if image is None else "image"
        segment.update(type=kind, role=role, text=text, image_index=index, loss=float(loss))
    return read_row({**columns, "images": cells}, where)


def read(path: Path) -> Iterator[TrainingRow]:
    """The rows of a tar file that `write` wrote, in order. Raises ExportProblem."""
    files: dict[str, bytes] = {}
    key = ""
    with tarfile.open(path) as tar:
        for member in tar:
            stem, _, name = member.name.partition(".")
            if stem != key and files:
                yield row_of(files, f"{path}: {key}")
                files = {}
            key = stem
            data = tar.extractfile(member)
            files[name] = data.read() if data is not None else b""
    if files:
        yield row_of(files, f"{path}: {key}")


def _put(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))
