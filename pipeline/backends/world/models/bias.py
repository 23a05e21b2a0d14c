"""Where a judge's verdict parts from what it saw. In: a case, a request, a skill. Out: the faults that it goes by.

A verdict is wrong at the skill's `error_rate`: all is overlooked, or a fault is invented. Of these errors the share `stubborn`
depends on the judge's name and the words alone, so that asking the same judge again does not help; the rest is drawn
anew with each request's seed. No draw depends on pixels: a verdict survives re-encoding.
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
    """Whether this reply goes wrong, which it does at the skill's `error_rate`."""
    fixed = skill.stubborn * skill.error_rate
    if request.stubborn(f"error of {skill.name}").random() < fixed:
        return True
    # The rest of the rate falls on requests that are not wrong already.
    fresh = (skill.error_rate - fixed) / (1 - fixed) if fixed < 1 else 0.0
    return bool(request.rng("error").random() < fresh)


def believed(case: Case, request: Request, skill: Skill) -> tuple[Fault, ...]:
    """The faults that the verdict goes by."""
    rng = request.rng("bias")
    if errs(request, skill):
        return () if case.faults else (invented(case, skill, rng),)
    if not case.faults:
        return (invented(case, skill, rng),) if rng.random() < skill.invents else ()
    return tuple(f for f in case.faults if rng.random() >= skill.overlooks)


def invented(case: Case, skill: Skill, rng: np.random.Generator) -> Fault:
    """A plausible fault that is not there, most likely with something that the words speak of."""
    new = [t for t in case.wanted.things if case.before.at(t.place) != t]
    things = new if new and rng.random() < 0.8 else list(case.wanted.things)
    if not things:
        grounds = [b for b in BACKGROUNDS if b != case.wanted.background]
        return Fault("background", None, grounds=(case.wanted.background, grounds[int(rng.integers(len(grounds)))]))
    thing = things[int(rng.integers(len(things)))]
    named = thing in new
    if rng.random() < 0.15 and (free := case.wanted.free()):
        return Fault("streak", free[int(rng.integers(len(free)))], named=False)
    sees_colour = rng.random() >= skill.colour_blind
    if sees_colour and rng.random() < 0.7:
        return Fault("colour", thing.place, thing, _other(thing, "colour", list(COLOURS), rng), named)
    return Fault("size", thing.place, thing, _other(thing, "size", list(SIZES), rng), named)


def _other(thing: Thing, name: str, values: list[str], rng: np.random.Generator) -> Thing:
    others = [v for v in values if v != getattr(thing, name)]
    return replace(thing, **{name: others[int(rng.integers(len(others)))]})  # type: ignore[arg-type]
