"""Joins clauses into one instruction, in varied words. In: the texts of clauses, a random generator. Out: an instruction."""

from collections.abc import Sequence
from random import Random

_JOINTS = (", and ", " and ", ", then ", " and then ", ", and finally ")
_OPENINGS = ("", "", "please ", "could you ", "i would like you to ")


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    return f"{text[:1].upper()}{text[1:]}."


def join(clauses: Sequence[str], rng: Random) -> str:
    """All clauses, in their order."""
    way = rng.randrange(5)
    if way == 0:
        return " ".join(map(sentence, clauses))
    if way == 1:
        middle = (sentence(f"{rng.choice(('then', 'next', 'after that'))}, {clause}") for clause in clauses[1:-1])
        return " ".join((sentence(f"first, {clauses[0]}"), *middle, sentence(f"finally, {clauses[-1]}")))
    if way == 2:
        return sentence("; ".join(clauses))
    if way == 3:
        head, *rest = clauses
        return " ".join((sentence(head), *(sentence(f"also, {clause}") for clause in rest)))
    listed = ", ".join(clauses[:-1]) + rng.choice(_JOINTS) + clauses[-1]
    return sentence(rng.choice(_OPENINGS) + listed).replace("I would", "I would")
