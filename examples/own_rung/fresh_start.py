"""A rung of one's own: start afresh from the references, knowing why the image before failed.

In: a trajectory whose candidate failed. Out: G and E added; accepted in mode `fresh_start` when all axes pass. The Generator does
not see the rejected image, only what was wrong with it.
"""

from collections.abc import Iterator
from dataclasses import replace

from stages.calls import CallPlace, Models, draw
from stages.evaluate import evaluate
from stages.grammar import FAILED, IMAGE, PASSED
from stages.policy import Policy
from stages.rung import ONE_FAILURE, ONE_TRY, ModeStyle, Rung, Way
from stages.trajectory import Trajectory

RUNG = "fresh_start"


async def fresh_start(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """One try that knows the faults of the candidate. Raises stages.calls.Halt when a call fails for good."""
    sample, rejected = t.sample, t.current()
    faults = [axis for axis in rejected.verdict.axes if not axis.passed]
    values = {"instruction": sample.instruction, "references": len(sample.references), "faults": faults}
    made = rejected.generation
    place = CallPlace(RUNG, 1 + (made.index if made else 0))  # images of a row count up: G1, G2, ...
    event = await draw(t, models, "generator", place, "fresh_start", sample.references, values)
    t = t.add(replace(event, from_try=rejected.number))  # it answers to that try, though it does not see its image
    image = t.current().image
    t = t.add(await evaluate(t, models, place, image, sample.references, sample.instruction, "original", policy))
    return t.accept(FRESH_START.mode) if t.current().verdict.passed else t


def _ways(_: Policy) -> Iterator[Way]:
    calls = {("generator", "image"): 1}
    yield Way("passes", won={RUNG: 1}, calls=calls, passes=1)
    yield Way("fails", lost={RUNG: 1}, calls=calls, fails=1)


FRESH_START = Rung(
    name=RUNG,
    mode=RUNG,
    climb=fresh_start,
    look=ModeStyle("Fresh start", "by a fresh start", light="#5d7a2e", dark="#a3c46b"),
    place="at the fresh start",
    passes=lambda _: ONE_TRY,
    fails=lambda _: ONE_FAILURE,
    sentence=lambda _: (
        IMAGE.at("first", False),
        FAILED.at("first", True),
        IMAGE.at("last", True),
        PASSED.at("last", True),
    ),
    ways=_ways,
    chances=lambda _: (RUNG,),
    guesses={RUNG: 0.4},
    prompts=__file__,
)
