"""What must hold within one row of each product, whatever the rest of the output says.

In: a row as read from Parquet, and the `About` of its file. Out: what is wrong, in words; nothing when all is well. Nothing here
goes through pruning or the record: the segments must be a sentence of their mode's grammar by themselves, each image once, with
the marks of the mask; texts are rendered again from their payloads, images decoded.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pipeline.output.image_checks import check_image, check_images, hashed_images
from pipeline.output.record_checks import verdict_problems
from pipeline.output.rl import IMAGE_MARKER
from pipeline.output.row_order import order_problems
from pipeline.output.traj import NO_IMAGE, VERSION, content_hash, scores, sha256_of
from pipeline.output.view import ViewSpec
from stages.dialects import Dialect, render
from stages.grammar import LETTERS, numbering
from stages.mask import GIVEN, IMAGES, Marks, marks
from stages.plain import plain, plain_line, plain_payload
from stages.policy import Policy
from stages.records import Evaluation, payload_from
from stages.rung import Recipe
from stages.rungs import read_recipe
from stages.segments import user_words

Row = Mapping[str, Any]


@dataclass(frozen=True)
class About:
    """What a file says of itself: dialect, view, the fingerprint of its run, the ladder that its samples climbed, and the markers
    that no text of it may hold."""

    dialect: Dialect
    view: ViewSpec
    fingerprint: str
    recipe: Recipe
    markers: tuple[str, ...] = ()


def about(text: str) -> About:
    """From the file metadata `x2i`. Raises ValueError, KeyError or TypeError when it does not say."""
    metadata = json.loads(text)
    width, height = metadata["image"]["size"]
    view = ViewSpec((int(width), int(height)), metadata["image"]["encoding"])
    if not view.format or metadata["dialect"] not in get_args(Dialect):
        raise ValueError(f"unknown dialect {metadata['dialect']}")
    recipe = read_recipe(Policy.model_validate(metadata["policy"]))
    markers = tuple(map(str, metadata["markers"]))
    return About(metadata["dialect"], view, str(metadata["fingerprint"]), recipe, markers)


def check_traj(row: Row, file: About) -> Iterator[str]:
    """A row of `sft`."""
    images, segments = row["images"], row["segments"]
    if row["schema_version"] != VERSION:
        yield f"schema_version is {row['schema_version']!r}, this is {VERSION}"
    if row["mode"] not in file.recipe.modes:
        yield f"mode {row['mode']!r} is unknown"
        return
    if len(images) != row["n_images"]:
        yield f"{len(images)} images, n_images {row['n_images']}"
    yield from check_images(images, row["image_meta"], file.view)
    if sum(len(s["text"] or "") for s in segments) != row["n_text_chars"]:
        yield f"n_text_chars is {row['n_text_chars']}, which is not the length of its texts"
    yield from plain_problems(row, ("instruction", "explanation", "category", "source", "licence"), file.markers)
    yield from _check_segments(row, file)
    yield from _check_scores(row)
    if row["content_hash"] != content_hash(row, [sha256_of(cell["bytes"]) for cell in images]):
        yield "content_hash does not match the content"


def _check_segments(row: Row, file: About) -> Iterator[str]:
    segments = row["segments"]
    used = {n for s in segments for n in (s["image_index"], *s["inputs"])}
    if unused := set(range(len(row["images"]))) - used:
        yield f"images {sorted(unused)} are used by no segment"
    yield from order_problems(row)
    rules = yield from _check_sentence(row, file.recipe)
    for n, s in enumerate(segments):
        rule = rules[n] if rules else None
        for problem in (*_check_pointers(s, len(row["images"])), *_check_marks(s, rule), *_check_text(row, s, file)):
            yield f"segments[{n}] ({s['kind']} {s['index']}): {problem}"


def _check_sentence(row: Row, recipe: Recipe) -> Generator[str, None, tuple[Marks, ...] | None]:
    """Are the segments a sentence of their mode, with every image once? Returns the marks that the mask gives them, if they are."""
    kinds = [(s["kind"], s["index"]) for s in row["segments"]]
    references = sum(kind == "reference" for kind, _ in kinds)
    given = [*(("reference", n) for n in range(references)), ("instruction", 0)]
    if kinds[: len(given)] != given or any(kind in GIVEN for kind, _ in kinds[len(given) :]):
        yield "the segments do not begin with the references in order and one instruction"
        return None
    events = row["segments"][len(given) :]
    letters = "".join(_letter(s) for s in events)
    tokens = recipe.read(row["mode"], letters)
    if tokens is None:
        yield f"the segments {letters or 'none'} are no sentence of mode {row['mode']}"
    if problem := numbering(kinds[len(given) :]):
        yield f"the segments are not numbered as those of one trajectory: {problem}"
    return None if tokens is None else marks(references, tokens)


def _letter(s: Row) -> str:
    if s["kind"] != "evaluation":
        return LETTERS.get(s["kind"], "?")
    payload = payload_from(s["payload"])
    return "+" if isinstance(payload, Evaluation) and payload.passed else "-"


def _check_pointers(s: Row, images: int) -> Iterator[str]:
    is_image = s["kind"] in IMAGES
    if s["type"] != ("image" if is_image else "text"):
        yield f"type is {s['type']}, it is {'an image' if is_image else 'a text'}"
    if (s["text"] is None) != is_image or (s["image_index"] == NO_IMAGE) == is_image:
        yield f"exactly one of text and image_index must be set, as its kind says; the image_index of a text is {NO_IMAGE}"
    shown = [("image_index", s["image_index"])] if is_image else []
    for place, index in (*shown, *(("inputs", i) for i in s["inputs"])):
        if not 0 <= index < images:
            yield f"{place} {index} is none of the {images} images"
    role = "user" if s["kind"] in ("instruction", "reference") else "assistant"
    if s["role"] != role:
        yield f"role is {s['role']}, must be {role}"


def _check_marks(s: Row, rule: Marks | None) -> Iterator[str]:
    for name in ("loss", "vae", "vit", "cfg_drop", "next_special") if rule else ():
        if s[name] != getattr(rule, name):
            yield f"{name} is {s[name]}, the mask table says {getattr(rule, name)}"


def _check_text(row: Row, s: Row, file: About) -> Iterator[str]:
    if s["kind"] in IMAGES:
        return
    if s["kind"] == "instruction":
        losses = [n["loss"] for n in row["segments"] if n["kind"] not in (*IMAGES, *GIVEN)]
        if s["text"] != user_words(row["instruction"], row["explanation"], losses, file.recipe.policy):
            yield "the text is not the row's instruction, with its explanation where the policy shows it"
        return
    payload = payload_from(s["payload"])
    if plain_payload(payload, file.markers) != payload:
        yield "its payload holds what a trainer could take for a marker, or what cannot be seen"
    if s["text"] != render(payload, file.dialect, s["index"]):
        yield "the text is not what its payload renders to"
    if isinstance(payload, Evaluation):
        yield from verdict_problems(payload, row["applicable_axes"], s["against"], file.recipe.policy)


def plain_problems(row: Row, columns: Iterable[str], markers: Sequence[str]) -> Iterator[str]:
    """The columns whose texts are not plain (`stages.plain`)."""
    for name in columns:
        if row[name] is not None and plain(row[name], markers) != row[name]:
            yield f"{name} holds what a trainer could take for a marker, or what cannot be seen"


def _check_scores(row: Row) -> Iterator[str]:
    judged = [s for s in row["segments"] if s["kind"] == "evaluation"]
    if len(judged) != len(row["scores"]):
        yield f"{len(row['scores'])} scores for {len(judged)} evaluations"
        return
    for n, (s, written) in enumerate(zip(judged, row["scores"], strict=True)):
        payload = payload_from(s["payload"])
        if not isinstance(payload, Evaluation):
            yield f"scores[{n}]: its segment holds no evaluation"
        elif written | {**scores(payload), "passed": payload.passed, "against": s["against"]} != written:
            yield f"scores[{n}] differs from the evaluation it is of"
        elif not 0 <= written["image_index"] < len(row["images"]):
            yield f"scores[{n}]: image_index {written['image_index']} is no image"
        elif n == len(judged) - 1 and not payload.passed:
            yield "the last evaluation of an accepted trajectory did not pass"


def check_rl(row: Row, file: About) -> Iterator[str]:
    """A row of `rl`."""
    images = len(row["images"])
    counted = sum(message["content"].count(IMAGE_MARKER) for message in row["prompt"])
    if counted != images:
        yield f"the prompt holds {counted} {IMAGE_MARKER} for {images} images"
    words = "".join(message["content"] for message in row["prompt"]).removeprefix(IMAGE_MARKER * counted)
    if plain(words, file.markers) != words:
        yield "the prompt holds what a trainer could take for a marker, or what cannot be seen"
    yield from plain_problems(row["extra_info"], ("explanation", "category", "licence", "citation"), file.markers)
    yield from check_images(row["images"], row["image_meta"], file.view)
    if "checker" not in json.loads(row["reward_model"]["ground_truth"]):
        yield "reward_model.ground_truth holds no checker"


def check_pair(row: Row, file: About) -> Iterator[str]:
    """A row of `pairs` or `edit_pairs`."""
    yield from plain_problems(row, ("caption", "category", "source", "licence", "citation"), file.markers)
    if plain_line(row["reason"], file.markers) != row["reason"]:
        yield "reason holds what a trainer could take for a marker, or what cannot be seen"
    if (row["label_0"], row["label_1"]) not in ((1, 0), (0, 1)) or not row["has_label"]:
        yield f"the labels are {row['label_0']:g} and {row['label_1']:g}: one must be 1, the other 0, and has_label true"
    for n, (data, sha256) in enumerate(hashed_images("pairs", row)):
        name = f"jpg_{n}" if n < 2 else f"references[{n - 2}]"
        yield from (f"{name}: {problem}" for problem in check_image(data, sha256, file.view))
    if row["chosen_sha256"] == row["rejected_sha256"]:
        yield "chosen and rejected are the same image"
    limits = file.recipe.policy.thresholds
    scored = [(axis, score) for axis, score in row["chosen_scores"].items() if score is not None]
    if low := [axis for axis, score in scored if score < getattr(limits, axis)]:
        least = getattr(limits, low[0])
        yield f"the chosen image does not pass: its {low[0]} is {row['chosen_scores'][low[0]]:g}, the threshold is {least}"
    if row["rejected_scores"].get(row["axis"]) is None:
        yield f"axis {row['axis']!r} has no score"
