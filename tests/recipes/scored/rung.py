"""A direct try, and how likely its instruction is as a description of its image.

In: a sample. Out: G, E and a score; accepted where the image passes and its instruction is likely enough.
"""

from collections.abc import Iterator

from stages.calls import CallPlace, Models, score
from stages.direct import try_once
from stages.policy import Policy
from stages.records import Likelihood
from stages.rung import ONE_FAILURE, ONE_TRY, ModeStyle, Rung, Way, one_image
from stages.trajectory import Trajectory

NAME = "scored"
LEAST = -50.0


async def scored(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    place = CallPlace(NAME, 1)
    t = await try_once(t, models, policy, place)
    images = (t.current().image,)
    t = t.add(await score(t, models, "analyzer", place, "describe", images, {}, t.sample.instruction))
    found = t.last("score").payload
    assert isinstance(found, Likelihood)
    return t.accept(SCORED.mode) if t.current().verdict.passed and found.mean > LEAST else t


def _ways(_: Policy) -> Iterator[Way]:
    calls = {("baseline", "image"): 1, ("analyzer", "score"): 1}
    yield Way("passes", won={"direct": 1}, calls=calls, passes=1)
    yield Way("fails", lost={"direct": 1}, calls=calls, fails=1)


SCORED = Rung(
    name=NAME,
    mode="likely",
    climb=scored,
    look=ModeStyle("Likely", "with a likely image", light="#345678", dark="#abcdef"),
    place="at the scored try",
    passes=lambda _: ONE_TRY,
    fails=lambda _: ONE_FAILURE,
    sentence=one_image,
    ways=_ways,
    chances=lambda _: ("direct",),
    needs_image=False,
    prompts=__file__,
)
