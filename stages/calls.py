"""One call of a rung: render the prompt, send it, read the reply, and give back the event it amounts to.

In: the trajectory so far, the models, and what to ask. Out: an `Event` whose prompt, seed and call key say how it came
about. A malformed reply is asked for once more with the error shown. A call that fails for good raises `Halt`, which
carries the trajectory as it stood: nothing that happened before is lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from prompts.catalogue import Prompts
from stages.errors import EngineDead, Malformed, ModelError
from stages.identity import call_key, call_seed
from stages.policy import Thresholds
from stages.protocols import Analyzer, Generator, ImageRequest, Message, Role, TextRequest
from stages.records import Against, Evaluation, Event, ImageRef, Kind, Payload, Trajectory
from stages.replies import evaluation


@dataclass(frozen=True)
class Models:
    """The three roles, the words they are asked in, and the seed of the run."""

    baseline: Generator
    generator: Generator
    analyzer: Analyzer
    prompts: Prompts
    seed: int


@dataclass(frozen=True)
class Place:
    """Where in the ladder a call stands; with the sample and the role it decides the call's seed."""

    rung: str
    index: int
    attempt: int = 1


class Halt(Exception):
    """A call failed for good. `trajectory` is what had happened before it, `error` why."""

    def __init__(self, trajectory: Trajectory, error: ModelError) -> None:
        super().__init__(str(error))
        self.trajectory = trajectory
        self.error = error


async def draw(
    t: Trajectory,
    models: Models,
    role: Role,
    place: Place,
    prompt: str,
    images: Sequence[ImageRef],
    values: Mapping[str, Any],
) -> Event:
    """A generation event: one image by `role`, at the sample's target size. Raises Halt, EngineDead."""
    model = models.baseline if role == "baseline" else models.generator
    sample = t.sample
    text = models.prompts.render(prompt, width=sample.width, height=sample.height, **values)
    seed = call_seed(models.seed, sample.id, role, place.rung, place.index, place.attempt, 1, prompt)
    request = ImageRequest(
        (Message("user", text),), tuple(images), sample.width, sample.height, "image", seed, place.attempt
    )
    try:
        reply = await model.draw(request)
    except EngineDead:
        raise
    except ModelError as error:
        raise Halt(t, error) from error
    return Event(
        kind="generation",
        index=place.index,
        attempt=place.attempt,
        image=reply.image,
        inputs=tuple(image.sha256 for image in images),
        made_by=f"{role}:{model.identity}",
        prompt=prompt,
        prompt_sha256=models.prompts.sha256(prompt),
        seed=seed,
        call_key=call_key(model.identity, request),
    )


async def ask(
    t: Trajectory,
    models: Models,
    kind: Kind,
    place: Place,
    prompt: str,
    images: Sequence[ImageRef],
    parse: Callable[[str], Payload],
    values: Mapping[str, Any],
    against: Against | None = None,
) -> Event:
    """A text event of `kind`: the Analyzer's reply to `prompt`, parsed. Raises Halt, EngineDead."""
    text = models.prompts.render(prompt, **values)
    seed = call_seed(
        models.seed, t.sample.id, "analyzer", place.rung, place.index, place.attempt, 1, f"{prompt}:{against}"
    )
    schema = "plan" if kind == "decomposition" else kind
    request = TextRequest((Message("user", text),), tuple(images), schema, seed, place.attempt)
    try:
        payload, request = await _ask_twice(models, request, parse)
    except EngineDead:
        raise
    except ModelError as error:
        raise Halt(t, error) from error
    return Event(
        kind=kind,
        index=place.index,
        attempt=place.attempt,
        against=against,
        payload=payload,
        inputs=tuple(image.sha256 for image in images),
        made_by=f"analyzer:{models.analyzer.identity}",
        prompt=prompt,
        prompt_sha256=models.prompts.sha256(prompt),
        seed=request.seed,
        call_key=call_key(models.analyzer.identity, request),
    )


async def _ask_twice(
    models: Models, request: TextRequest, parse: Callable[[str], Payload]
) -> tuple[Payload, TextRequest]:
    reply = await models.analyzer.ask(request)
    try:
        return parse(reply.text), request
    except Malformed as problem:
        shown = models.prompts.render("again", problem=str(problem))
        messages = (*request.messages, Message("assistant", reply.text), Message("user", shown))
    request = replace(request, messages=messages, seed=(request.seed + 1) % 2**31)
    reply = await models.analyzer.ask(request)
    return parse(reply.text), request


async def evaluate(
    t: Trajectory,
    models: Models,
    place: Place,
    image: ImageRef,
    references: Sequence[ImageRef],
    instruction: str,
    against: Against,
    thresholds: Thresholds,
    aspect_tolerance: float,
) -> Event:
    """An evaluation event: `image` judged against `instruction` and what it was made from. Raises Halt, EngineDead."""
    sample = t.sample
    event = await ask(
        t,
        models,
        "evaluation",
        place,
        "evaluate",
        (*references, image),
        lambda text: evaluation(text, sample.applicable_axes, thresholds),
        {
            "instruction": instruction,
            "against": against,
            "explanation": sample.explanation,
            "axes": sample.applicable_axes,
            "references": len(references),
        },
        against,
    )
    assert isinstance(event.payload, Evaluation)
    return replace(event, payload=_with_aspect(event.payload, t, image, aspect_tolerance), image=image)


def _with_aspect(found: Evaluation, t: Trajectory, image: ImageRef, tolerance: float) -> Evaluation:
    """A wrong aspect ratio fails consistency where a reference exists, quality otherwise, whatever the Analyzer saw."""
    asked = t.sample.width / t.sample.height
    error = abs(image.width / image.height / asked - 1)
    if error <= tolerance:
        return replace(found, aspect_error=error)
    axis = "consistency" if "consistency" in t.sample.applicable_axes else "quality"
    note = f" (aspect ratio off by {error:.1%})"
    axes = tuple(replace(a, passed=False, reason=a.reason + note) if a.axis == axis else a for a in found.axes)
    return Evaluation(axes, error)
