"""A ladder is rehearsed before it is climbed: its rungs run against models that follow a script, without a call and without an
image.

In: a recipe and the prompts. Out: the first thing that would go wrong, in words, or nothing. A rehearsal finds
what a build would only find after paying for calls: a rung that raises, a prompt that lacks a value, events that are not in the
rung's grammar, a row for which the mask has no rule, calls that the rung's costs do not name.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from typing import TypeVar, get_args

from jinja2 import TemplateError

from pipeline.errors import one_line
from pipeline.manifest.identity import load_prompts
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.output.record_checks import flaws
from prompts.catalogue import Prompts
from stages import scripted
from stages.calls import Models
from stages.dialects import render
from stages.grammar import numbering
from stages.identity import digest
from stages.ladder import climb
from stages.mask import NoRule
from stages.protocols import ImageReply, ImageRequest, TextReply, TextRequest
from stages.prune import prune
from stages.records import AXES, Cause, Checker, ImageRef, Sample, Task
from stages.rung import Recipe, Rung, Way
from stages.segments import segments
from stages.trajectory import Trajectory

T = TypeVar("T")
PASS_CHANCES = (0.0, 0.5, 0.8, 1.0)
FAILURES_FIRST = (*range(12), 16, 24)
"""How probably an image passes, and how many fail before any does: samples that pass at once, late, in between and never."""
MOST_CALLS = 2000
_WRONG = (ArithmeticError, AssertionError, AttributeError, LookupError, NoRule, TemplateError, TypeError, ValueError)
_KINDS = {"decomposition": "plan"}


class TooManyCalls(ValueError):
    """A rung makes calls without an end."""


@dataclass
class RehearsedModel:
    """Plays all roles by a script that follows from `name`: the first `late` images fail, of the others a share of `luck` pass.

    Raises TooManyCalls.
    """

    name: str
    late: int
    luck: float
    recipe: Recipe
    identity: str = "rehearsal"
    calls: int = 0
    judged: list[str] = field(default_factory=list)

    def _chance(self, *what: str) -> float:
        """A number in [0, 1) that depends on what is asked."""
        self.calls += 1
        if self.calls > MOST_CALLS:
            raise TooManyCalls(f"it makes more than {MOST_CALLS} calls for one sample")
        return int(digest(self.name, *what)[:8], 16) / 2**32

    async def ask(self, request: TextRequest) -> TextReply:
        """A reply of the shape that is asked for."""
        policy, words = self.recipe.policy, request.messages[0].content
        image = request.images[-1].sha256 if request.images else ""
        chance = self._chance(request.schema, words, image)
        if request.schema == "evaluation":
            if image not in self.judged:
                self.judged.append(image)
            passes = self.judged.index(image) >= self.late and chance < self.luck
            others = 5 if passes else 1 + int(chance * 64) % 5
            return TextReply(
                scripted.scores({a: 5 if passes else 4 if a == "instruction" else others for a in request.axes})
            )
        if request.schema == "reflection":
            return TextReply(scripted.reflection())
        if request.schema == "diagnosis":
            causes = policy.escalate_on if policy.escalate_on and chance < 0.8 else get_args(Cause)
            return TextReply(scripted.diagnosis(causes[int(chance * 1000) % len(causes)]))
        steps = policy.steps_min + int(chance * (policy.steps_max - policy.steps_min + 1))
        return TextReply(scripted.steps(*(f"step {n}" for n in range(1, steps + 1))))

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The name of an image; there are no pixels."""
        self._chance()
        return ImageReply(ImageRef(digest(self.name, "image", self.calls), request.width, request.height, "PNG"))


def rehearse(recipe: Recipe, prompts: Prompts) -> str | None:
    """What would go wrong on this ladder, with the rung where it did and the remedy; None where all goes well."""
    return _run(_rehearse(recipe, prompts))


def admit(manifest: Manifest) -> Prompts:
    """The prompts of a ladder that passed its rehearsal. Raises ManifestError for one that did not."""
    prompts = load_prompts(manifest.recipe)
    problem = rehearse(manifest.recipe, prompts)
    if problem is not None:
        raise ManifestError(f"policy.ladder: {problem}")
    return prompts


