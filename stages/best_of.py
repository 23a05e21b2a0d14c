"""Best of n: several direct tries, each judged, the best one kept. The baseline that the ladder must beat at equal images.

In: a sample. Out: `policy.best_of.tries` times G1 and E1, each a try of its own; the best of them is the candidate, and is
accepted in mode `best_of` when all its axes pass. The others stay in the record, and those that are worse go to `pairs/`.
"""

from collections.abc import Iterator
from math import comb

from stages.calls import CallPlace, Models
from stages.direct import try_once
from stages.grammar import ANY_VERDICT, FAILED, IMAGE, PASSED, Either, Many, Pattern
from stages.policy import Policy
from stages.records import Axis, Evaluation
from stages.rung import ModeStyle, Rung, Way, one_image
from stages.trajectory import Trajectory

RUNG = "best_of"


async def best_of(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """Draw and judge all tries, keep the best. Raises stages.calls.Halt when a call fails for good."""
    # the rung may come after others, whose tries are none of its own
    numbers = []
    for attempt in range(1, policy.best_of.tries + 1):
        t = await try_once(t, models, policy, CallPlace(RUNG, 1, attempt))
        numbers.append(t.candidate)
    drawn = [one for one in t.tries() if one.number in numbers]
    # of equals the first: nothing says that a later one is better
    best = max(drawn, key=lambda one: (merit(one.verdict, policy.best_of.order), -one.number))
    t = t.choose(best.number)
    return t.accept(BEST_OF.mode) if best.verdict.passed else t


def merit(verdict: Evaluation, order: tuple[Axis, ...]) -> tuple[int, ...]:
    """How good a verdict is, to be compared: whether it passed, then its scores by the axes in `order`, then the sum of all."""
    # an axis that does not apply counts the same for every try of a sample
    scores = [verdict.score(axis) or 0 for axis in order]
    return (int(verdict.passed), *scores, sum(a.score for a in verdict.axes))


def _passes(policy: Policy) -> Pattern:
    """At least one image passes: so many fail before the first that does, and the rest may do either."""
    tries = policy.best_of.tries
    first_pass = ((n, tries - n - 1) for n in range(tries))
    return Either(
        tuple(
            (Many((IMAGE, FAILED), before, before), IMAGE, PASSED, Many((IMAGE, ANY_VERDICT), after, after))
            for before, after in first_pass
        )
    )


def _ways(policy: Policy) -> Iterator[Way]:
    n = policy.best_of.tries
    calls = {("baseline", "image"): n}
    for passed in range(n + 1):
        won, lost = {"direct": passed}, {"direct": n - passed}
        yield Way("passes" if passed else "fails", won, lost, comb(n, passed), calls, passed, n - passed)


BEST_OF = Rung(
    name=RUNG,
    mode="best_of",
    climb=best_of,
    look=ModeStyle("Best of n", "as the best of several direct tries", light="#7d4f73", dark="#c794bd"),
    place="among several direct tries",
    passes=_passes,
    fails=lambda policy: Many((IMAGE, FAILED), policy.best_of.tries, policy.best_of.tries),
    sentence=one_image,
    ways=_ways,
    chances=lambda _: ("direct",),
    needs_image=False,
)
