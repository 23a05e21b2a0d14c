"""`manifests/README.md` is the reference of the manifest: it lists every key with its true default, and its examples load."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from PIL import Image
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from pipeline.backends.batch.spec import BatchSpec
from pipeline.backends.openai.options import Options
from pipeline.backends.openai.spec import Fallback, Provider
from pipeline.backends.world.models.skill import OPTIONS, PRESETS
from pipeline.backends.world.source import WorldSpec
from pipeline.engines.spec import EngineSpec
from pipeline.manifest.file import load
from pipeline.manifest.presets import fill_in
from pipeline.manifest.spec import Manifest, ModelSpecs
from pipeline.money.spec import Price
from pipeline.planning.plan import plan
from pipeline.sources import cells
from pipeline.sources.bad_row import Place
from pipeline.sources.mapping import Row
from pipeline.sources.mixing import SourceShare
from pipeline.sources.spec import TableSpec
from pipeline.storage.image_store import ImageStore

TEXT = (Path(__file__).parents[2] / "manifests" / "README.md").read_text("utf-8")
REQUIRED = "required"
ROLES = {role: {"model": f"world-{role}"} for role, field in ModelSpecs.model_fields.items() if field.is_required()}


def section(title: str) -> str:
    (text,) = re.findall(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    return str(text)


def table(title: str) -> dict[str, list[str]]:
    """Key -> the other cells of its line, of the one table of a section."""
    lines = [line.strip("| ").split(" | ") for line in section(title).splitlines() if line.startswith("| `")]
    assert len({cells[0] for cells in lines}) == len(lines), "a key listed twice"
    assert {len(cells) for cells in lines} <= {4, 5}
    return {cells[0].strip("`"): cells[1:] for cells in lines}


def models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in models(part)]


def default(field: FieldInfo) -> Any:
    value = field.get_default(call_default_factory=True)
    return REQUIRED if value is PydanticUndefined else value


def leaves(model: type[BaseModel], values: Any = None, prefix: str = "") -> Iterator[tuple[str, FieldInfo, Any]]:
    """Every key below `model` with its default, `values` being what stands in the model that holds it, if anything."""
    for name, field in model.model_fields.items():
        key, value = prefix + name, default(field) if values is None else getattr(values, name)
        if key == "models":
            (role,) = {inner for f in ModelSpecs.model_fields.values() for inner in models(f.annotation)}
            yield from leaves(role, None, "models.*.")
            yield from (
                (f"models.{n}", f, default(f)) for n, f in ModelSpecs.model_fields.items() if not f.is_required()
            )
        elif key in TABLES_OF_THEIR_OWN or not models(field.annotation):
            yield key, field, value
        else:
            (inner,) = models(field.annotation)
            if value is None:
                yield key, field, None
            yield from leaves(inner, value if isinstance(value, BaseModel) else None, f"{key}.")


TABLES_OF_THEIR_OWN = (
    "sources",
    "screens.decontaminate",
    "providers",
    "engines",
    "batches",
    "prices",
    "models.*.failover",
)
REFERENCE: dict[str, type[BaseModel]] = {
    "The whole": Manifest,
    "A provider: providers.NAME": Provider,
    "An engine: engines.NAME": EngineSpec,
    "A batch: batches.NAME": BatchSpec,
    "Options of a model over HTTP": Options,
    "Who is asked next: failover": Fallback,
    "A price: prices.MODEL": Price,
    "A table: all kinds but world": TableSpec,
    "The world: kind world": WorldSpec,
}


@pytest.mark.parametrize("title", list(REFERENCE))
def test_every_key_is_listed_with_its_default_and_no_other(title: str) -> None:
    listed, fields = table(title), {key: (field, value) for key, field, value in leaves(REFERENCE[title])}
    # what all kinds of sources have stands last
    assert list(listed) == sorted(fields, key=lambda key: key in SourceShare.model_fields)
    for key, (field, value) in fields.items():
        values, default_text, meaning = listed[key]
        assert meaning, key
        if value == REQUIRED:
            assert default_text == REQUIRED, key
        else:
            assert default_text.startswith("`") and default_text.endswith("`"), key  # noqa: PT018
            parsed = json.loads(json.dumps(yaml.safe_load(default_text[1:-1])))
            assert parsed == to_jsonable_python(value), key
            assert type(parsed) is type(to_jsonable_python(value)), key
        for choice in choices(field.annotation):
            assert f"`{choice}`" in values, key
        assert ("null" in values) is (type(None) in get_args(field.annotation)), key
        for bound in bounds([field.annotation, *field.metadata]):
            assert re.search(rf"(?<!\d){bound:g}(?!\d)" if bound < 10**5 else str(bound), values), (key, bound)


def choices(annotation: Any) -> Iterator[str]:
    if get_origin(annotation) is Literal:
        yield from get_args(annotation)
    else:
        for part in get_args(annotation):
            yield from choices(part)


def bounds(parts: list[Any]) -> Iterator[float]:
    for part in parts:
        yield from (getattr(part, name) for name in ("ge", "gt", "le", "lt") if getattr(part, name, None) is not None)
        if isinstance(part, FieldInfo):
            yield from bounds(part.metadata)
        yield from bounds([p for p in get_args(part) if not isinstance(p, str)])


def test_every_option_of_every_model_of_the_world_is_listed() -> None:
    text = section("Models and their options")
    (head,) = [line for line in text.splitlines() if line.startswith("| option")]
    names = [cell for cell in head.strip("| ").split(" | ") if cell.startswith("world-")]
    rows = [
        line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `") and "world-" not in line
    ]
    presets = {option.strip("`"): [float(cell.strip("`")) for cell in cells[:3]] for option, *cells in rows}
    assert presets == {option: [asdict(PRESETS[name])[option] for name in names] for option in OPTIONS}
    assert [*names, *re.findall(r"^\| `(world-[a-z-]+)`", text, re.MULTILINE)] == list(PRESETS)


def test_each_judge_is_listed_with_its_differences_from_the_analyzer() -> None:
    plain = asdict(PRESETS["world-analyzer"])
    for name, unlike in re.findall(
        r"^\| `(world-analyzer-[a-z-]+)` \| ([^|]*) \|", section("Models and their options"), re.MULTILINE
    ):
        values = {option: float(value) for option, value in re.findall(r"`([a-z_]+)` ([0-9.]+)", unlike)}
        assert values == {o: v for o, v in asdict(PRESETS[name]).items() if v != plain[o] and o != "name"}


EXAMPLES = re.findall(r"(?:```json\n([^`]*)```\n\n)?```yaml\n(.*?)```", TEXT, re.DOTALL)


def test_there_is_an_example_of_every_kind() -> None:
    kinds = {source.get("kind", "preset") for _, text in EXAMPLES for source in yaml.safe_load(text).get("sources", [])}
    assert kinds == {"jsonl", "json", "parquet", "world", "preset"}
    assert len(EXAMPLES) == TEXT.count("```yaml") == TEXT.count("```json") + 12


@pytest.mark.parametrize(("row", "text"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_loads_and_its_row_becomes_a_sample(tmp_path: Path, row: str, text: str) -> None:
    example = yaml.safe_load(text)
    world = {"kind": "world", "name": "w", "count": 2}
    (tmp_path / "m.yaml").write_text(yaml.safe_dump({"name": "m", "models": ROLES, "sources": [world]} | example))
    for evaluation in example.get("screens", {}).get("decontaminate", []):
        (tmp_path / evaluation["path"]).write_text('{"tag": "x", "include": [], "prompt": "a photo of a bench"}')
    for source in example.get("sources", []):
        if "preset" in source:
            source = fill_in(source, tmp_path)
        if source["kind"] != "world":
            write_example(tmp_path, TableSpec.model_validate(source), json.loads(row) if row else None)
    manifest = load(tmp_path / "m.yaml", ["sources.0.count=2"] if "hard" in text else [])
    planned = plan(manifest, ImageStore(str(tmp_path / "store")), 1)
    assert planned.trajectories
    assert [t.detail for t in planned.trajectories if t.status == "failed"] == []


def write_example(folder: Path, spec: TableSpec, row: Mapping[str, Any] | None) -> None:
    """Write the table of an example, with the images that its row names."""
    path = folder / spec.path
    picture = Image.new("RGB", (32, 24))
    if row is None:
        picture.save(folder / "embedded.png")
        cell = {"bytes": (folder / "embedded.png").read_bytes(), "path": None}
        meta = {"caption": "make it blue", "width": 64, "height": 48}
        pq.write_table(pa.Table.from_pylist([{"meta": meta, "image": cell}]), path)
        return
    path.write_text(json.dumps([row] if spec.kind == "json" else row))
    if spec.images is None:
        return
    read_row = Row(spec, Place("r.jsonl", 1, 1), row)
    for name, _ in cells.split_cell(read_row.value("references"), "references"):
        place = folder / spec.images.root / read_row.fill(spec.images.path, "references", image=name)
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.save(place)


def test_what_it_says_of_ids_the_cut_and_the_fingerprint() -> None:
    for word in ("`row:N`", "`counts.beyond_cut`", "`--overwrite`", "content of the images below `images.root`"):
        assert word in TEXT
    assert "](" not in TEXT
