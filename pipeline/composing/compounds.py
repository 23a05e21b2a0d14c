"""Joins single edits on one reference into compound instructions. Pure, seeded: the same parents give the same compounds.

In: parents by reference, how many clauses, a seed. Out: `Compound`s, until parents give no more. The first N are the first
N of any larger number, and each reference has its turn before one has its second.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from pipeline.composing.parents import Parent, joined_explanation, joined_licence
from pipeline.composing.rules import conflict, in_order
from pipeline.composing.wording import join
from stages.identity import digest
from stages.records import ImageRef

TURNS = 8
"""How often a reference is tried for one more compound."""


@dataclass(frozen=True, slots=True)
class Compound:
    """An instruction of several clauses. `parts`: the clauses in their order, `parents`: the row of each part, or of each reference
    that a part borrows from. `worded` by rules or by a model."""

    instruction: str
    category: str
    parts: tuple[str, ...]
    references: tuple[ImageRef, ...]
    parents: tuple[Parent, ...]
    worded: str = "rules"

    @property
    def id(self) -> str:
        """From what it is made of: the words may change."""
        return digest("compound", list(self.parts), [parent.key for parent in self.parents])[:16]

    @property
    def licence(self) -> str:
        """The licences of all parents."""
        return joined_licence(self.parents)

    @property
    def explanation(self) -> str | None:
        """The facts of all parents."""
        return joined_explanation(self.parents)

    def reworded(self, instruction: str, by: str) -> "Compound":
        """The same in other words."""
        return replace(self, instruction=instruction, worded=by)


def turns(names: Sequence[str], seed: int, what: str) -> Iterator[tuple[str, Random]]:
    """Each name once a turn, in an order by hash, with the random generator of that turn."""
    ordered = sorted(names, key=lambda name: digest(seed, what, name))
    for turn in range(TURNS):
        for name in ordered:
            yield name, Random(digest(seed, what, turn, name))


def compose(by_reference: Mapping[str, Sequence[Parent]], least: int, most: int, seed: int) -> Iterator[Compound]:
    """Compounds of `least` to `most` clauses."""
    seen: set[frozenset[str]] = set()
    able = [name for name, parents in by_reference.items() if len(parents) >= least]
    for name, rng in turns(able, seed, "compound"):
        chosen = _choose(by_reference[name], rng.randint(least, most), rng)
        rows = frozenset(parent.key for parent in chosen)
        if len(chosen) < least or rows in seen:
            continue
        seen.add(rows)
        yield _join(chosen, rng)


def _choose(parents: Sequence[Parent], wanted: int, rng: Random) -> list[Parent]:
    """As many as can stand together, at most `wanted`."""
    chosen: list[Parent] = []
    for parent in rng.sample(sorted(parents, key=lambda p: p.key), len(parents)):
        if len(chosen) < wanted and not any(conflict(parent.clause, other.clause) for other in chosen):
            chosen.append(parent)
    return chosen


def _join(chosen: Sequence[Parent], rng: Random) -> Compound:
    order = in_order([parent.clause for parent in chosen], rng)
    parents = tuple(chosen[place] for place in order)
    parts = tuple(parent.clause.text for parent in parents)
    return Compound(join(parts, rng), parents[0].clause.category, parts, (parents[0].reference,), parents)
