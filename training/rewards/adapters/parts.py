"""What trainers hand to a reward function, as the reward server takes it.

In: completions (texts, chat messages, lists of texts and images) and images in any form that trainers have. Out: JSON values.
"""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

MARKER = "<image>"
"""Where an image stands in a text whose images come beside it."""


class UnfitAnswer(ValueError):
    """A completion or an image that cannot be sent; the message says which and why."""


def parts_of(completion: Any, images: Sequence[Any] | None = None) -> list[dict[str, str]]:
    """The parts of an answer, in order.

    completion  a text; a chat message or a list of them; a list of parts, each a text, an image, or a dictionary such as
                {"type": "text", "text": ...} or {"type": "image", "image": ...}
    images      those that stand at the markers `<image>` of a text. None: a text has no images

    Raises UnfitAnswer where markers and images are not equally many, or where something is no part.
    """
    left = list(images or ())
    parts = list(_parts(completion, left, beside=images is not None))
    if left:
        raise UnfitAnswer(f"{len(left)} images stand at no {MARKER} of the completion")
    return parts


def _parts(value: Any, left: list[Any], beside: bool) -> Any:
    match value:
        case str():
            yield from _text(value, left, beside)
        case {"role": _, "content": content}:
            yield from _parts(content, left, beside)
        case {"type": "text", "text": str(text)} | {"type": "text", "content": str(text)}:
            yield from _text(text, left, beside)
        case {"type": "image_url", "image_url": {"url": str(url)}}:
            yield {"type": "image", "image": encoded(url)}
        # a bare placeholder, as chat templates have it: its image comes beside it
        case {"type": "image", **more} if not any(more.values()):
            yield {"type": "image", "image": _next(left)}
        case {"type": "image", "image": image}:
            yield {"type": "image", "image": encoded(image)}
        case list() | tuple():
            for one in value:
                yield from _parts(one, left, beside)
        case None:
            return
        case _:
            yield {"type": "image", "image": encoded(value)}


def _text(text: str, left: list[Any], beside: bool) -> Any:
    # without images beside it a marker is only text, and judged as such
    pieces = text.split(MARKER) if beside else [text]
    for n, piece in enumerate(pieces):
        if n:
            yield {"type": "image", "image": _next(left)}
        if piece:
            yield {"type": "text", "text": piece}


def _next(left: list[Any]) -> str:
    if not left:
        raise UnfitAnswer(f"a {MARKER} of the completion has no image")
    return encoded(left.pop(0))


def encoded(image: Any) -> str:
    """An image as base64: bytes, a Pillow image, {"bytes": ..., "path": ...}, a path of this machine, or base64 already.

    Raises UnfitAnswer.
    """
    match image:
        case bytes() | bytearray():
            return base64.b64encode(image).decode()
        case {"bytes": bytes(data)}:
            return base64.b64encode(data).decode()
        case {"path": str(path)}:
            return _read(Path(path))
        case Path():
            return _read(image)
        case str() if image.startswith("data:image/"):
            return image
        case str():
            raise UnfitAnswer(
                f"{image[:60]!r} is no image; hand over bytes, a Pillow image, a pathlib.Path or a data URI"
            )
    if not callable(getattr(image, "save", None)):
        raise UnfitAnswer(f"{type(image).__name__} is no image; hand over bytes, a Pillow image or a data URI")
    out = io.BytesIO()
    image.save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def _read(path: Path) -> str:
    try:
        return base64.b64encode(path.read_bytes()).decode()
    except OSError as error:
        raise UnfitAnswer(f"{path}: {error.strerror}") from error


def prompt_of(
    ground_truth: Any, references: Sequence[Any] | None, prompt_id: str | None, info: Mapping[str, Any] | None = None
) -> dict[str, Any] | str:
    """The prompt of an answer: all of it where it is known here, else its id, by which the server knows it (`--prompts`).

    ground_truth  `reward_model.ground_truth` of an RL row: JSON, or what it holds
    references    its images, in order; None where the trainer does not hand them over
    info          its `extra_info`

    Raises UnfitAnswer where neither suffices.
    """
    info = info or {}
    if isinstance(ground_truth, str):
        try:
            ground_truth = json.loads(ground_truth)
        except ValueError as error:
            raise UnfitAnswer(f"the ground truth is no JSON ({error}); hand over that of an RL row") from error
    if references is None and info.get("task") == "t2i":
        references = ()
    if isinstance(ground_truth, Mapping) and references is not None:
        more = {name: info[name] for name in ("category", "task") if info.get(name)}
        return {**ground_truth, **more, "references": [encoded(image) for image in references]}
    if prompt_id:
        return prompt_id
    raise UnfitAnswer(
        "neither ground truth with references nor an id of a prompt is there; keep the columns reward_model, extra_info and "
        "images of the RL rows"
    )
