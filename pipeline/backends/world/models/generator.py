"""The image models of the world. In: a request (words and pixels) and a skill. Out: PNG bytes of the asked size.

They read their images by vision, carry out each clause on the scene, make open choices at random, and draw the whole image anew.
Each clause may slip (`slips`); the more clauses at once, the likelier. They have no primitive for exotic shapes, never read an
explanation, and guess the meaning of a colour term.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np

from pipeline.backends.world.drawing.draw import picture
from pipeline.backends.world.models.desk import desk_for_first_try, desk_for_step, desk_with_attempt, keeps_nothing
from pipeline.backends.world.models.request import Request
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.models.slips import botch, disturb
from pipeline.backends.world.models.variants import GUESSES, pick
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, EXOTIC_SHAPES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import perform
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.scenes.terms import resolve_terms, terms
from pipeline.backends.world.words.reading import glean

ARRANGEMENTS = 12
"""How many ways of placing things are tried for one that has room for all."""
LEAVES_OUT = 0.15
"""The probability that an exotic thing is left out; otherwise another shape takes its place."""


def with_familiar_shape(op: Op, rng: np.random.Generator) -> Op | None:
    """The op with a drawable shape in place of an exotic one; None when it is left out."""
    if not isinstance(op, ops.Add | ops.Replace | ops.Count) or op.look.shape not in EXOTIC_SHAPES:
        return op
    return None if rng.random() < LEAVES_OUT else replace(op, look=replace(op.look, shape=pick(GUESSES, rng)))


def _guess_unknowns(clauses: Sequence[Op], rng: np.random.Generator) -> list[Op]:
    """The clauses with a guessed colour for every term, and a drawable shape for every exotic one."""
    guesses = {term: pick(list(COLOURS), rng) for term in sorted(terms(clauses))}
    drawable = (with_familiar_shape(resolve_terms(op, guesses), rng) for op in clauses)
    return [op for op in drawable if op is not None]


def carry_out(
    scene: Scene,
    clauses: Sequence[Op],
    pictures: tuple[Scene, ...],
    skill: Skill,
    rng: np.random.Generator,
    warned: bool = False,
) -> Scene:
    """The scene after the clauses, as well as this skill manages so many at once. `warned`: the request names an earlier failure;
    a slip is then avoided as often as a named fault is mended."""
    before, guessed = scene, _guess_unknowns(clauses, rng)
    for op, context in zip(guessed, _plan_choices(scene, guessed, pictures, rng), strict=True):
        try:
            risk = _risk(op, len(clauses), skill) * (1 - skill.mend if warned else 1)
            slips = rng.random() < risk
            scene = botch(scene, op, skill, context, rng)[0] if slips else perform(scene, op, context)
        except Unresolved:
            continue  # a clause that does not fit what is seen is left undone
    if rng.random() < skill.sides(len(clauses)):
        scene = disturb(scene, _changed_places(before, scene), rng)
    return scene


def _plan_choices(
    scene: Scene, clauses: Sequence[Op], pictures: tuple[Scene, ...], rng: np.random.Generator
) -> list[Context]:
    """A context for each clause with its open choices fixed, such that later clauses find room if that is possible."""
    contexts: list[Context] = []
    for seed in rng.integers(2**32, size=ARRANGEMENTS):
        contexts = [Context(pictures, rng=np.random.default_rng([int(seed), n])) for n in range(len(clauses))]
        if _is_feasible(scene, clauses, deepcopy(contexts)):
            break
    return contexts


def _is_feasible(scene: Scene, clauses: Sequence[Op], contexts: Sequence[Context]) -> bool:
    try:
        for op, context in zip(clauses, contexts, strict=True):
            scene = perform(scene, op, context)
    except Unresolved:
        return False
    return True


def _risk(op: Op, clauses: int, skill: Skill) -> float:
    """The probability that this clause goes wrong."""
    lapse = skill.slips(clauses)
    return 1 - (1 - lapse) * (1 - skill.physics) if isinstance(op, ops.Later | ops.Push) else lapse


def _changed_places(before: Scene, after: Scene) -> set[str]:
    return {t.place for t in after.things if before.at(t.place) != t}


def mend(
    canvas: Scene,
    fixes: Sequence[Op],
    clauses: int,
    pictures: tuple[Scene, ...],
    skill: Skill,
    rng: np.random.Generator,
) -> Scene:
    """The canvas after an improvement plan: most faults are mended, but an instruction of many clauses may lose something else."""
    scene, context = canvas, Context(pictures, rng=rng)
    for op in _guess_unknowns(fixes, rng):
        if rng.random() < skill.mend:
            try:
                scene = perform(scene, op, context)
            except Unresolved:
                continue  # the plan speaks of something that is not there
    if rng.random() < skill.breaks(clauses):
        scene = disturb(scene, _changed_places(canvas, scene), rng)
    return scene


def on_random_clear_background(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene on a background, drawn at random, on which every thing can be seen; unchanged when it needs none."""
    grounds = [b for b in BACKGROUNDS if not scene.on(b).misfit]
    return scene.on(pick(grounds, rng)) if scene.misfit and grounds else scene


def make_image(request: Request, skill: Skill) -> bytes:
    """The image that a request asks for. Raises Refused."""
    width, height = request.size()
    rng = request.rng("draw")
    plan = request.find("improvement_plan")
    is_step = request.find("subtask") is not None
    clauses = request.ops("subtask" if is_step else "instruction")
    if plan is not None and not is_step:
        desk = desk_with_attempt(request, clauses)
        assert desk.canvas is not None
        scene = mend(desk.canvas, glean(plan), len(clauses), desk.pictures, skill, rng)
    else:
        desk = desk_for_step(request, clauses) if is_step else desk_for_first_try(request, clauses)
        ground_decided = not keeps_nothing(desk) or any(isinstance(op, ops.Background) for op in clauses)
        start = desk.start if ground_decided else desk.start.on(pick(list(BACKGROUNDS), rng))
        warned = plan is not None or request.find("failure") is not None
        scene = carry_out(start, clauses, desk.pictures, skill, rng, warned)
        if plan is not None:  # a step done again: its own clauses first, then what the whole still lacks
            scene = mend(scene, glean(plan), len(clauses), desk.pictures, skill, rng)
    return picture(on_random_clear_background(scene, rng), width, height, rng, skill.style)
