"""One call of a rung: render the prompt, send it, read the reply, and give back the event it amounts to.

In: the trajectory so far, the models, and what to ask. Out: an `Event` whose prompt, seed and call key say how it came
about. A malformed reply is asked for once more with the error shown. A call that fails for good raises `Halt`, which
carries the trajectory as it stood: nothing that happened before is lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from prompts.catalogue import DEFAULT_KIT, Prompts, in_kit
from stages.asking import Speech, next_seed, question
from stages.errors import EngineDead, Malformed, ModelError
from stages.identity import call_key, call_seed
from stages.likeness import ByHash, Comparer
from stages.makers import DEFAULT, maker
from stages.protocols import (
    Analyzer,
    Generator,
    ImageReply,
    ImageRequest,
    Message,
    Role,
    Scorer,
    ScoreRequest,
    TextRequest,
)
from stages.records import Against, Event, ImageRef, Judge, Kind, Likelihood, Payload, Words
from stages.trajectory import Trajectory

LONGEST_SPEECH = 100_000
"""Characters of a model's words beside its image: more would be no thought, and twenty tries have to fit into one row."""


@dataclass(frozen=True)
class Models:
    """The roles, the words they are asked in, and the seed of the run. `second_analyzer` is asked where the policy says so.

    `kits` names the prompt kit of an image model by its maker (`stages.makers`); one without is asked in the default words.
    `comparer` knows the pixels of the images. `speech` is what the policy wants of words (`stages.rung.Recipe.speech`).
    `generators` are those beside the default one, by name; `chosen` says which of them draws for (rung, index, attempt)
    (`stages.rung.Recipe.generator_at`).
    """

    baseline: Generator
    generator: Generator
    analyzer: Analyzer
    prompts: Prompts
    seed: int
    second_analyzer: Analyzer | None = None
    kits: Mapping[str, str] = field(default_factory=dict)
    comparer: Comparer = field(default_factory=ByHash)
    speech: Speech = field(default_factory=Speech)
    generators: Mapping[str, Generator] = field(default_factory=dict)
    chosen: Callable[[str, int, int], str] = lambda *_: DEFAULT

    def generator_for(self, rung: str, index: int, attempt: int) -> tuple[str, Generator]:
        """Who draws there, by the name that record and ledger use, and the model. Raises LookupError for a name without a model."""
        name = self.chosen(rung, index, attempt)
        return maker(name), self.generator if name == DEFAULT else self.generators[name]

    def judge(self, role: Judge) -> Analyzer:
        """The model that judges as `role`. Raises ValueError when there is no second one."""
        judge = self.analyzer if role == "analyzer" else self.second_analyzer
        if judge is None:
            raise ValueError("the policy asks for a second analyzer and there is none")
        return judge

    def scorer(self, role: Role) -> Scorer:
        """The model that says in `role` how likely a text is. Raises ValueError when there is none."""
        model: object = getattr(self, role)
        if not isinstance(model, Scorer):
            raise ValueError(f"there is no {role} that says how likely a text is")
        return model


@dataclass(frozen=True)
class CallPlace:
    """Where in the ladder a call stands; with the sample and the role it decides the call's seed.

    `judgement` counts from 1, for each judge of an image. `again` where the same is asked anew because of a dispute.
    """

    rung: str
    index: int
    attempt: int = 1
    judgement: int = 1
    again: bool = False

    @property
    def ordinal(self) -> int:
        """One number for attempt and judgement; a policy allows ten attempts at most."""
        return self.attempt + 100 * (self.judgement - 1)


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
    place: CallPlace,
    prompt: str,
    images: Sequence[ImageRef],
    values: Mapping[str, Any],
) -> Event:
    """A generation event: one image by `role`, at the sample's target size, and as its payload the words that came with it.
    `Trajectory.add` puts these down as an event of their own. Raises Halt, EngineDead."""
    who, model = _drawer(t, models, role, place)
    sample = t.sample
    prompt_file = in_kit(models.kits.get(who, DEFAULT_KIT), prompt)
    # the size stands in the words: most image models take no size of their own
    shown = {**values, "width": sample.width, "height": sample.height}
    # whether facts reach image models is no rung's business
    shown["explanation"] = sample.explanation if models.speech.facts.image_models else None
    text = models.prompts.render(prompt_file, **shown)
    # by the request, not by its words: another kit changes what is said, not which draw it is
    seed = call_seed(models.seed, sample.id, role, place.rung, place.index, place.attempt, place.judgement, prompt)
    request = ImageRequest(
        (Message("user", text),), tuple(images), sample.width, sample.height, "image", seed, place.ordinal
    )
    try:
        reply, request = await _draw_twice(model, request)
    # a dead engine is no property of this sample: it must reach whoever runs the build
    except EngineDead:
        raise
    except ModelError as error:
        raise Halt(t, error) from error
    return Event(
        kind="generation",
        index=place.index,
        attempt=place.attempt,
        payload=(words := _words(reply.text)),
        image=reply.image,
        inputs=tuple(image.sha256 for image in images),
        made_by=f"{who}:{model.identity}",
        prompt=prompt_file,
        prompt_sha256=models.prompts.sha256(prompt_file),
        seed=request.seed,
        call_key=call_key(model.identity, request),
        voice=models.speech.about(sample).broken("words", words),
        tokens=None if reply.tokens is None else reply.tokens.sha256,
    )


