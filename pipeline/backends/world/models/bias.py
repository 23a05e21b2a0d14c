"""A judge's errors and biases. In: a case, a request, a skill. Out: the faults on which the verdict is based.

A verdict is wrong at the skill's `error_rate`: all faults are overlooked, or one is invented. The share `stubborn` of these
errors depends on the judge's name and the words alone, so that asking the same judge again does not help; the rest depends on
the request's seed, too. No draw depends on pixels, so that re-encoding an image does not change its verdict.
"""

from dataclasses import replace

import numpy as np

from pipeline.backends.world.models.case import Case
from pipeline.backends.world.models.faults import Fault
from pipeline.backends.world.models.request import Request
from pipeline.backends.world.models.skill import Skill
from pipeline.backends.world.scenes.looks import BACKGROUNDS, COLOURS, SIZES
from pipeline.backends.world.scenes.scene import Thing


def errs(request: Request, skill: Skill) -> bool:
    """Whether this reply is wrong, which happens at the skill's `error_rate`."""
    fixed = skill.stubborn * skill.error_rate
    if request.stubborn(f"error of {skill.name}").random() < fixed:
        return True
    # The rest of the rate falls on requests that are not wrong already.
    fresh = (skill.error_rate - fixed) / (1 - fixed) if fixed < 1 else 0.0
    return bool(request.rng("error").random() < fresh)


def believed_faults(case: Case, request: Request, skill: Skill) -> tuple[Fault, ...]:
    """The faults on which the verdict is based: those of the case, changed by errors and biases."""
    rng = request.rng("bias")
    if errs(request, skill):
        return () if case.faults else (invent_fault(case, skill, rng),)
    if not case.faults:
        return (invent_fault(case, skill, rng),) if rng.random() < skill.invents else ()
    return tuple(f for f in case.faults if rng.random() >= skill.overlooks)


def invent_fault(case: Case, skill: Skill, rng: np.random.Generator) -> Fault:
    """A plausible fault that does not exist, most likely on a thing that the words mention."""
    new = [t for t in case.target.things if case.before.at(t.place) != t]
    things = new if new and rng.random() < 0.8 else list(case.target.things)
    if not things:
        grounds = [b for b in BACKGROUNDS if b != case.target.background]
        return Fault("background", None, grounds=(case.target.background, grounds[int(rng.integers(len(grounds)))]))
    thing = things[int(rng.integers(len(things)))]
    named = thing in new
    if rng.random() < 0.15 and (free := case.target.free()):
        return Fault("streak", free[int(rng.integers(len(free)))], named=False)
    sees_colour = rng.random() >= skill.colour_blind
    if sees_colour and rng.random() < 0.7:
        return Fault("colour", thing.place, thing, _with_other(thing, "colour", list(COLOURS), rng), named)
    return Fault("size", thing.place, thing, _with_other(thing, "size", list(SIZES), rng), named)


def _with_other(thing: Thing, name: str, values: list[str], rng: np.random.Generator) -> Thing:
    others = [v for v in values if v != getattr(thing, name)]
    return replace(thing, **{name: others[int(rng.integers(len(others)))]})  # type: ignore[arg-type]
