"""The image models of the world. In: a request (words and pixels) and a skill. Out: PNG bytes of the asked size.

Sees its images by vision, carries out each clause on the scene it saw, makes open choices its own way, and draws the whole image
anew. Each clause may slip (`slips`); the more come at once, the likelier. It has no primitive for exotic shapes, never
reads an explanation, and guesses what a colour term means.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace

import numpy as np

from pipeline.backends.world.drawing.draw import picture
from pipeline.backends.world.models.desk import fresh, keeps_nothing, stepping, tried
from pipeline.backends.world.models.request import Request
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.models.slips import botched, disturb
from pipeline.backends.world.models.variants import GUESSES, pick
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, EXOTIC_SHAPES
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.perform import Context, perform
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.scenes.terms import plain, terms
from pipeline.backends.world.words.reading import glean

ARRANGEMENTS = 12
"""How many ways of placing things are thought through before one is begun."""
LEAVES_OUT = 0.15
"""How probably a thing that it cannot draw is left out; else something else stands there."""


def familiar(op: Op, rng: np.random.Generator) -> Op | None:
    """The op in terms of what can be drawn: another shape for an exotic one, or None where it is left out."""
    if not isinstance(op, ops.Add | ops.Replace | ops.Count) or op.look.shape not in EXOTIC_SHAPES:
        return op
    return None if rng.random() < LEAVES_OUT else replace(op, look=replace(op.look, shape=pick(GUESSES, rng)))


def _guessed(clauses: Sequence[Op], rng: np.random.Generator) -> list[Op]:
    """The clauses with a guess for every colour term, and another shape for everything exotic."""
    guesses = {term: pick(list(COLOURS), rng) for term in sorted(terms(clauses))}
    known = (familiar(plain(op, guesses), rng) for op in clauses)
    return [op for op in known if op is not None]


def carry_out(
    scene: Scene, clauses: Sequence[Op], pictures: tuple[Scene, ...], skill: Skill, rng: np.random.Generator
) -> Scene:
    """The scene after the clauses, as well as this skill manages so many at once."""
    before, able = scene, _guessed(clauses, rng)
    for op, context in zip(able, _choices(scene, able, pictures, rng), strict=True):
        try:
            wrong = rng.random() < _risk(op, len(clauses), skill)
            scene = botched(scene, op, skill, context, rng)[0] if wrong else perform(scene, op, context)
        except Unresolved:
            continue  # a clause that does not fit what is seen is left undone
    if rng.random() < skill.sides(len(clauses)):
        scene = disturb(scene, _touched(before, scene), rng)
    return scene


def _choices(
    scene: Scene, clauses: Sequence[Op], pictures: tuple[Scene, ...], rng: np.random.Generator
) -> list[Context]:
    """How open choices will fall, clause by clause: so that the later ones still find room, where that can be had."""
    contexts: list[Context] = []
    for seed in rng.integers(2**32, size=ARRANGEMENTS):
        contexts = [Context(pictures, rng=np.random.default_rng([int(seed), n])) for n in range(len(clauses))]
        if _fits(scene, clauses, deepcopy(contexts)):
            break
    return contexts


def _fits(scene: Scene, clauses: Sequence[Op], contexts: Sequence[Context]) -> bool:
    try:
        for op, context in zip(clauses, contexts, strict=True):
            scene = perform(scene, op, context)
    except Unresolved:
        return False
    return True


def _risk(op: Op, clauses: int, skill: Skill) -> float:
    """How probably this clause goes wrong."""
    lapse = skill.slips(clauses)
    return 1 - (1 - lapse) * (1 - skill.physics) if isinstance(op, ops.Later | ops.Push) else lapse


def _touched(before: Scene, after: Scene) -> set[str]:
    return {t.place for t in after.things if before.at(t.place) != t}


def mend(
    canvas: Scene,
    fixes: Sequence[Op],
    clauses: int,
    pictures: tuple[Scene, ...],
    skill: Skill,
    rng: np.random.Generator,
) -> Scene:
    """The canvas after an improvement plan: most faults mended, at a price where the instruction has many clauses."""
    scene, context = canvas, Context(pictures, rng=rng)
    for op in _guessed(fixes, rng):
        if rng.random() < skill.mend:
            try:
                scene = perform(scene, op, context)
            except Unresolved:
                continue  # the plan speaks of something that is not there
    if rng.random() < skill.breaks(clauses):
        scene = disturb(scene, _touched(canvas, scene), rng)
    return scene


def drawable(scene: Scene, rng: np.random.Generator) -> Scene:
    """The scene on a background on which all of it can be seen, if there is one."""
    grounds = [b for b in BACKGROUNDS if not scene.on(b).misfit]
    return scene.on(pick(grounds, rng)) if scene.misfit and grounds else scene


def make_image(request: Request, skill: Skill) -> bytes:
    """The image that a request asks for. Raises Refused."""
    width, height = request.size()
    rng = request.rng("draw")
    plan = request.find("improvement_plan")
    step = request.find("subtask") is not None
    clauses = request.ops("subtask" if step else "instruction")
    if plan is not None:
        desk = tried(request, clauses)
        assert desk.canvas is not None
        scene = mend(desk.canvas, glean(plan), len(clauses), desk.pictures, skill, rng)
    else:
        desk = stepping(request, clauses) if step else fresh(request, clauses)
        grounded = not keeps_nothing(desk) or any(isinstance(op, ops.Background) for op in clauses)
        start = desk.start if grounded else desk.start.on(pick(list(BACKGROUNDS), rng))
        scene = carry_out(start, clauses, desk.pictures, skill, rng)
    return picture(drawable(scene, rng), width, height, rng)
