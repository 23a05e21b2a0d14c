"""`traj/2`: one row is one accepted trajectory as a trainer reads it.

In: a kept trajectory, the frame of the run and the views. Out: a row for `pipeline.output.schema.TRAJ`. An image is held once,
in order of first appearance; loss and flags stand on the segments that use it. `image_meta.sha256` is the hash of the bytes that
lie in the row, so that whoever has the row alone can check them; `original_sha256` is that of the image in the store. Texts are
plain (`stages.plain`): as they came they stand in the record.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pipeline.manifest.forms import FORMS
from pipeline.output.frame import RunFrame
from pipeline.output.view import Views, ViewSpec
from stages.dialects import Dialect
from stages.identity import digest
from stages.prune import prune
from stages.records import AXES, Evaluation, payload_from, payload_json
from stages.rung import Recipe
from stages.segments import Segment, segments
from stages.trajectory import Trajectory

VERSION = FORMS["sft"]
NO_IMAGE = -1
"""The `image_index` of a text: a null would make floats of the whole column in pandas."""
_HASHED = (
    "type",
    "kind",
    "index",
    "text",
    "image_index",
    "inputs",
    "loss",
    "vae",
    "vit",
    "cfg_drop",
    "next_special",
)


def row(t: Trajectory, frame: RunFrame, views: Views) -> dict[str, Any]:
    """The row of `t`. Raises ValueError when it was not accepted, FileNotFoundError when a view is missing."""
    sample = t.sample
    shown = segments(prune(t, frame.recipe), frame.dialect, frame.recipe, frame.markers)
    origins = _origins(t, shown)
    place = {sha256: n for n, sha256 in enumerate(origins)}
    cells = [image(views.get(sha256), frame.view) for sha256 in origins]
    facts = [meta(cell, *origin, frame.view) for cell, origin in zip(cells, origins.items(), strict=True)]
    written = [_segment(s, place) for s in shown]
    columns = {
        "id": sample.id,
        "schema_version": VERSION,
        "mode": t.mode,
        "task": sample.task,
        "category": frame.plain(sample.category),
        "instruction": frame.plain(sample.instruction),
        "explanation": frame.plain(sample.explanation),
        "source": frame.plain(sample.source),
        "licence": frame.plain(sample.licence),
        "images": cells,
        "segments": written,
        "image_meta": facts,
        "scores": _scores(shown, place),
        "applicable_axes": list(sample.applicable_axes),
        "n_images": len(origins),
        "n_text_chars": sum(len(s.text) for s in shown if s.text is not None),
        "leak_group": sample.leak_group,
        "provenance": frame.provenance(t),
    }
    return columns | {"content_hash": content_hash(columns, [m["sha256"] for m in facts])}


def _strip_judgements(payload: str | None) -> str | None:
    """A payload without its judgements: they name calls and models; what came of them is in the verdict."""
    record = None if payload is None else payload_from(payload)
    return payload_json(replace(record, judgements=())) if isinstance(record, Evaluation) else payload


def shown_images(t: Trajectory, dialect: Dialect, recipe: Recipe) -> tuple[str, ...]:
    """The sha256 of the images its row holds, in order. Raises stages.mask.NoRule when it is no sentence of its mode."""
    return tuple(_origins(t, segments(prune(t, recipe), dialect, recipe)))


def content_hash(row: Mapping[str, Any], views: Sequence[str]) -> str:
    """A hash of what the row teaches: id, words, flags and the sha256 of its views; not who made them or where."""
    content = [[*(s[name] for name in _HASHED), _strip_judgements(s["payload"])] for s in row["segments"]]
    return digest("traj", row["id"], row["mode"], row["instruction"], json.dumps(content), list(views))


def image(data: bytes, view: ViewSpec) -> dict[str, Any]:
    """An image cell; its path is a name, not a place: two rows with the same image give the same name."""
    return {"bytes": data, "path": f"{sha256_of(data)[:16]}.{view.suffix}"}


def meta(cell: Mapping[str, Any], original: str, origin: str, view: ViewSpec) -> dict[str, Any]:
    """What is known of an image cell: hashes of its bytes and of the stored image, size and format of the view, who made it."""
    return {
        "sha256": sha256_of(cell["bytes"]),
        "original_sha256": original,
        "width": view.size[0],
        "height": view.size[1],
        "format": view.format,
        "origin": origin,
    }


def sha256_of(data: bytes) -> str:
    """In hex."""
    return hashlib.sha256(data).hexdigest()


def scores(verdict: Evaluation) -> dict[str, float | None]:
    """The scores on all axes; None where an axis does not apply."""
    return {axis: verdict.score(axis) for axis in AXES}


def _origins(t: Trajectory, shown: Sequence[Segment]) -> dict[str, str]:
    """The images of a row in order of first appearance, each with who made it."""
    origins: dict[str, str] = {}
    for s in shown:
        if s.image is not None:
            origins.setdefault(s.image.sha256, s.made_by or "reference")
    made = {e.image.sha256: e.made_by for e in t.events if e.kind == "generation" and e.image is not None}
    for sha256 in (sha256 for s in shown for sha256 in s.inputs):
        origins.setdefault(sha256, made.get(sha256) or "reference")  # only an input: its own segment was pruned
    return origins


def _segment(s: Segment, place: Mapping[str, int]) -> dict[str, Any]:
    return {
        "type": "text" if s.image is None else "image",
        "role": s.role,
        "kind": s.kind,
        "index": s.index,
        "text": s.text,
        "image_index": NO_IMAGE if s.image is None else place[s.image.sha256],
        "payload": None if s.payload is None else payload_json(s.payload),
        "inputs": [place[sha256] for sha256 in s.inputs],
        "made_by": s.made_by,
        "against": s.against,
        "loss": float(s.marks.loss),
        "vae": s.marks.vae,
        "vit": s.marks.vit,
        "cfg_drop": s.marks.cfg_drop,
        "next_special": s.marks.next_special,
    }


def _scores(shown: Sequence[Segment], place: Mapping[str, int]) -> list[dict[str, Any]]:
    rows, judged = [], -1
    for s in shown:
        if s.kind == "generation" and s.image is not None:
            judged = place[s.image.sha256]  # an evaluation is always of the image made last
        if isinstance(s.payload, Evaluation):
            rows.append({"image_index": judged, "against": s.against, **scores(s.payload), "passed": s.payload.passed})
    return rows
