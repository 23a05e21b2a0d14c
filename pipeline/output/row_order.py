"""Do the images and plans of a `traj/2` row stand where the row says they were made, shown and judged?

In: a row as read from Parquet. Out: what is wrong, in words; nothing when all is well. Only the row itself is looked at.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.output.traj import NO_IMAGE
from stages.records import Plan, Step, payload_from

Row = Mapping[str, Any]
PRECOMPUTED = "baseline:precomputed"


def order_problems(row: Row) -> Iterator[str]:
    """All of them."""
    segments, images = row["segments"], len(row["images"])
    shown = list(dict.fromkeys(s["image_index"] for s in segments if s["image_index"] != NO_IMAGE))
    if shown != list(range(len(shown))):
        yield f"the images are not in the order in which they are first shown: {shown}"
        return
    yield from _origins(row, shown)
    for n, s in enumerate(segments):
        yield from (f"segments[{n}] ({s['kind']} {s['index']}): {problem}" for problem in _inputs(segments, n, images))
    yield from _steps(segments)
    yield from _scored(row)


def _origins(row: Row, shown: Sequence[int]) -> Iterator[str]:
    """Who made an image is said twice: of the image, and of the segment that shows it first."""
    for index in shown:
        first = next(s for s in row["segments"] if s["image_index"] == index)
        origin = "reference" if first["kind"] == "reference" else first["made_by"]
        if index < len(row["image_meta"]) and row["image_meta"][index]["origin"] != origin:
            yield f"image_meta[{index}]: its origin is {row['image_meta'][index]['origin']}, its segment is by {origin}"


def _inputs(segments: Sequence[Row], n: int, images: int) -> Iterator[str]:
    """Only images are made from images, and from none that comes later."""
    s = segments[n]
    if s["kind"] != "generation":
        if s["inputs"]:
            yield "it has inputs, and only images are made from images"
        return
    before = {other["image_index"] for other in segments[:n]}
    later = {other["image_index"] for other in segments[n:]} - before - {NO_IMAGE}
    if too_late := [index for index in s["inputs"] if index in later and index < images]:
        yield f"it is made from image {too_late[0]}, which comes later"
    if not s["inputs"] and segments[0]["kind"] == "reference" and not s["made_by"].startswith(PRECOMPUTED):
        yield "it is made from no image, and there are references"


def _steps(segments: Sequence[Row]) -> Iterator[str]:
    """The sub-tasks carried out are those of the plan, in their order."""
    payloads = [payload_from(s["payload"]) for s in segments if s["kind"] in ("decomposition", "subtask")]
    planned = [step for payload in payloads if isinstance(payload, Plan) for step in payload.steps]
    done = [payload.instruction for payload in payloads if isinstance(payload, Step)]
    if planned != done:
        yield f"its plan has {len(planned)} steps and {len(done)} sub-tasks follow, or in other words or another order"


def _scored(row: Row) -> Iterator[str]:
    """Each score is of the image made last before its evaluation."""
    image: int | None = None
    judged = []
    for s in row["segments"]:
        image = s["image_index"] if s["kind"] == "generation" else image
        if s["kind"] == "evaluation":
            judged.append(image)
    scored = [score["image_index"] for score in row["scores"]]
    if scored != judged:
        yield f"the scores are of images {scored}, the evaluations of images {judged}"
