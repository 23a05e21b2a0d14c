"""A judge's work before it says anything. In: a request (words and pixels) and a skill. Out: a `Case`.

It looks at the images, works out what the words demand, and compares. Its eyes may be blind to colour.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.backends.world.models.demand import Demand, follow
from pipeline.backends.world.models.desk import Desk, judged, keeps_nothing, tried
from pipeline.backends.world.models.faults import Fault, compare, explained
from pipeline.backends.world.models.request import Request
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.words.reading import facts


@dataclass(frozen=True, slots=True)
class Case:
    """All that a judge worked out about one request."""

    desk: Desk
    canvas: Scene
    demand: Demand
    faults: tuple[Fault, ...]
    terms: frozenset[str]

    @property
    def before(self) -> Scene:
        """The scene that work started from."""
        return self.desk.start

    @property
    def wanted(self) -> Scene:
        """The scene that the words demand."""
        return self.demand.scene


def study(request: Request, skill: Skill) -> Case:
    """The case of a request whose last image is the canvas. Raises Refused."""
    clauses = request.ops("instruction")
    return _case(request, judged(request, clauses), clauses, skill)


def study_attempt(request: Request, skill: Skill) -> Case:
    """The case of a request with an attempt, whatever its tag `start` says of the work to come. Raises Refused."""
    clauses = request.ops("instruction")
    return _case(request, tried(request, clauses), clauses, skill)


def _case(request: Request, desk: Desk, clauses: Sequence[Op], skill: Skill) -> Case:
    assert desk.canvas is not None
    explanation = request.find("explanation")
    known = facts(explanation) if explanation else {}
    demand = follow(desk, clauses, known, desk.canvas)
    shapes = explained(demand.scene, explanation)
    faults = compare(desk.start, demand, desk.canvas, shapes, not keeps_nothing(desk))
    blind = request.stubborn(f"colours of {skill.name}").random() < skill.colour_blind
    seen = tuple(f for f in faults if not (blind and f.sort == "colour"))
    return Case(desk, desk.canvas, demand, seen, shapes | {term.removeprefix("?").title() for term in known})
