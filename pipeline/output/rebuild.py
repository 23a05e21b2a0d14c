"""What an output must hold, built again from its record: tampering that keeps the checksums right shows as a difference.

In: rows of `record`, `run.json`, and the sha256 of each view made again from the store. Out: trajectories, the `Content` that
follows from them, and which columns of a stored row differ from the row built again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256 as hashed
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from pipeline.manifest.spec import Manifest
from pipeline.output import record, run_json
from pipeline.output.cut import FATES, Fate, cut, finished
from pipeline.output.frame import RunFrame, Unit, frame_of
from pipeline.output.parts import Part, build_row, parts
from pipeline.output.run_json import RunSummary
from pipeline.output.schema import Product
from pipeline.output.view import Views
from stages.ladder import FAILURE_REASONS
from stages.records import Status, Trajectory, payload_from

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Told:
    """A row of the record: in which file, the trajectory it holds, and the fate it names."""

    file: str
    trajectory: Trajectory
    fate: Fate


@dataclass(frozen=True)
class Content:
    """What follows from the record: fates by quota, rows in their order, and what `run.json` must say."""

    frame: RunFrame
    fates: Mapping[str, Fate]
    parts: Sequence[Part]
    summary: RunSummary


@dataclass(frozen=True)
class Expected:
    """What one file is compared with: units by id, and by original the sha256 of its view where it could be made again."""

    frame: RunFrame
    units: Mapping[str, Unit]
    views: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Known(Views):
    """Views that are held already."""

    held: Mapping[str, bytes]

    def get(self, sha256: str) -> bytes:
        return self.held.get(sha256, b"")


@cache
def _reader() -> TypeAdapter[Trajectory]:
    return TypeAdapter(Trajectory)


def read_record(row: Row, file: str) -> Told:
    """A row of the record as it was before it was written. Raises ValueError, TypeError or KeyError when it is none."""
    if row["status"] not in FATES:
        raise ValueError(f"status {row['status']!r} is unknown")
    own = ("instruction", "explanation", "applicable_axes", "task", "category", "width", "height", "licence")
    sample = {name: row[name] for name in ("id", "source", "row_id", *own, "leak_group", "split", "climb")}
    sample["references"] = [_image(sha256) for sha256 in row["references"]]
    sample["first"] = _image(row["first"])
    sample["checker"] = {"style": row["checker_style"], "spec": row["checker_spec"]}
    said = {name: row[name] for name in ("rank", "mode", "reason", "detail")}
    events = [_event(e) for e in row["events"]]
    t = _reader().validate_python({**said, "sample": sample, "status": _status(row["reason"]), "events": events})
    if record.row(Unit(t.sample.id, t, row["status"])) != row:
        raise ValueError("it is not as this program writes it")
    return Told(file, t, row["status"])


def _status(reason: str | None) -> Status:
    if reason is None:
        return "accepted"
    return "failed" if reason in FAILURE_REASONS else "discarded"


def _event(e: Row) -> dict[str, Any]:
    said = {name: value for name, value in e.items() if name != "image_sha256"}
    return said | {"image": _image(e["image_sha256"]), "payload": e["payload"] and payload_from(e["payload"])}


def _image(sha256: str | None) -> dict[str, Any] | None:
    """Size and format are not in the record, and no row is made from them."""
    return None if sha256 is None else {"sha256": sha256, "width": 0, "height": 0, "format": ""}


def manifest_of(said: RunSummary) -> Manifest:
    """The manifest an output was built from. Raises ValueError when run.json holds none."""
    return Manifest.model_validate(said.manifest)


def rebuild(said: RunSummary, manifest: Manifest, told: Sequence[Told]) -> Content:
    """All that follows from the record. Raises ValueError or LookupError when a trajectory cannot have been written."""
    frame = frame_of(manifest, said.fingerprint, said.prompts, said.models)
    made = cut((finished(r.trajectory) for r in told), manifest.quotas)
    by_id = {r.trajectory.sample.id: r.trajectory for r in told}
    planned = [(by_id[name], fate) for name, fate in made.fates.items()]
    summary = run_json.summary(manifest, frame, made, planned, said.files, said.store)
    beyond = {"beyond_cut": said.counts.get("beyond_cut", 0)}  # they are not in the record
    summary = summary.model_copy(update={"counts": summary.counts | beyond})
    return Content(frame, made.fates, parts(planned, frame), summary)


def differences(product: Product, row: Row, unit: Unit, expected: Expected) -> list[str]:
    """The columns in which `row` is not the row of `unit`. Where an original is lost, the view in the row is taken as it is."""
    cells = _cells(product, row)
    by_hash = {hashed(data).hexdigest(): data for data in cells}
    in_place = dict(reversed(list(zip(unit.images, cells, strict=False))))  # of equal originals the first counts
    held = {
        original: by_hash.get(expected.views[original], b"")
        if original in expected.views
        else in_place.get(original, b"")
        for original in unit.images
    }
    built = build_row(product, unit, expected.frame, _Known(Path(), held))
    return [name for column in built for name in _differing(column, built[column], row[column])]


def _differing(name: str, wanted: Any, found: Any) -> list[str]:
    if wanted == found:
        return []
    if isinstance(wanted, dict) and isinstance(found, dict) and "bytes" not in wanted:
        return [f"{name}.{key}" for key in wanted if wanted[key] != found.get(key)]
    return [name]


def _cells(product: Product, row: Row) -> list[bytes]:
    cells = [*row["references"], row["chosen"], row["rejected"]] if product == "pairs" else row["images"]
    return [cell["bytes"] for cell in cells]
