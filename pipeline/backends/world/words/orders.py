"""Plain orders: the text of a step, or of a plan that mends. In: ops, a random generator. Out: a text that `reading` understands.

A text has three sentences and LONGEST characters at most: long ones fall back on the shortest wordings, and on shape and place to
say which thing is meant.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from pipeline.backends.world.scenes.ops import Look, Op, Selector
from pipeline.backends.world.words.language import phrase, shortest_phrase

LONGEST = 400
"""The most characters of a text; see the training voice."""
CLOSINGS = (
    "leave everything else as it is",
    "keep everything else as it is",
    "leave all else as it is",
    "keep all else as it is",
    "keep everything else unchanged",
    "leave everything else unchanged",
    "leave everything else untouched",
    "keep everything else the same",
    "leave everything else exactly as it is",
    "keep everything else exactly the way it is",
    "leave the rest as it is",
    "keep the rest unchanged",
    "leave the rest untouched",
    "leave all the rest as it is",
    "keep all other things as they are",
    "leave the other things untouched",
    "do not change anything else",
    "do not touch anything else",
    "do not alter anything else",
    "do not change the rest",
    "everything else stays as it is",
    "everything else stays the same",
    "the rest stays as it is",
    "the rest remains unchanged",
    "nothing else changes",
)
"""Orders that keep the rest as it is."""
_JOINTS: tuple[Callable[[Sequence[str]], str], ...] = (
    lambda clauses: "; ".join(clauses),
    lambda clauses: "; then ".join(clauses),
    lambda clauses: "; and ".join(clauses),
    lambda clauses: _listed(clauses, " and "),
    lambda clauses: _listed(clauses, ", and "),
    lambda clauses: _listed(clauses, ", then "),
    lambda clauses: _listed(clauses, " and then "),
)


def _listed(clauses: Sequence[str], last: str) -> str:
    return last.join(filter(None, (", ".join(clauses[:-1]), clauses[-1])))


def orders(clauses: Sequence[Op], rng: np.random.Generator) -> str:
    """The ops as orders, with a closing order that all else stays; the last ops are left out where LONGEST allows no more."""
    worded, closing = [phrase(op, rng) for op in clauses], CLOSINGS[int(rng.integers(len(CLOSINGS)))]
    text = _text(_ways(worded, rng), closing)
    if len(text) <= LONGEST:
        return text
    return next(text for text in _shorter(clauses) if len(text) <= LONGEST)


def _ways(worded: Sequence[str], rng: np.random.Generator) -> str:
    way = int(rng.integers(len(_JOINTS) + 2))
    if way < len(_JOINTS) or len(worded) != 2:
        return _sentence(_JOINTS[way % len(_JOINTS)](worded))
    if way == len(_JOINTS):
        return f"{_sentence(worded[0])} {_sentence(worded[1])}"
    return f"{_sentence(f'first, {worded[0]}')} {_sentence(f'then, {worded[1]}')}"


def _text(body: str, closing: str) -> str:
    return f"{body} {_sentence(closing)}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."


def _shorter(clauses: Sequence[Op]) -> Iterator[str]:
    """Shorter and shorter texts; the last ones leave out ops."""
    closing = min(CLOSINGS, key=len)
    brief = [shortest_phrase(_by_place(op)) for op in clauses]
    yield _text(_sentence("; ".join(map(shortest_phrase, clauses))), closing)
    for count in range(len(brief), 0, -1):
        yield _text(_sentence("; ".join(brief[:count])), closing)


def _by_place(op: Op) -> Op:
    """The op with the things that it changes named by shape and place alone, where they have a place."""
    for field in ("target", "other"):
        selector = getattr(op, field, None)
        if isinstance(selector, Selector) and selector.place and not selector.every and selector.look.shape:
            short = replace(selector, look=Look(shape=selector.look.shape))
            op = replace(op, **{field: short})  # type: ignore[arg-type]
    return op
