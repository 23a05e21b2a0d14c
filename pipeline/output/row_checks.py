"""What must hold within one row of each product, whatever the rest of the output says.

In: a row as read from Parquet, and the `About` of its file. Out: what is wrong, in words; nothing when all is well. Masks are
derived again from the table, texts rendered again from their payloads, images decoded.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from PIL import Image

from pipeline.output.originals import UNDECODABLE
from pipeline.output.problem import one_line
from pipeline.output.traj import VERSION, content_hash, scores
from pipeline.output.view import ViewSpec
from stages.dialects import Dialect, render
from stages.mask import marks, position
from stages.records import MODES, Evaluation, payload_from

Row = Mapping[str, Any]


@dataclass(frozen=True)
class About:
    """What a file says of itself: dialect, view, and the fingerprint of its run."""

    dialect: Dialect
    view: ViewSpec
    fingerprint: str


def about(text: str) -> About:
    """From the file metadata `x2i`. Raises ValueError, KeyError or TypeError when it does not say."""
    said = json.loads(text)
    width, height = said["image"]["size"]
    view = ViewSpec((int(width), int(height)), said["image"]["encoding"])
    if not view.format or said["dialect"] not in get_args(Dialect):
        raise ValueError(f"unknown dialect {said['dialect']}")
    return About(said["dialect"], view, str(said["fingerprint"]))


def check_image(cell: Row, view: ViewSpec) -> Iterator[str]:
    """An image cell must decode at the declared size and in the declared encoding, and carry no metadata."""
    try:
        with Image.open(io.BytesIO(cell["bytes"])) as image:
            if image.size != view.size or image.format != view.format or image.mode != "RGB":
                said = f"{image.format} {image.mode} {image.width} x {image.height}"
                yield f"the image is {said}, declared is {view.format} RGB {view.size[0]} x {view.size[1]}"
                return  # a wrong size may be a very large one: do not decode it
            image.load()
            if any(key in image.info for key in ("exif", "icc_profile", "xmp")):
                yield "the image carries metadata"
    except UNDECODABLE as error:
        yield f"the image does not decode ({one_line(error)})"


def check_traj(row: Row, said: About) -> Iterator[str]:
    """A row of `sft`."""
    images, meta, read = row["images"], row["image_meta"], row["segments"]
    if row["schema_version"] != VERSION:
        yield f"schema_version is {row['schema_version']!r}, this is {VERSION}"
    if row["mode"] not in MODES:
        yield f"mode {row['mode']!r} is unknown"
        return
    if not len(images) == len(meta) == row["n_images"]:
        yield f"{len(images)} images, {len(meta)} entries of image_meta, n_images {row['n_images']}"
    for n, cell in enumerate(images):
        yield from (f"images[{n}]: {what}" for what in check_image(cell, said.view))
    for n, m in enumerate(meta):
        if (m["width"], m["height"]) != said.view.size or m["format"] != said.view.format:
            yield f"image_meta[{n}]: {m['format']} {m['width']} x {m['height']} is not what the file declares"
    if sum(len(s["text"] or "") for s in read) != row["n_text_chars"]:
        yield f"n_text_chars is {row['n_text_chars']}, which is not the length of its texts"
    yield from _check_segments(row, said)
    yield from _check_scores(row)
    if row["content_hash"] != content_hash(row, [hashlib.sha256(cell["bytes"]).hexdigest() for cell in images]):
        yield "content_hash does not match the content"


def _check_segments(row: Row, said: About) -> Iterator[str]:
    read = row["segments"]
    drawn = [s["index"] for s in read if s["kind"] == "generation"]
    if not drawn:
        yield "no generated image among the segments"
        return
    used = {n for s in read for n in (s["image_index"], *s["inputs"])}
    if unused := set(range(len(row["images"]))) - used:
        yield f"images {sorted(unused)} are used by no segment"
    for n, s in enumerate(read):
        for what in (*_pointers(s, len(row["images"])), *_mask(row["mode"], s, max(drawn)), *_text(row, s, said)):
            yield f"segments[{n}] ({s['kind']} {s['index']}): {what}"


def _pointers(s: Row, images: int) -> Iterator[str]:
    is_image = s["type"] == "image"
    if (s["text"] is None) != is_image or (s["image_index"] is None) == is_image:
        yield "exactly one of text and image_index must be set, as type says"
    for what, index in (("image_index", s["image_index"]), *(("inputs", i) for i in s["inputs"])):
        if index is not None and not 0 <= index < images:
            yield f"{what} {index} is none of the {images} images"
    role = "user" if s["kind"] in ("instruction", "reference") else "assistant"
    if s["role"] != role:
        yield f"role is {s['role']}, must be {role}"


def _mask(mode: Any, s: Row, last: int) -> Iterator[str]:
    try:
        wanted = marks(mode, s["kind"], position(mode, s["kind"], s["index"], last))
    except LookupError as error:
        yield str(error)
        return
    for name in ("loss", "vae", "vit", "cfg_drop", "next_special"):
        if s[name] != getattr(wanted, name):
            yield f"{name} is {s[name]}, the mask table says {getattr(wanted, name)}"


def _text(row: Row, s: Row, said: About) -> Iterator[str]:
    if s["type"] != "text":
        return
    if s["kind"] == "instruction":
        if s["text"] != row["instruction"]:
            yield "the text is not the row's instruction"
    elif s["text"] != render(payload_from(s["payload"]), said.dialect, s["index"]):
        yield "the text is not what its payload renders to"


def _check_scores(row: Row) -> Iterator[str]:
    judged = [s for s in row["segments"] if s["kind"] == "evaluation"]
    if len(judged) != len(row["scores"]):
        yield f"{len(row['scores'])} scores for {len(judged)} evaluations"
        return
    for n, (s, found) in enumerate(zip(judged, row["scores"], strict=True)):
        payload = payload_from(s["payload"])
        if not isinstance(payload, Evaluation):
            yield f"scores[{n}]: its segment holds no evaluation"
        elif found | {**scores(payload), "passed": payload.passed, "against": s["against"]} != found:
            yield f"scores[{n}] differs from the evaluation it is of"
        elif not 0 <= found["image_index"] < len(row["images"]):
            yield f"scores[{n}]: image_index {found['image_index']} is no image"
        elif n == len(judged) - 1 and not payload.passed:
            yield "the last evaluation of an accepted trajectory did not pass"


def check_rl(row: Row, said: About) -> Iterator[str]:
    """A row of `rl`."""
    markers = sum(message["content"].count("<image>") for message in row["prompt"])
    if markers != len(row["images"]):
        yield f"the prompt holds {markers} <image> for {len(row['images'])} images"
    for n, cell in enumerate(row["images"]):
        yield from (f"images[{n}]: {what}" for what in check_image(cell, said.view))
    if "checker" not in json.loads(row["reward_model"]["ground_truth"]):
        yield "reward_model.ground_truth holds no checker"


def check_pair(row: Row, said: About) -> Iterator[str]:
    """A row of `pairs`."""
    cells = {"chosen": row["chosen"], "rejected": row["rejected"]}
    for name, cell in (*cells.items(), *((f"references[{n}]", cell) for n, cell in enumerate(row["references"]))):
        yield from (f"{name}: {what}" for what in check_image(cell, said.view))
    if row["chosen_sha256"] == row["rejected_sha256"]:
        yield "chosen and rejected are the same image"
    if row["rejected_scores"].get(row["axis"]) is None:
        yield f"axis {row['axis']!r} has no score"
