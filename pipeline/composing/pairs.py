"""Pairs references across rows: prompts with two pictures, of the method's three sub-categories with several references.

In: parents by reference, a seed. Out: `Compound`s whose second picture lends something. A thing is named as a row of that picture
names it, so it is there: rows that add a thing name none. Where picture 1 stays the picture, further edits of it may follow.
"""

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from pipeline.composing.clause import Clause, read
from pipeline.composing.compounds import Compound, turns
from pipeline.composing.parents import Parent
from pipeline.composing.rules import conflict
from pipeline.composing.wording import join, sentence

_REMOVALS = ("remove ", "delete ", "erase ", "take away ", "get rid of ")
_SIDES = (("on the left", "on the right"), ("at the top", "at the bottom"))
_PLACINGS = ("put {thing} {side}", "place {thing} {side}", "bring in {thing} {side}", "add {thing} {side}")
_REPLACEMENTS = ("replace {base} with {other}", "put {other} in place of {base}", "swap {base} for {other}")
_TRANSFERS = ("give {base} the colour of {other}", "use the colour of {other} for {base}")
MOST_FURTHER = 2


def pair(by_reference: Mapping[str, Sequence[Parent]], seed: int) -> Iterator[Compound]:
    """Prompts with two references."""
    lenders = {name: lender for name, parents in by_reference.items() if (lender := _lender(parents)) is not None}
    names = sorted(lenders)
    seen: set[str] = set()
    for name, rng in turns(sorted(by_reference), seed, "pair"):
        others = [other for other in names if other != name]
        if not others:
            return
        made = _make(by_reference[name], lenders.get(name), lenders[rng.choice(others)], rng)
        if made is not None and made.id not in seen:
            seen.add(made.id)
            yield made


def _lender(parents: Sequence[Parent]) -> Parent | None:
    """The row by which a thing of this picture is named."""
    return next((p for p in sorted(parents, key=lambda p: p.key) if p.clause.subject is not None), None)


def _named(parent: Parent, picture: int) -> str:
    return f"the {parent.clause.subject} from picture {picture}"


def _make(parents: Sequence[Parent], own: Parent | None, lender: Parent, rng: Random) -> Compound | None:
    bases = [(parent, base) for parent in sorted(parents, key=lambda p: p.key) if (base := _base(parent))]
    kinds = ["composition"] * (own is not None) + ["object_replacement", "reference_transfer"] * bool(bases)
    if not kinds:
        return None
    kind = rng.choice(kinds)
    if kind == "composition":
        assert own is not None
        placed = zip((_named(own, 1), _named(lender, 2)), rng.choice(_SIDES), strict=True)
        parts = tuple(rng.choice(_PLACINGS).format(thing=thing, side=side) for thing, side in placed)
        return Compound(join(parts, rng), kind, parts, (own.reference, lender.reference), (own, lender))
    parent, base = rng.choice(bases)
    words = _REPLACEMENTS if kind == "object_replacement" else _TRANSFERS
    text = rng.choice(words).format(base=base, other=_named(lender, 2))
    further = _further(parents, parent, lender, rng)
    parts = (text, *(one.clause.text for one in further))
    return Compound(
        join(parts, rng) if further else sentence(text),
        kind,
        parts,
        (parent.reference, lender.reference),
        (parent, lender, *further),
    )


def _base(parent: Parent) -> str | None:
    """The thing of picture 1 that is changed, in the words of a row that would remove it."""
    text = parent.clause.text
    verb = next((verb for verb in _REMOVALS if text.startswith(f"{verb}the ")), None)
    return text.removeprefix(verb) if verb else None


def _further(parents: Sequence[Parent], base: Parent, lender: Parent, rng: Random) -> list[Parent]:
    """Edits of picture 1 that neither touch the thing in question nor what is lent."""
    lent: Clause | None = read(f"remove the {lender.clause.subject}", "removal")
    chosen: list[Parent] = []
    wanted = rng.randint(0, MOST_FURTHER)
    for parent in rng.sample(sorted(parents, key=lambda p: p.key), len(parents)):
        against = [base.clause, *(one.clause for one in chosen)]
        in_place = parent.clause.goal is None and parent.clause.scope in ("things", "background", "tone_lighting")
        apart = lent is None or not parent.clause.things & lent.things
        if len(chosen) < wanted and in_place and apart and not any(conflict(parent.clause, one) for one in against):
            chosen.append(parent)
    return sorted(chosen, key=lambda one: one.clause.scope != "things")
