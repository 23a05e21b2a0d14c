"""`record/4`: one row is one planned sample with everything that happened to it, unpruned; written and read here alone.

In: a trajectory and its fate; or the folder of an output. Out: a row for `pipeline.output.schema.RECORD`, in which images are named
by the hash of their rendition, and beside it that of the original where it is another file; or the trajectories and fates again, in
rank order. Whoever asks what happened to a sample reads it through `recorded`.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
from pydantic import TypeAdapter, ValidationError

from pipeline.errors import one_line
from pipeline.manifest.forms import FORMS
from pipeline.output.cut import FATES, Fate
from pipeline.output.frame import Unit
from pipeline.output.schema import RECORD
from stages.ladder import FAILURE_REASONS
from stages.records import Event, Status, payload_from, payload_json
from stages.trajectory import Trajectory

Row = Mapping[str, Any]
_BATCH = 128
_SAMPLE = ("id", "source", "row_id", "instruction", "explanation", "applicable_axes", "task", "category", "width", "height",
           "licence", "citation", "leak_group", "split", "climb", "rollout")  # fmt: skip
_OWN = ("rank", "mode", "reason", "detail", "entered", "candidate")


@dataclass(frozen=True)
class Recorded:
    """A row of the record: the trajectory it holds, the fate it names, and in which file it stands."""

    trajectory: Trajectory
    fate: Fate
    file: str = "record"


def row(unit: Unit) -> dict[str, Any]:
    """The row of `unit`. `status` is its fate; `reason` says why a discarded or failed sample, or an RL prompt, ended so."""
    t, sample = unit.trajectory, unit.trajectory.sample
    return {
        "id": sample.id,
        "rank": t.rank,
        "status": unit.fate,
        "mode": t.mode,
        "reason": t.reason,
        "detail": t.detail,
        "split": sample.split,
        "source": sample.source,
        "row_id": sample.row_id,
        "task": sample.task,
        "category": sample.category,
        "instruction": sample.instruction,
        "explanation": sample.explanation,
        "references": [ref.sha256 for ref in sample.references],
        "originals": [ref.original for ref in sample.references],
        "first": None if sample.first is None else sample.first.sha256,
        "first_original": None if sample.first is None else sample.first.original,
        "applicable_axes": list(sample.applicable_axes),
        "width": sample.width,
        "height": sample.height,
        "licence": sample.licence,
        "citation": sample.citation,
        "leak_group": sample.leak_group,
        "rollout": sample.rollout,
        "group": sample.group,
        "climb": sample.climb,
        "checker_style": sample.checker.style,
        "checker_spec": sample.checker.spec,
        "entered": list(t.entered),
        "candidate": t.candidate,
        "events": [_event(e) for e in t.events],
    }


def images(t: Trajectory) -> Iterator[str]:
    """Every image the row of `t` names."""
    yield from (ref.sha256 for ref in t.sample.references)
    if t.sample.first is not None:
        yield t.sample.first.sha256
    for event in t.events:
        yield from event.inputs
        if event.image is not None:
            yield event.image.sha256


def originals(t: Trajectory) -> Iterator[tuple[str, str]]:
    """Of every image the row of `t` names that came as another file: the hash of its rendition, and that of the file."""
    made = [event.image for event in t.events]
    for ref in (*t.sample.references, t.sample.first, *made):
        if ref is not None and ref.original is not None:
            yield ref.sha256, ref.original


def text_bytes(t: Trajectory) -> int:
    """About how many bytes of text a row about `t` holds. Cheaper than building the row, and as good for planning."""
    event_bytes = sum(len(payload_json(e.payload)) + 400 if e.payload else 400 for e in t.events)
    return (
        1000 + 3 * len(t.sample.instruction) + len(t.sample.explanation or "") + len(t.detail or "") + 2 * event_bytes
    )


def _event(e: Event) -> dict[str, Any]:
    return {
        "kind": e.kind,
        "index": e.index,
        "attempt": e.attempt,
        "station": e.station,
        "try_number": e.try_number,
        "from_try": e.from_try,
        "pruned": e.pruned,
        "against": e.against,
        "payload": None if e.payload is None else payload_json(e.payload),
        "image_sha256": None if e.image is None else e.image.sha256,
        "image_original": None if e.image is None else e.image.original,
        "inputs": list(e.inputs),
        "made_by": e.made_by,
        "prompt": e.prompt,
        "prompt_sha256": e.prompt_sha256,
        "seed": e.seed,
        "call_key": e.call_key,
        "voice": list(e.voice),
        "voice_before": list(e.voice_before),
        "tokens": e.tokens,
    }


def read_row(row: Row, file: str = "record") -> Recorded:
    """A row as it was before it was written. Raises ValueError, TypeError or KeyError when it is none."""
    if row["status"] not in FATES:
        raise ValueError(f"status {row['status']!r} is unknown")
    sample = {name: row[name] for name in _SAMPLE}
    sample["references"] = [_image(*pair) for pair in zip(row["references"], row["originals"], strict=True)]
    sample["first"] = _image(row["first"], row["first_original"])
    sample["rollout_of"] = None if row["group"] == row["id"] else row["group"]
    sample["checker"] = {"style": row["checker_style"], "spec": row["checker_spec"]}
    own = {name: row[name] for name in _OWN}
    events = [_read_event(e) for e in row["events"]]
    t = _reader().validate_python({**own, "sample": sample, "status": _status(row["reason"]), "events": events})
    return Recorded(t, row["status"], file)


def recorded(out: Path, ids: Collection[str] | None = None) -> Iterator[Recorded]:
    """Every row of a finished output, or those with these ids; read in batches, so that memory does not grow with the run.

    Raises FileNotFoundError when there is no record, ValueError when a row cannot be read or is of another version.
    """
    for path in files(out):
        for rows in _batches(path):
            yield from _read_all((row for row in rows if ids is None or row["id"] in ids), path)


def check_form(file: pq.ParquetFile, path: str) -> None:
    """Raises ValueError when a file of the record is of another version."""
    if missing := sorted(set(RECORD.names) - set(file.schema_arrow.names)):
        raise ValueError(
            f"{path}: no {FORMS['record']}, it lacks {', '.join(missing)}; build it with --fork, which keeps its answers"
        )


def _batches(path: str) -> Iterator[list[Row]]:
    try:
        with pq.ParquetFile(path) as file:  # a dataset would read ahead: 400 MB held where this holds 100
            check_form(file, path)
            for batch in file.iter_batches(batch_size=_BATCH):
                yield batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{path}: is damaged ({one_line(error)})") from error  # Arrow does not say where


def _read_all(rows: Iterator[Row], path: str) -> Iterator[Recorded]:
    for row in rows:
        try:
            yield read_row(row, path)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ValueError(f"{path}: sample {row.get('id')}: {place}: {first['msg']}") from None
        except (KeyError, TypeError) as error:
            raise ValueError(f"{path}: sample {row.get('id')}: {error!r}") from None


def identifiers(out: Path) -> dict[str, str]:
    """Every sample id of the record, with "source/row id". Raises FileNotFoundError when there is no record."""
    rows = ds.dataset(files(out), format="parquet").to_table(columns=["id", "source", "row_id"]).to_pylist()
    return {str(row["id"]): f"{row['source']}/{row['row_id']}" for row in rows}


def files(out: Path) -> list[str]:
    """The files of the record, in order. Raises FileNotFoundError when there is none."""
    paths = sorted(str(path) for path in (out / "record").glob("*.parquet"))
    if not paths:
        raise FileNotFoundError(f"{out / 'record'}: no parquet file; is {out} a finished build?")
    return paths


@cache
def _reader() -> TypeAdapter[Trajectory]:
    return TypeAdapter(Trajectory)


def _status(reason: str | None) -> Status:
    if reason is None:
        return "accepted"
    return "failed" if reason in FAILURE_REASONS else "discarded"


def _read_event(e: Row) -> dict[str, Any]:
    own = {name: value for name, value in e.items() if name not in ("image_sha256", "image_original")}
    return own | {
        "image": _image(e["image_sha256"], e["image_original"]),
        "payload": e["payload"] and payload_from(e["payload"]),
    }


def _image(sha256: str | None, original: str | None) -> dict[str, Any] | None:
    """Size and format are not in the record, and no row is made from them."""
    return None if sha256 is None else {"sha256": sha256, "width": 0, "height": 0, "format": "", "original": original}
