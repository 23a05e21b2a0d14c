"""What an output must hold, built again from its record: tampering that keeps the checksums right shows as a difference.

In: rows of `record`, `run.json`, and the sha256 of each view made again from the store. Out: trajectories, the `Content` that
follows from them, and which columns of a stored row differ from the row built again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256 as hashed
from pathlib import Path
from typing import Any

from pipeline.manifest.forms import Product
from pipeline.manifest.spec import Manifest
from pipeline.output import pairs, record, run_json
from pipeline.output.chosen import choose
from pipeline.output.cut import Fate
from pipeline.output.frame import RunFrame, Unit, frame_of
from pipeline.output.parts import Part, build_row, parts
from pipeline.output.record import Recorded
from pipeline.output.run_json import RunSummary
from pipeline.output.view import Views

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Content:
    """What follows from the record: fates by quota, rows in their order, and what `run.json` must say."""

    frame: RunFrame
    fates: Mapping[str, Fate]
    parts: Sequence[Part]
    summary: RunSummary


@dataclass(frozen=True)
class Expected:
    """What one file is compared with: units by id, and by image the sha256 of its view where it could be made again."""

    frame: RunFrame
    units: Mapping[str, Unit]
    views: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _HeldViews(Views):
    """Views that are in memory already."""

    held: Mapping[str, bytes]

    def get(self, sha256: str) -> bytes:
        return self.held.get(sha256, b"")


def read_record(row: Row, file: str) -> Recorded:
    """A row of the record as it was before it was written. Raises ValueError, TypeError or KeyError when it is none."""
    read = record.read_row(row, file)
    if record.row(Unit(read.trajectory.sample.id, read.trajectory, read.fate)) != row:
        raise ValueError("it is not as this program writes it")
    return read


def manifest_of(summary: RunSummary) -> Manifest:
    """The manifest an output was built from. Raises ValueError when run.json holds none."""
    return Manifest.model_validate(summary.manifest)


def rebuild(written: RunSummary, manifest: Manifest, rows: Sequence[Recorded]) -> Content:
    """All that follows from the record. Raises ValueError or LookupError when a trajectory cannot have been written."""
    frame = frame_of(manifest, written.fingerprint, written.prompts, written.models)
    quota_cut = choose((r.trajectory for r in rows), manifest, written.kept_before)
    by_id = {r.trajectory.sample.id: r.trajectory for r in rows}
    planned = [(by_id[name], fate) for name, fate in quota_cut.fates.items()]
    summary = run_json.summary(
        manifest, frame, quota_cut, planned, written.files, written.store, written.left_out, written.kept_before
    )
    beyond = {"beyond_cut": written.counts.get("beyond_cut", 0)}  # they are not in the record
    summary = summary.model_copy(update={"counts": summary.counts | beyond})
    return Content(frame, quota_cut.fates, parts(planned, frame), summary)


def differences(product: Product, row: Row, unit: Unit, expected: Expected) -> list[str]:
    """The columns in which `row` is not the row of `unit`. Where an image is lost, the view in the row is taken as it is."""
    cells = _cells(product, row)
    by_hash = {hashed(data).hexdigest(): data for data in cells}
    in_place = dict(reversed(list(zip(unit.images, cells, strict=False))))  # of equal images the first counts
    held = {
        sha256: by_hash.get(expected.views[sha256], b"") if sha256 in expected.views else in_place.get(sha256, b"")
        for sha256 in unit.images
    }
    built = build_row(product, unit, expected.frame, _HeldViews(Path(), held))
    return [name for column in built for name in _differing_names(column, built[column], row[column])]


def _differing_names(name: str, expected: Any, actual: Any) -> list[str]:
    if expected == actual:
        return []
    if isinstance(expected, dict) and isinstance(actual, dict) and "bytes" not in expected:
        return [f"{name}.{key}" for key in expected if expected[key] != actual.get(key)]
    return [name]


def _cells(product: Product, row: Row) -> list[bytes]:
    """The encoded images of a row, in the order of its unit's."""
    if product not in ("pairs", "edit_pairs"):
        return [cell["bytes"] for cell in row["images"]]
    two = [row["jpg_0"], row["jpg_1"]]
    best = pairs.chosen_place(row["id"])
    return [*(cell["bytes"] for cell in row["references"]), two[best], two[1 - best]]
