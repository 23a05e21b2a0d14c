"""List what an instruction demands, and whether each is met. In: a case, the faults of a verdict. Out: `demands` of a reply.

One demand a clause, and for a new picture that it shows nothing else. A fault leaves the clause unmet that decided its place; one
that no clause decided becomes a demand of its own. So a demand is unmet exactly where the instruction has a fault.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from pipeline.backends.world.models.case import Case
from pipeline.backends.world.models.demand import GROUND, LIGHT, ClauseEffect
from pipeline.backends.world.models.desk import keeps_nothing
from pipeline.backends.world.models.faults import Fault
from pipeline.backends.world.models.variants import pick
from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.find import fits
from pipeline.backends.world.words.language import a, at, name, phrase

NOTHING_ELSE = (
    "nothing that is not asked for",
    "no other thing than those asked for",
    "nothing besides what is named",
    "no thing too many",
)


def demands(case: Case, faults: Sequence[Fault], rng: np.random.Generator) -> list[dict[str, str | bool]]:
    """The demands of the case's instruction; unmet are those of `faults`, which are the faults that its score counts."""
    met_by_words: dict[str, bool] = {}
    for words, met in _listed(case, faults, rng):
        met_by_words[words] = met and met_by_words.get(words, True)
    return [{"demand": words, "met": met} for words, met in met_by_words.items()]


def _listed(case: Case, faults: Sequence[Fault], rng: np.random.Generator) -> Iterator[tuple[str, bool]]:
    new, effects = keeps_nothing(case.desk), case.demand.effects
    owners = [_owner(fault, effects) for fault in faults]
    for n, effect in enumerate(effects):
        yield phrase(effect.clause, rng, picture=new), n not in owners
    loose = [fault for fault, owner in zip(faults, owners, strict=True) if owner is None]
    if new:
        yield pick(NOTHING_ELSE, rng), not any(fault.sort == "extra" for fault in loose)
    yield from ((_state(fault), False) for fault in loose if not (new and fault.sort == "extra"))


def _owner(fault: Fault, effects: Sequence[ClauseEffect]) -> int | None:
    """The number of the last clause that decided what is wrong; None where none did."""
    return next((n for n in reversed(range(len(effects))) if _decided(effects[n], fault)), None)


def _decided(effect: ClauseEffect, fault: Fault) -> bool:
    clause = effect.clause
    match fault.sort:
        case "background":
            return GROUND in effect.places
        case "light":
            return LIGHT in effect.places
        case "impossible":
            return not effect.followed and fault.grounds[0] == clause.kind.replace("_", " ")
    things = [thing for thing in (fault.expected, fault.got) if thing is not None]
    places = {fault.place, *(thing.place for thing in things)}
    counted = isinstance(clause, ops.Count) and any(fits(clause.look, thing) for thing in things)
    return counted or bool(places & effect.places)


def _state(fault: Fault) -> str:
    """What should be seen instead of a fault."""
    where = at(fault.place or "center")
    match fault.sort:
        case "background":
            return f"{a(fault.grounds[0])} background"
        case "light":
            return f"the light of the {fault.grounds[0]}"
        case "impossible":
            return f"{fault.grounds[0]}, as far as the picture allows it"
        case "streak":
            return f"no stray streak {where}"
    return f"nothing {where}" if fault.expected is None else f"{a(name(fault.expected))} {where}"
