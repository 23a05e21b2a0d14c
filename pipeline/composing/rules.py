"""Which single edits may stand in one instruction, and in what order. Pure.

In: clauses of one reference. Out: whether two of them conflict, and an order in which all can be carried out.

Two clauses conflict where both may be about the same thing, so that no clause speaks of what a former one changed or removed; where
they change the same side of the picture (two backgrounds, two lights) or put something at the same place; and where one turns out
otherwise because of the other: what slides depends on all that is put, moved or taken away, time works on every thing, a picture
seen from behind on where things went, and a thing would vanish in a background of its colour.
"""

from collections.abc import Sequence
from random import Random

from pipeline.composing.clause import Clause

MOVES_THINGS = ("addition", "removal", "spatial_arrangement", "count", "motion", "composition")
"""Sub-categories that change which places are free."""
LAST = ("viewpoint", "temporal_evolution")


def conflict(one: Clause, other: Clause) -> bool:
    """Whether they may not stand together."""
    return _about_the_same(one, other) or _at_one_place(one, other) or _depends(one, other) or _depends(other, one)


def _about_the_same(one: Clause, other: Clause) -> bool:
    if one.scope != "things" and other.scope != "things":
        return one.scope == other.scope or (one.scope in LAST and other.scope in LAST)
    if one.things & other.things:
        return True
    return (
        one.scope == other.scope and "thing" in one.things | other.things
    )  # "the object on the left" may be any thing


def _at_one_place(one: Clause, other: Clause) -> bool:
    """Whether both may put something at the same place, or more than there is room for."""
    if not one.puts or not other.puts:
        return False
    if "count" in (one.category, other.category) or "near" in (one.puts, other.puts):
        return True
    return one.goal == other.goal != ""


def _depends(one: Clause, other: Clause) -> bool:
    """Whether what `one` asks for turns out otherwise because of `other`."""
    if one.scope == "background" and one.colours & other.colours:
        return True
    if one.scope == "temporal_evolution":
        return other.scope == "things"
    if one.scope == "viewpoint":
        return other.puts in ("anywhere", "near")
    if one.category == "motion":
        return other.category in MOVES_THINGS
    return one.puts == "anywhere" and other.category in ("removal", "spatial_arrangement")


def stage(clause: Clause) -> int:
    """When its turn comes: things in their places, then what is put somewhere, then wherever there is room, then the whole."""
    if clause.scope in LAST:
        return 5
    if clause.scope in ("tone_lighting", "style"):
        return 4
    if clause.scope == "background":
        return 3
    return {"": 0, "there": 1, "near": 1, "anywhere": 2}[clause.puts]


def in_order(clauses: Sequence[Clause], rng: Random) -> list[int]:
    """The places of the clauses in an order in which they can be carried out; chance decides where several are as good."""
    places = list(range(len(clauses)))
    rng.shuffle(places)
    return sorted(places, key=lambda place: stage(clauses[place]))