async def _rehearse(recipe: Recipe, prompts: Prompts) -> str | None:
    tasks: tuple[tuple[Task, int], ...] = (("t2i", 0), ("edit", 1), ("compose", 2))
    for luck, late in product(PASS_CHANCES, FAILURES_FIRST):
        for task, references in tasks:
            model = RehearsedModel(digest("rehearsal", str(luck), late, task), late, luck, recipe)
            models = Models(model, model, model, prompts, 0, model)
            t = Trajectory(_sample(task, references), 0)
            for rung in recipe.rungs:
                try:
                    t = await climb(t, rung, recipe, models)
                    problem = next(_problems(t, rung, recipe), None)
                except _WRONG as error:
                    problem = one_line(error)
                if problem is not None:
                    return (
                        f"rung {rung.name}: {problem} (in a rehearsal, no call was made); correct the rung or its row"
                    )
    return None


def _problems(t: Trajectory, rung: Rung, recipe: Recipe) -> Iterator[str]:
    """What is wrong with a trajectory after `rung`, finished or not."""
    if rung.name in {key.partition(" ")[0] for key in t.entered} and (cost := _call_problem(t, rung, recipe)):
        yield cost
    if t.status == "climbing":
        return
    t = prune(t, recipe)
    yield from flaws(t, recipe)
    if t.status == "accepted":
        shown = segments(t, "paper", recipe)
        if problem := numbering([(e.kind, e.index) for e in t.events if not e.pruned]):
            yield f"its rows would not be numbered as those of one trajectory: {problem}"
        for segment in shown:
            if segment.payload is not None:
                render(segment.payload, "think", segment.index)


def _call_problem(t: Trajectory, rung: Rung, recipe: Recipe) -> str | None:
    """Calls of a rung that none of its ways names: a plan would count something else than what is paid."""
    events = [event for event in t.events if event.rung == rung.name]
    calls = Counter(
        (str(e.made_by).partition(":")[0], _kind(e.kind)) for e in events if e.call_key and e.kind != "evaluation"
    )
    verdicts = Counter(e.payload.passed for e in events if e.kind == "evaluation")  # type: ignore[union-attr]
    ended = (
        "passes" if t.mode == rung.mode else "fails" if t.status == "climbing" or t.reason == "unsolved" else "leaves"
    )
    for way in rung.ways(recipe.policy):
        if _matches(way, ended, calls, verdicts):
            return None
    paid = ", ".join(f"{n} {role} {kind}" for (role, kind), n in sorted(calls.items())) or "no calls"
    return f"it {ended} with {paid} and {verdicts.total()} judged images, and none of its ways (`ways`) says so"


def _matches(way: Way, ended: str, calls: Counter[tuple[str, str]], verdicts: Counter[bool]) -> bool:
    same_calls = {call: n for call, n in way.calls.items() if n} == dict(calls)
    return way.end == ended and same_calls and (way.passes, way.fails) == (verdicts[True], verdicts[False])


def _kind(kind: str) -> str:
    return "image" if kind == "generation" else _KINDS.get(kind, kind)


def _sample(task: Task, references: int) -> Sample:
    images = tuple(ImageRef(digest("reference", n), 64, 64, "PNG") for n in range(references))
    axes = AXES if references else tuple(axis for axis in AXES if axis != "consistency")
    return Sample(
        id=digest("rehearsal", task)[:32],
        source="rehearsal",
        row_id=task,
        instruction="put a <b> beside an & sign",
        explanation="what that means",
        references=images,
        first=None,
        applicable_axes=axes,
        task=task,
        category="rehearsal",
        width=64,
        height=64,
        licence="CC0-1.0",
        leak_group="rehearsal",
        split="train",
        climb="full",
        checker=Checker(),
    )


def _run(work: Awaitable[T]) -> T:
    """The result of `work`; on a thread of its own where a loop is running on this one."""

    async def main() -> T:
        return await work

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(main())
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, main()).result()
