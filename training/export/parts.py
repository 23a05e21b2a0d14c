"""A row as what trainers of chats read, texts and images in order, and the row again.

In: a row of `traj/2`. Out: its `ChatPart`s, the bytes of the images in the order in which they are shown, and everything else as
one JSON text that rides along (`carried`), in a column that trainers leave alone. `restore` takes what the parts hold from the
parts, and only the rest from `carried`.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from stages.dialect_reading import BETWEEN
from training.export.problem import ExportProblem
from training.row import NO_IMAGE, RowSegment, TrainingRow, read_row

CARRIED = "x2i"
"""The column in which everything else rides along."""
PLACEHOLDER = "<image>"
"""What stands for an image in the text of a chat."""
_IN_PARTS = ("type", "role", "text", "image_index", "loss")


@dataclass(frozen=True, slots=True)
class ChatPart:
    """A text, or an image (`text` None), with who says it and the weight of its loss."""

    role: Literal["user", "assistant"]
    text: str | None
    loss: float


def parts_of(row: TrainingRow) -> tuple[ChatPart, ...]:
    """The segments of a row as parts: a text that follows another one of its turn begins with what stands between texts.

    Raises ExportProblem where a text holds the sign for an image: trainers would look for one more image.
    """
    before: RowSegment | None = None
    parts = []
    for n, segment in enumerate(row.segments):
        if segment.text is not None and PLACEHOLDER in segment.text:
            raise ExportProblem(
                f"row {row.id}: segments.{n}: its text holds {PLACEHOLDER}, which trainers replace by an image; shards that "
                "`x2i build` wrote hold none, so build them again"
            )
        joined = before is not None and before.type == segment.type == "text" and before.role == segment.role
        text = f"{BETWEEN}{segment.text}" if joined else segment.text
        parts.append(ChatPart(segment.role, text, segment.loss))
        before = segment
    return tuple(parts)


def shown_images(row: TrainingRow) -> list[bytes]:
    """The encoded images in the order in which segments show them; one that is shown twice stands twice."""
    return [row.images[s.image_index].bytes for s in row.segments if s.type == "image"]


def carry(row: TrainingRow) -> str:
    """All of a row but the bytes of its images and what its parts hold, as JSON."""
    columns = row.columns()
    columns["images"] = [cell["path"] for cell in columns["images"]]
    for segment in columns["segments"]:
        for name in _IN_PARTS:
            del segment[name]
    return json.dumps(columns, ensure_ascii=False, separators=(",", ":"))


def restore(parts: Sequence[ChatPart], images: Sequence[bytes], carried: str, where: str) -> TrainingRow:
    """The row of these parts, the images they show in order, and what rode along. Raises ExportProblem where they do not belong
    together, or an image is not the one that was exported.
    """
    columns: dict[str, Any] = json.loads(carried)
    places = {meta["sha256"]: n for n, meta in enumerate(columns["image_meta"])}
    cells: list[bytes | None] = [None] * len(columns["images"])
    segments: list[dict[str, Any]] = columns["segments"]
    if len(parts) != len(segments) or sum(part.text is None for part in parts) != len(images):
        raise ExportProblem(
            f"{where}: {len(parts)} parts and {len(images)} images, of a row of {len(segments)} segments; export it again"
        )
    rest, before = iter(images), None
    for part, segment in zip(parts, segments, strict=True):
        index = NO_IMAGE
        if part.text is None:
            data = next(rest)
            index = places.get(hashlib.sha256(data).hexdigest(), NO_IMAGE)
            if index == NO_IMAGE:
                raise ExportProblem(f"{where}: an image is not the one that was exported; its bytes were changed")
            cells[index] = data
        joined = before is not None and before.text is not None and part.text is not None and before.role == part.role
        text = part.text.removeprefix(BETWEEN) if joined and part.text is not None else part.text
        kind = "image" if part.text is None else "text"
        segment.update(type=kind, role=part.role, text=text, image_index=index, loss=part.loss)
        before = part
    if None in cells:
        raise ExportProblem(f"{where}: image {cells.index(None)} is shown by no segment, so it was not exported")
    columns["images"] = [{"bytes": data, "path": path} for data, path in zip(cells, columns["images"], strict=True)]
    return read_row(columns, where)
