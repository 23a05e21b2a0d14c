"""Word a judge's reasons. In: faults, or none, and the case. Out: texts that name the thing, its place, and what is wrong or right.

Places are worded by `language.at`; the background and the light are "the background" and "the light". `reflection` reads
these words back, so both must change together.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from pipeline.backends.world.models.case import Case
from pipeline.backends.world.models.faults import Fault
from pipeline.backends.world.sayings import asked, faults_asked, faults_kept, faults_looks, kept, looks
from pipeline.backends.world.sayings.facts import (
    LIGHTS,
    Slots,
    change_slots,
    fill,
    fitted,
    kept_slots,
    nature_of,
    right_things,
    scene_slots,
    sentence,
    the,
)
from pipeline.backends.world.words.language import a, at, name
from stages.voice_rules import LONGEST

_RESPECTS: Mapping[str, str] = MappingProxyType(
    {
        "shape": "shape",
        "colour": "colour",
        "size": "size",
        "texture": "pattern",
        "mark": "mark",
        "facing": "direction",
        "chipped": "outline",
        "text": "lettering",
    }
)


def praise(axis: str, case: Case, rng: np.random.Generator) -> str:
    """Word what is good about a picture on an axis; true even where the judge overlooks a fault."""
    before, seen, target = case.before, case.canvas, case.target
    slots = scene_slots(seen, target, rng)
    match axis:
        case "instruction":
            changes = change_slots(before, seen, target, rng)
            return sentence(fill(asked.TEMPLATES if changes else asked.STILL, slots | changes, rng))
        case "consistency":
            slots |= kept_slots(before, seen, target, rng) | _loan_slots(case, rng)
            if "free" in slots and slots["free"] not in {at(p) for p in before.free()}:
                del slots["free"]  # it was not empty, so it is no place that stayed so
            settled = slots.keys() & {"kept", "loan", "free", "same_ground", "same_light"}
            return sentence(fill(kept.TEMPLATES if settled else kept.OTHERWISE, slots, rng))
        case "quality":
            return sentence(fill(looks.QUALITY, slots, rng))
    return sentence(fill(looks.KNOWLEDGE, slots, rng))


def _loan_slots(case: Case, rng: np.random.Generator) -> Slots:
    """{loan} and {loan_picture}: a thing that was borrowed in full, and looks as it does where it comes from."""
    pictures, borrowed = case.desk.pictures, case.demand.borrowed
    loans = [
        (thing, borrowed[thing.place])
        for thing in right_things(case.canvas, case.target)
        if thing.place in borrowed and any(t.look == thing.look for t in pictures[borrowed[thing.place] - 1].things)
    ]
    if not loans:
        return {}
    thing, number = loans[int(rng.integers(len(loans)))]
    return {"loan": the(thing), "loan_picture": f"picture {number}"}


def blame(axis: str, faults: Sequence[Fault], case: Case, rng: np.random.Generator) -> str:
    """Word the faults on an axis, in one sentence."""
    return sentence(fitted([tell(fault, axis, case, rng) for fault in faults], LONGEST - 20))


def tell(fault: Fault, axis: str, case: Case, rng: np.random.Generator) -> str:
    """Word a fault: what is wrong, and where."""
    return fill(_templates(fault, axis), _fault_slots(fault, case, rng), rng)


def _templates(fault: Fault, axis: str) -> Sequence[str]:
    if fault.sort == "streak":
        return faults_looks.STREAKS
    key: str = "differs" if fault.sort in _RESPECTS else fault.sort
    if axis == "knowledge" and key in faults_looks.KNOWN:
        return faults_looks.KNOWN[key]
    if key == "differs" and fault.borrowed_from is not None:
        key = "borrowed"
    stayed = axis == "consistency" and (key == "borrowed" or not fault.named)
    return faults_kept.FAULTS[key] if stayed and key in faults_kept.FAULTS else faults_asked.FAULTS[key]


def _fault_slots(fault: Fault, case: Case, rng: np.random.Generator) -> Slots:
    slots = {"at": at(fault.place or "center"), "light": LIGHTS[case.canvas.tone]}
    slots |= {"ground": case.canvas.background, "number": str(fault.borrowed_from)}
    if fault.sort in ("background", "light", "impossible"):
        words = LIGHTS if fault.sort == "light" else {}
        slots |= {k: words.get(v, v) for k, v in zip(("ground", "shown"), fault.grounds, strict=True)}
    if right := right_things(case.canvas, case.target):
        slots["near"] = the(right[int(rng.integers(len(right)))])
    if fault.expected is not None:
        shape = fault.expected.shape
        slots |= {"want": name(fault.expected), "a_want": a(name(fault.expected))}
        if not fault.expected.chipped and (fault.got is None or fault.got.shape != shape):
            slots |= {"a_shape": a(shape), "nature": nature_of(shape, rng)}
    if fault.got is not None:
        slots |= {"got": name(fault.got), "a_got": a(name(fault.got)), "got_at": at(fault.got.place)}
    if fault.sort in _RESPECTS:
        slots["respect"] = _RESPECTS[fault.sort]
    return slots
