"""Finds out how to read a file that no manifest speaks of. In: a path, and what the user says of it. Out: a `TableSpec`.

PRESET=PATH names a preset. Else what is not said is guessed from well-known names of columns, and the guess is said.
"""

import os
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from pipeline.errors import BuildError
from pipeline.manifest import presets
from pipeline.sources import table
from pipeline.sources.bad_row import BadRow
from pipeline.sources.columns import check_table
from pipeline.sources.files import SUFFIXES, TableError, list_files
from pipeline.sources.opening import COMPRESSED
from pipeline.sources.readers import parquet
from pipeline.sources.remote import is_remote
from pipeline.sources.spec import Columns, TableSpec
from pipeline.typed import suggestion

_NAMES: Mapping[str, str] = {
    "instruction": "instruction prompt edit_prompt caption edit text instruction_en ins_en en short_description",
    "references": "references source_image input_images input_image ori_img image_file image input",
    "category": "category edit_type task_type subtask type tag task",
    "licence": "licence license",
    "explanation": "explanation explain_en",
}
NO_PICTURES: Mapping[str, object] = {"images": None, "columns": {"references": None, "first": None}}
_LOOKED_AT = 20  # rows in which columns are looked for


def preset_of(source: str) -> tuple[str, str] | None:
    """The preset and the path of PRESET=PATH; None where `source` names no preset."""
    name, equals, path = source.partition("=")
    known = name in presets.names() or name.endswith((".yaml", ".yml"))
    return (name, path) if equals and path and known else None


def preset_table(name: str, path: str, said: Mapping[str, str], images: str | None) -> TableSpec:
    """`path` read by a preset. Raises BuildError, also where the files lack what the preset names."""
    entry: dict[str, object] = {"preset": name, "path": _absolute(path), "columns": dict(said)}
    if images is not None:
        entry["images"] = {"root": os.path.abspath(images)}
    spec = _spec(presets.fill_in(entry, Path.cwd()))
    if spec.images is not None and images is None:
        beside = os.path.join(path if os.path.isdir(path) else os.path.dirname(path), spec.images.root)
        spec = spec.model_copy(update={"images": spec.images.model_copy(update={"root": os.path.abspath(beside)})})
        if not os.path.isdir(beside):
            raise BuildError(f"{name}: {beside}: no such folder; say --images FOLDER, below which the pictures lie")
    if problems := check_table(spec):
        raise BuildError("\n".join(f"{name}: {field}: {text}" for field, text in problems))
    return spec


def without_pictures(name: str, path: str) -> TableSpec | None:
    """The prompts of `path` by a preset; None where there is no such preset."""
    if preset_of(f"{name}={path}") is None:
        return None
    return _spec(presets.fill_in({"preset": name, "path": _absolute(path), **NO_PICTURES}, Path.cwd()))


def guess_table(path: str, said: Mapping[str, str], images: str | None) -> TableSpec:
    """How to read `path`. `said`: field -> column; `images`: the folder below which pictures lie. Raises BuildError."""
    for field in said:
        if field not in Columns.model_fields:
            raise BuildError(f"--column: {field} is no field; {suggestion(field, Columns.model_fields, 'fields')}")
    trial = _spec(
        {"kind": _kind_of(path), "name": _name(path), "path": _absolute(path), "columns": {"instruction": "?"}}
    )
    try:
        columns = _columns(trial)
    except TableError as error:
        raise BuildError(str(error)) from error
    mapping = dict(said)
    for field, names in _NAMES.items():
        usable = columns if field != "references" or images else {name for name, holds in columns.items() if holds}
        if (
            field not in mapping
            and (found := next((name for name in names.split() if name in usable), None)) is not None
        ):
            mapping[field] = found
    if "instruction" not in mapping:
        known = ", ".join(sorted(columns)[:20]) or "none"
        raise BuildError(
            f"{path}: no column is known to hold the instruction; say --column instruction=COLUMN of {known}"
        )
    further = {"images": {"root": os.path.abspath(images)}} if images else {}
    return _spec(trial.model_dump() | {"columns": mapping} | further)


def say_mapping(spec: TableSpec, said: Iterable[str]) -> str:
    """Which columns were guessed, as a sentence; empty where none was."""
    guessed = [
        f"{' or '.join(columns)} as {field}"
        for field, columns in spec.columns.by_field().items()
        if field not in set(said)
    ]
    return f"Read {', '.join(guessed)}; --column FIELD=COLUMN says otherwise." if guessed else ""


def _spec(values: Mapping[str, object]) -> TableSpec:
    try:
        return TableSpec.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise BuildError(
            f"{'.'.join(map(str, first['loc']))}: {first['msg']}; describe the file in a manifest"
        ) from error


def _name(path: str) -> str:
    return Path(_unpacked(path.rstrip("/"))).stem or "source"


def _absolute(path: str) -> str:
    return path if is_remote(path) else os.path.abspath(path)


def _kind_of(path: str) -> str:
    names = [path]
    if os.path.isdir(path):
        names = [name for _, _, files in os.walk(path) for name in files]
    elif not is_remote(path) and not os.path.exists(path) and not any(sign in path for sign in "*?["):
        before, equals, after = path.partition("=")
        if equals and os.path.exists(after):
            raise BuildError(f"{before} is no preset; {suggestion(before, presets.names(), 'presets')}")
        raise BuildError(f"{path}: no such file; name a file, PRESET=PATH, or a source with --manifest")
    for kind, suffixes in SUFFIXES.items():
        if any(_unpacked(name.lower()).endswith(suffixes) for name in names):
            return kind
    known = ", ".join(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)
    raise BuildError(f"{path}: not a kind of file that is known by its name ({known}); describe it in a manifest")


def _unpacked(name: str) -> str:
    return next((name.removesuffix(suffix) for suffix in COMPRESSED if name.endswith(suffix)), name)


def _columns(spec: TableSpec) -> dict[str, bool]:
    """The columns, and whether each holds pictures themselves."""
    if spec.kind == "parquet":
        fields = parquet.schema(list_files(spec)[0].path)
        return {field.name: _holds_pictures(field.type) for field in fields}
    found: dict[str, bool] = {}
    problem = f"{spec.path}: no rows; supply data"
    for place, cells in islice(table.rows(spec), _LOOKED_AT):
        if isinstance(cells, BadRow):
            problem = cells.line(place)
        else:
            found |= dict.fromkeys(cells, False)
    if not found:
        raise BuildError(problem)
    return found


def _holds_pictures(kind: pa.DataType) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds_pictures(kind.value_type)
    if pa.types.is_struct(kind):
        return any(kind.field(n).name == "bytes" for n in range(kind.num_fields))
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
