"""Writes compounds as a source like any other. In: compounds, the store with their references, a folder. Out: files in it.

`compounds.jsonl` or `.parquet`   one row a compound: id, instruction, references, category, licence, explanation; `parts`, and
                                  `parents`: source, row id, instruction, sub-category and licence of each row it was made of
`images/`                         the references, which rows name by path
`source.yaml`                     what to put under `sources` of a manifest
`compose.json`                    how many were made and what was left out
"""

import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from pipeline.composing.compounds import Compound
from pipeline.storage.files import aside, write_synced
from pipeline.storage.image_store import ImageStore
from stages.records import ImageRef

Form = Literal["jsonl", "parquet"]
_PARENT = pa.struct([(name, pa.string()) for name in ("source", "row_id", "instruction", "category", "licence")])
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "instruction")),
        ("references", pa.list_(pa.string())),
        *((name, pa.string()) for name in ("category", "licence", "explanation", "worded")),
        ("parts", pa.list_(pa.string())),
        ("parents", pa.list_(_PARENT)),
    ]
)
_COLUMNS = ("instruction", "references", "category", "licence", "explanation")


def row(compound: Compound) -> dict[str, Any]:
    """The row of a compound."""
    return {
        "id": compound.id,
        "instruction": compound.instruction,
        "references": [_name(reference) for reference in compound.references],
        "category": compound.category,
        "licence": compound.licence,
        "explanation": compound.explanation,
        "worded": compound.worded,
        "parts": list(compound.parts),
        "parents": [
            {
                "source": parent.source,
                "row_id": parent.row_id,
                "instruction": parent.instruction,
                "category": parent.clause.category,
                "licence": parent.licence,
            }
            for parent in compound.parents
        ],
    }


def write(
    compounds: Sequence[Compound], store: ImageStore, out: Path, form: Form, left_out: Mapping[str, int]
) -> dict[str, Any]:
    """Write all files, the source last, and give back the figures. Raises OSError."""
    images = out / "images"
    images.mkdir(parents=True, exist_ok=True)
    for reference in {reference for compound in compounds for reference in compound.references}:
        _write_image(reference, store, out)
    rows, figures = [row(compound) for compound in compounds], summary(compounds, left_out)
    with aside(out) as folder:
        table = folder / f"compounds.{form}"
        if form == "jsonl":
            write_synced(table, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows))
        else:
            pq.write_table(pa.Table.from_pylist(rows, SCHEMA), table, compression="zstd")
        write_synced(folder / "compose.json", json.dumps(figures, indent=2) + "\n")
        write_synced(folder / "source.yaml", _source(out, form))
        for name in (table.name, "compose.json", "source.yaml"):
            os.replace(folder / name, out / name)
    return figures


def summary(compounds: Sequence[Compound], left_out: Mapping[str, int]) -> dict[str, Any]:
    """How many there are, by what people ask first."""
    return {
        "compounds": len(compounds),
        "clauses": dict(sorted(Counter(str(len(one.parts)) for one in compounds).items())),
        "references": dict(sorted(Counter(str(len(one.references)) for one in compounds).items())),
        "categories": dict(Counter(one.category for one in compounds).most_common()),
        "licences": dict(Counter(one.licence for one in compounds).most_common()),
        "worded": dict(Counter(one.worded for one in compounds).most_common()),
        "rows_left_out": dict(sorted(left_out.items())),
    }


def _name(reference: ImageRef) -> str:
    return f"images/{reference.sha256}.{'jpg' if reference.format == 'JPEG' else reference.format.lower()}"


def _write_image(reference: ImageRef, store: ImageStore, out: Path) -> None:
    path = out / _name(reference)
    if not path.exists():  # named by its content
        with aside(out / "images") as folder:
            (folder / path.name).write_bytes(store.get(reference.sha256))
            os.replace(folder / path.name, path)


def _source(out: Path, form: Form) -> str:
    place = out.resolve()
    source = {
        "kind": form,
        "name": "compounds",
        "path": str(place / f"compounds.{form}"),
        "id": "{id}",
        "columns": {name: name for name in _COLUMNS},
        "images": {"root": str(place)},
    }
    return "# A source like any other: put this under `sources` of a manifest.\n" + yaml.safe_dump(
        [source], sort_keys=False
    )
