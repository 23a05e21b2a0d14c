"""A ladder is rehearsed before it is climbed: its rungs run against models that follow a script, without a call and without an
image.

In: a recipe and the prompts. Out: the first thing that would go wrong, in words, or nothing. A rehearsal finds
what a build would only find after paying for calls: a rung that raises, a prompt that lacks a value, events that are not in the
rung's grammar, a row for which the mask has no rule, calls that the rung's costs do not name.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import product
from typing import TypeVar

from jinja2 import TemplateError

from pipeline.backends.registry import backend
from pipeline.errors import one_line
from pipeline.manifest.generators import place_of
from pipeline.manifest.identity import load_prompts
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.output.record_checks import flaws
from pipeline.output.rehearsed import RehearsedModel, rehearsed_sample
from prompts.catalogue import Prompts
from stages.calls import Models
from stages.dialects import render
from stages.errors import ModelError
from stages.grammar import ALPHABET, Pattern, fit, letters_of, numbering, spell
from stages.identity import digest
from stages.ladder import UNSOLVED, climb
from stages.makers import maker_in
from stages.mask import NoRule
from stages.prune import prune
from stages.records import Task
from stages.rung import Recipe, Rung, Way
from stages.rungs import ROW_ERRORS
from stages.segments import segments
from stages.trajectory import Trajectory

T = TypeVar("T")
PASS_CHANCES = (0.0, 0.5, 0.8, 1.0)
FAILURES_FIRST = (*range(10), 14)
"""How probably an image passes, and how many fail before any does: samples that pass at once, late, in between and never."""
_WRONG = (*ROW_ERRORS, ModelError, NoRule, TemplateError)
_KINDS = {"decomposition": "plan"}
PATIENCE_S = 10.0
MOST_WAYS = 3  # to be listed in a message
TASKS: tuple[tuple[Task, int], ...] = (("t2i", 0), ("edit", 1), ("edit", 1), ("compose", 2), ("compose", 4))
"""What is asked for, and with how many references."""


@dataclass(frozen=True)
class Rehearsal:
    """`problem`: the first thing that went wrong, with its rung and the remedy; None where all went well. `unentered`: rungs that
    no rehearsed sample came to, so that nothing is known of them. `scorers`: the roles that are asked how likely a text is, each
    with a rung that asks."""

    problem: str | None
    unentered: tuple[str, ...] = ()
    scorers: Mapping[str, str] = field(default_factory=dict)


def rehearse(recipe: Recipe, prompts: Prompts) -> Rehearsal:
    """Climb this ladder with samples and models that follow a script."""
    return _run(_rehearse(recipe, prompts))


def admit(manifest: Manifest, warn: Callable[[str], None]) -> Prompts:
    """The prompts of a ladder that passed its rehearsal; `warn` hears of rungs that were not rehearsed.

    Raises ManifestError for a ladder that did not pass.
    """
    prompts = load_prompts(manifest.recipe, kits=manifest.models.kits.values())
    rehearsal = rehearse(manifest.recipe, prompts)
    if rehearsal.problem is not None:
        raise ManifestError(f"policy.ladder: {rehearsal.problem}")
    # found before anything is paid: the first score would stop the run
    for role, spec in manifest.models:
        if role in rehearsal.scorers and not backend(spec.backend).scores:
            problem = f"the {spec.backend} backend cannot say how likely a text is, as the rung {rehearsal.scorers[role]} asks"
            raise ManifestError(f"models.{place_of(role)}: {problem}; name one that can: openai, with a vLLM server")
    for name in rehearsal.unentered:
        warn(
            f"no rehearsed sample entered the rung {name} (its `enters`), so its row was not checked; try it on a few samples first"
        )
    return prompts


async def _rehearse(recipe: Recipe, prompts: Prompts) -> Rehearsal:
    if problem := next(_row_problems(recipe), None):
        return Rehearsal(f"{problem}; correct the row of that rung")
    entered: set[str] = set()
    scorers: dict[str, str] = {}
    for luck, late in product(PASS_CHANCES, FAILURES_FIRST):
        for n, (task, references) in enumerate(TASKS):
            model = RehearsedModel(digest("rehearsal", str(luck), late, n), late, luck, recipe)
            generators = dict.fromkeys(recipe.policy.named_generators, model)
            models = recipe.rule(Models(model, model, model, prompts, 0, model, generators=generators))
            t = Trajectory(rehearsed_sample(task, references, brings_first=n == 2, explained=n % 2 == 0), 0)
            for rung in recipe.rungs:
                try:
                    async with asyncio.timeout(PATIENCE_S):  # it waits for nobody: no call is made
                        t = await climb(t, rung, recipe, models)
                    entered.add(t.rung)
                    scorers |= {maker_in(e.made_by): e.rung for e in t.events if e.kind == "score"}
                    problem = next(_problems(t, rung, recipe), None)
                except _WRONG as error:
                    problem = one_line(error)
                if problem is not None:
                    words = (
                        f"rung {rung.name}: {problem} (in a rehearsal, no call was made); correct the rung or its row"
                    )
                    return Rehearsal(words)
    unused = {rung.name for rung in recipe.rungs if not rung.stations(recipe.policy)}  # such as no rounds of reflection
    return Rehearsal(None, tuple(rung.name for rung in recipe.rungs if rung.name not in entered | unused), scorers)


def _row_problems(recipe: Recipe) -> Iterator[str]:
    """What is wrong with what the rows say under this policy, before anybody climbs."""
    for rung in recipe.rungs:
        field = "passes"
        try:
            for field in ("passes", "fails", "sentence"):
                spell(getattr(rung, field)(recipe.policy))
            field = "discards"
            for pattern in rung.discards(recipe.policy).values():
                spell(pattern)
            field = "stages"
            keys = [station.key for station in rung.stations(recipe.policy)]
            if len(set(keys)) < len(keys) or any(key.partition(" ")[0] != rung.name for key in keys):
                yield f"rung {rung.name}: its stations {', '.join(keys)} must be '{rung.name}' or '{rung.name} STAGE', each once"
            field = "ways"
            yield from _chance_problems(rung, recipe)
        except _WRONG as error:
            yield f"rung {rung.name}: its `{field}` cannot be read ({one_line(error)})"


def _chance_problems(rung: Rung, recipe: Recipe) -> Iterator[str]:
    chances = rung.chances(recipe.policy)
    for way in rung.ways(recipe.policy):
        if way.end not in ("passes", "fails", "leaves"):
            yield f"rung {rung.name}: a way ends with {way.end!r}; say passes, fails or leaves"
        if foreign := [name for name in (*way.won, *way.lost) if name not in chances]:
            yield f"rung {rung.name}: a way names the chance {foreign[0]!r}; its `chances` are {', '.join(chances) or 'none'}"
    for name, rate in rung.guesses.items():
        if not 0 <= rate <= 1:
            yield f"rung {rung.name}: it guesses {rate} for {name}; a rate lies in 0 to 1"


def _problems(t: Trajectory, rung: Rung, recipe: Recipe) -> Iterator[str]:
    """What is wrong with a trajectory after `rung`, finished or not: what the rung did first, so that it is named rightly."""
    if t.rung == rung.name:
        yield from _rung_problems(t, rung, recipe)
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


def _rung_problems(t: Trajectory, rung: Rung, recipe: Recipe) -> Iterator[str]:
    """Whether the rung added the events and made the calls that go with the way it ended."""
    letters = letters_of([event for event in t.events if event.rung == rung.name])
    field, pattern = _expected_events(t, rung, recipe)
    if fit(pattern, letters) is None:
        yield f"it added the events {letters or 'none'}; its `{field}` is {spell(pattern)} ({ALPHABET})"
    if cost := _call_problem(t, rung, recipe):
        yield cost


def _expected_events(t: Trajectory, rung: Rung, recipe: Recipe) -> tuple[str, Pattern]:
    """The field of the row that says which events the rung adds when it ends so, and what it says."""
    if t.status == "accepted":
        return "passes", rung.passes(recipe.policy)
    if t.status == "climbing" or t.reason == UNSOLVED:
        return "fails", rung.fails(recipe.policy)
    return "discards", rung.discards(recipe.policy)[t.reason or ""]


def _call_problem(t: Trajectory, rung: Rung, recipe: Recipe) -> str | None:
    """Calls of a rung that none of its ways names: a plan would count something else than what is paid."""
    events = [event for event in t.events if event.rung == rung.name]
    calls = Counter(
        # an image that a sample brings along saves its call; a plan counts without it
        (maker_in(e.made_by), _kind(e.kind))
        for e in events
        if e.made_by and e.kind not in ("words", "evaluation")
    )
    verdicts = Counter(e.payload.passed for e in events if e.kind == "evaluation")  # type: ignore[union-attr]
    ended = "passes" if t.mode == rung.mode else "fails" if t.status == "climbing" or t.reason == UNSOLVED else "leaves"
    ways = list(rung.costs(recipe.policy))
    if any(_matches(way, ended, calls, verdicts) for way in ways):
        return None
    paid = _spell_calls(calls, verdicts[True], verdicts[False])
    like = [_spell_calls(Counter(way.calls), way.passes, way.fails) for way in ways if way.end == ended]
    planned = "; or ".join(dict.fromkeys(like[:MOST_WAYS])) or f"no way that {ended}"
    return f"it {ended} with {paid}; its `ways` know {planned}"


def _spell_calls(calls: Counter[tuple[str, str]], passes: int, fails: int) -> str:
    kinds = [f"{n} {role} {kind}" for (role, kind), n in sorted(calls.items()) if n]
    return ", ".join([*kinds, f"{passes} images judged to pass", f"{fails} to fail"])


def _matches(way: Way, ended: str, calls: Counter[tuple[str, str]], verdicts: Counter[bool]) -> bool:
    same_calls = {call: n for call, n in way.calls.items() if n} == dict(calls)
    return way.end == ended and same_calls and (way.passes, way.fails) == (verdicts[True], verdicts[False])


def _kind(kind: str) -> str:
    return "image" if kind == "generation" else _KINDS.get(kind, kind)


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
