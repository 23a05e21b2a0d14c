"""Prune: mark what the trained model must not see (SAIR escalation step 5). Nothing is removed; the record keeps all.

In: a trajectory, and the recipe it climbed by. Out: the same with `pruned` marks. What stays is what the row of the accepting rung
keeps (`stages.rung.Rung.keeps`): the accepted try and those it was made from, unless the rung says otherwise. Of what was not
accepted nothing is pruned.
"""

from dataclasses import replace

from stages.grammar import replaced
from stages.rung import Recipe
from stages.trajectory import Trajectory


def prune(t: Trajectory, recipe: Recipe) -> Trajectory:
    """`t` with its events marked; marking twice changes nothing. Raises LookupError for a mode that is none of the recipe's."""
    # what was not accepted has no trained view; its record stays readable as it happened
    if t.mode is None:
        return replace(t, events=tuple(replace(e, pruned=False) for e in t.events))
    # of two judgements of an image, the one that was overruled is nothing to learn from
    kept = recipe.of_mode(t.mode).keeps(t) - replaced(t.events).keys()
    # words go with the image after them and scores are for no trainee, whatever a rung says of them
    kept = frozenset(
        n for n, e in enumerate(t.events) if (n + 1 if e.kind == "words" else n) in kept and e.kind != "score"
    )
    return replace(t, events=tuple(replace(e, pruned=n not in kept) for n, e in enumerate(t.events)))
