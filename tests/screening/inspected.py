"""A source with faults of every kind, and what a look at it finds."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from pipeline.screening.screen import Screen
from pipeline.sources.spec import TableSpec
from pipeline.views.inspection.findings import Inspection, gather
from pipeline.views.inspection.guessing import guess_table
from pipeline.views.inspection.looking import count_rows, see_table

from .rows import encoded, scene, spec

TEXTS = (
    "make it snowy",
    "add a hat to the tower",
    "Ändere bitte die Farbe des Kastens in ein dunkles Blau",
    "a porn poster",
)
ROWS = 60


def write_source(folder: Path) -> Path:
    """60 edits in three row groups: some repeated, one torn, one blank, one from an evaluation set, some without a licence."""
    rows = []
    for n in range(ROWS):
        picture = encoded(Image.new("RGB", (64, 48), "white") if n == 7 else scene(n % 50).resize((128, 96)))
        text = "Remove one dog, please" if n == 20 else TEXTS[n % 3] if n != 41 else TEXTS[3]
        cell = {"bytes": picture[: 200 if n == 33 else None], "path": None}
        rows.append({"edit_prompt": text, "source_image": cell, "license": "mit" if n % 5 else None})
    pq.write_table(pa.Table.from_pylist(rows), folder / "edits.parquet", row_group_size=20)
    return folder / "edits.parquet"


def evaluation_set(folder: Path) -> TableSpec:
    (folder / "set.jsonl").write_text(json.dumps({"prompt": "Remove one dog"}))
    return guess_table(str(folder / "set.jsonl"), {}, None)


def inspected(folder: Path, most: int | None = None) -> Inspection:
    table = guess_table(str(write_source(folder)), {}, None)
    screens = spec(
        duplicates={"exact": True, "near_text": 0.85, "near_images": 3},
        decontaminate=[evaluation_set(folder).model_dump()],
        images={"min_contrast": 2},
        unsafe={"words": True},
    )
    found = Inspection(table.name, table.path, count_rows(table), most, False, ["set"])
    with Screen(screens, None) as screen:
        return gather(found, see_table(table, most, 2), screen)
