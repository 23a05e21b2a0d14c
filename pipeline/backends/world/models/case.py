"""A judge's analysis, before its biases. In: a request (words and pixels) and a skill. Out: a `Case`.

It reads the images, works out the scene that the words demand, and compares. A colour-blind judge misses wrong colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.backends.world.models.demand import DemandedScene, follow
from pipeline.backends.world.models.desk import Desk, desk_for_judging, desk_with_attempt, keeps_nothing
from pipeline.backends.world.models.faults import Fault, compare, explained_shapes
from pipeline.backends.world.models.request import Request
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.words.reading import facts


@dataclass(frozen=True, slots=True)
class Case:
    """A judge's analysis of one request. `terms`: the names that the explanation explains."""

    desk: Desk
    canvas: Scene
    demand: DemandedScene
    faults: tuple[Fault, ...]
    terms: frozenset[str]

    @property
    def before(self) -> Scene:
        """The scene that work started from."""
        return self.desk.start

    @property
    def target(self) -> Scene:
        """The scene that the words demand."""
        return self.demand.scene


def study(request: Request, skill: Skill) -> Case:
    """The case of a request whose last image is the canvas. Raises Refused."""
    clauses = request.ops("instruction")
    return _make_case(request, desk_for_judging(request, clauses), clauses, skill)


def study_attempt(request: Request, skill: Skill) -> Case:
    """The case of a request with an attempt; its tag `start`, which is about the next step, is ignored. Raises Refused."""
    clauses = request.ops("instruction")
    return _make_case(request, desk_with_attempt(request, clauses), clauses, skill)


def _make_case(request: Request, desk: Desk, clauses: Sequence[Op], skill: Skill) -> Case:
    assert desk.canvas is not None
    explanation = request.find("explanation")
    term_colours = facts(explanation) if explanation else {}
    demand = follow(desk, clauses, term_colours, desk.canvas)
    shapes = explained_shapes(demand.scene, explanation)
    faults = compare(desk.start, demand, desk.canvas, shapes, not keeps_nothing(desk))
    blind = request.stubborn(f"colours of {skill.name}").random() < skill.colour_blind
    visible = tuple(f for f in faults if not (blind and f.sort == "colour"))
    return Case(desk, desk.canvas, demand, visible, shapes | {term.removeprefix("?").title() for term in term_colours})
