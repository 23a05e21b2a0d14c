"""Sets of Hugging Face's: what `datasets` saved to disk, a folder that it loads, or a set on the Hub, streamed.

In: a `TableSpec` of kind huggingface, whose path is a folder or a name such as `lab/set`. Out: one chunk, its rows in the order of
the set, images as `{bytes, path}`. A path in a row is read only where it leads into the set itself. Raises TableError.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import fsspec
import pyarrow as pa

from pipeline.sources.bad_row import BadRow, quote
from pipeline.sources.chunk import Cells, Chunk, Numbered
from pipeline.sources.digest import hash_folder
from pipeline.sources.files import SourceFile
from pipeline.sources.spec import TableSpec
from pipeline.sources.table_error import TableError

NAME = re.compile(r"[\w.-]+/[\w.-]+")
"""How a set on the Hub is called."""
_SAVED = ("state.json", "dataset_dict.json")
_TRAIN = "train"


def chunk_of(spec: TableSpec) -> Chunk:
    """The one chunk of a set."""
    return Chunk(spec, SourceFile(spec.path, os.path.basename(spec.path)))


def read(chunk: Chunk) -> Numbered:
    """The rows of a set, of the columns that are used. Raises TableError."""
    spec = chunk.spec
    with _named(spec):
        rows = _load(spec)
        for number, row in enumerate(rows, 1):
            yield number, _fill(row, spec)


def identity(spec: TableSpec) -> str:
    """What changes with the content: a hash of the files of a folder, the commit of a set on the Hub. Raises TableError."""
    if os.path.isdir(spec.path):
        return hash_folder(spec.path)
    with _named(spec):
        api = _need("huggingface_hub").HfApi()
        return str(api.dataset_info(spec.path, revision=spec.revision).sha)


def _need(module: str) -> Any:
    try:
        return import_module(module)
    except ImportError as error:
        problem = f"kind huggingface needs {module}, which is not installed; run pip install 'x2i-ladder[sources]'"
        raise TableError(module, problem) from error


@contextmanager
def _named(spec: TableSpec) -> Iterator[None]:
    datasets = _need("datasets")
    try:
        yield
    except (OSError, ValueError, pa.ArrowException, datasets.exceptions.DatasetsError) as error:
        words = " ".join(str(error).split())[:300]
        problem = f"cannot be loaded ({words}); name a folder that datasets can load, or a set on the Hub, and its subset and split"
        raise TableError(spec.path, problem) from error


def _load(spec: TableSpec) -> Any:
    datasets = _need("datasets")
    if any(os.path.isfile(os.path.join(spec.path, name)) for name in _SAVED):
        loaded = datasets.load_from_disk(spec.path)
    else:
        loaded = datasets.load_dataset(spec.path, spec.subset, revision=spec.revision, streaming=True)
    rows = _choose_split(loaded, spec)
    features = rows.features or rows._resolve_features().features
    rows = rows.cast(datasets.Features({name: _as_stored(kind, datasets) for name, kind in features.items()}))
    used = {name for column in spec.columns_to_read() for name in (column, column.split(".")[0])}
    return rows.select_columns([name for name in features if name in used])


def _choose_split(loaded: Any, spec: TableSpec) -> Any:
    if not isinstance(loaded, Mapping):
        return loaded
    split = spec.split or (_TRAIN if _TRAIN in loaded else next(iter(loaded)) if len(loaded) == 1 else None)
    if split is None or split not in loaded:
        asked = f"no split {split}" if split else "several splits"
        raise TableError(spec.path, f"has {asked}; say split, one of {', '.join(loaded)}")
    return loaded[split]


def _as_stored(kind: Any, datasets: Any) -> Any:
    """The type of a column in which images are not decoded: decoding and encoding again would change them."""
    if isinstance(kind, datasets.Image):
        return datasets.Image(decode=False)
    if isinstance(kind, dict):
        return {name: _as_stored(inner, datasets) for name, inner in kind.items()}
    if isinstance(kind, datasets.List | datasets.LargeList):
        return type(kind)(_as_stored(kind.feature, datasets))
    return kind


def _fill(row: Mapping[str, Any], spec: TableSpec) -> Cells:
    try:
        return {name: _read_paths(value, name, spec) for name, value in row.items()}
    except BadRow as error:
        error.rest = {name: value for name, value in row.items() if not isinstance(value, dict | list)}
        return error


def _read_paths(value: Any, column: str, spec: TableSpec) -> Any:
    """The value with images that are named by a path read in."""
    if isinstance(value, list):
        return [_read_paths(inner, column, spec) for inner in value]
    if not isinstance(value, dict) or set(value) != {"bytes", "path"}:
        return value
    if value["bytes"] is not None or value["path"] is None:
        return value
    path = str(value["path"])
    if not _leads_into(path, spec):
        if spec.images is not None:  # a path below the folder that the manifest names
            return value
        raise BadRow(column, f"{quote(path)} leads out of the set", "embed the image, or declare images.root")
    try:
        with fsspec.open(path, "rb") as file:
            return {"bytes": file.read(), "path": None}
    except (OSError, ValueError) as error:
        raise BadRow(column, f"{quote(path)} cannot be read ({error})", "add the file to the set") from error


def _leads_into(path: str, spec: TableSpec) -> bool:
    if path.startswith(f"hf://datasets/{spec.path}"):
        return ".." not in path.split("/")
    folder = os.path.realpath(spec.path)
    return os.path.isdir(folder) and os.path.realpath(path).startswith(folder + os.sep)