def _drawer(t: Trajectory, models: Models, role: Role, place: CallPlace) -> tuple[str, Generator]:
    """Who draws, and the model: the baseline, or the generator that the policy names for this round of the rung."""
    if role == "baseline":
        return role, models.baseline
    # a rung may draw by the function of another one: it is its own round all the same
    return models.generator_for(t.rung or place.rung, place.index, place.attempt)


async def ask(
    t: Trajectory,
    models: Models,
    kind: Kind,
    place: CallPlace,
    prompt: str,
    images: Sequence[ImageRef],
    parse: Callable[[str], Payload | None],
    values: Mapping[str, Any],
    against: Against | None = None,
    judge: Judge = "analyzer",
    axes: tuple[str, ...] = (),
    steps: tuple[int, int] | None = None,
) -> Event:
    """A text event of `kind`: the reply of `judge` to `prompt`, parsed. Raises Halt, EngineDead."""
    facts = t.sample.explanation if models.speech.facts.judges else None
    text = models.prompts.render(prompt, **{**values, "explanation": facts})
    # the final check asks the same prompt about the same image as the step does: only this tells the seeds apart
    purpose = f"{prompt}:{against}:again" if place.again else f"{prompt}:{against}"
    seed = call_seed(models.seed, t.sample.id, judge, place.rung, place.index, place.attempt, place.judgement, purpose)
    # replies are named by their shape, events by the paper's terms
    schema = "plan" if kind == "decomposition" else kind
    request = TextRequest((Message("user", text),), tuple(images), schema, seed, place.ordinal, axes, steps)
    model = models.judge(judge)
    try:
        answer = await question(model, models.prompts, request, parse, kind, models.speech.about(t.sample))
    except EngineDead:
        raise
    except ModelError as error:
        raise Halt(t, error) from error
    return Event(
        kind=kind,
        index=place.index,
        attempt=place.attempt,
        against=against,
        payload=answer.payload,
        inputs=tuple(image.sha256 for image in images),
        made_by=f"{judge}:{model.identity}",
        prompt=prompt,
        prompt_sha256=models.prompts.sha256(prompt),
        seed=answer.request.seed,
        call_key=call_key(model.identity, answer.request),
        voice=answer.voice,
        voice_before=answer.voice_before,
        tokens=None if answer.tokens is None else answer.tokens.sha256,
    )


async def score(
    t: Trajectory,
    models: Models,
    role: Role,
    place: CallPlace,
    prompt: str,
    images: Sequence[ImageRef],
    values: Mapping[str, Any],
    text: str,
) -> Event:
    """A score event: how likely `role` finds `text` as the answer to `prompt` with these images, the last of which it is about.

    Its payload is a `Likelihood`. It may stand anywhere in a trajectory, and no trainer sees it. Raises Halt, EngineDead.
    """
    if not text.strip():
        raise ValueError("there is no text to say the likelihood of")
    model = models.scorer(role)
    rendered = models.prompts.render(prompt, **values)
    # text and purpose need not be part of the seed: nothing is sampled, and the call's key holds the text
    seed = call_seed(models.seed, t.sample.id, role, place.rung, place.index, place.attempt, place.judgement, prompt)
    request = ScoreRequest((Message("user", rendered),), tuple(images), text, seed, place.ordinal)
    try:
        reply = await model.score(request)
    except EngineDead:
        raise
    except ModelError as error:
        raise Halt(t, error) from error
    return Event(
        kind="score",
        index=place.index,
        attempt=place.attempt,
        payload=Likelihood(text, tuple(token.logprob for token in reply.tokens)),
        inputs=tuple(image.sha256 for image in images),
        made_by=f"{role}:{model.identity}",
        prompt=prompt,
        prompt_sha256=models.prompts.sha256(prompt),
        seed=seed,
        call_key=call_key(model.identity, request),
    )


async def _draw_twice(model: Generator, request: ImageRequest) -> tuple[ImageReply, ImageRequest]:
    """An image that cannot be read is asked for once more; an image model does not hear why, so only the seed differs."""
    try:
        return _bounded(await model.draw(request)), request
    except Malformed:
        request = replace(request, seed=next_seed(request.seed))
    return _bounded(await model.draw(request)), request


def _bounded(reply: ImageReply) -> ImageReply:
    """A reply whose words fit into a row. Raises Malformed."""
    words = reply.text or ""
    if len(words) > LONGEST_SPEECH:
        raise Malformed(
            words[:1000], f"the image came with {len(words):,} characters; at most {LONGEST_SPEECH:,} are kept"
        )
    return reply


def _words(text: str | None) -> Words | None:
    """What a model said with its image; None where that is nothing. Half characters, which no file can hold, are replaced."""
    spoken = (text or "").strip()
    return Words(spoken.encode("utf-8", "replace").decode()) if spoken else None


def start(references: Sequence[ImageRef], canvas: ImageRef | None) -> str:
    """What work starts from, as requests say it."""
    return "picture" if canvas else "references" if references else "empty canvas"
