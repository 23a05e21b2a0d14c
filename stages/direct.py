"""The first rung: one try by the baseline, judged on every applicable axis (SAIR, arXiv 2605.14709, escalation step 1).

In: a fresh trajectory. Out: G1 and E1 added; accepted in mode `direct` when all axes pass. A G1 the sample brings along is
judged, not made.
"""

from collections.abc import Iterator

from stages.calls import CallPlace, Models, draw
from stages.evaluate import evaluate
from stages.policy import Policy
from stages.records import Event
from stages.rung import ONE_FAILURE, ONE_TRY, ModeStyle, Rung, Way, one_image
from stages.trajectory import Trajectory

RUNG = "direct"
BROUGHT = "precomputed"


async def direct(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """One direct try. Raises stages.calls.Halt when a call fails for good."""
    t = await try_once(t, models, policy, CallPlace(RUNG, 1))
    return t.accept(DIRECT.mode) if t.current().verdict.passed else t


async def try_once(t: Trajectory, models: Models, policy: Policy, place: CallPlace) -> Trajectory:
    """An image by the baseline and its judgement. Raises stages.calls.Halt when a call fails for good."""
    sample = t.sample
    # only the very first try: any other must differ from the image that was brought along
    if sample.first is not None and not any(event.kind == "generation" for event in t.events):
        t = t.add(Event("generation", place.index, image=sample.first, made_by=f"baseline:{_maker(models)}"))
    else:
        values = {"instruction": sample.instruction, "references": len(sample.references)}
        t = t.add(await draw(t, models, "baseline", place, "generate", sample.references, values))
    image = t.current().image
    return t.add(await evaluate(t, models, place, image, sample.references, sample.instruction, "original", policy))


def _maker(models: Models) -> str:
    """Who made the image that a sample brings along: the baseline, where its images were made before; else nobody we know."""
    name = models.baseline.identity
    return name if name.startswith(f"{BROUGHT}/") else BROUGHT


def _ways(_: Policy) -> Iterator[Way]:
    drawn = {("baseline", "image"): 1}
    yield Way("passes", won={"direct": 1}, calls=drawn, passes=1)
    yield Way("fails", lost={"direct": 1}, calls=drawn, fails=1)


DIRECT = Rung(
    name=RUNG,
    mode="direct",
    climb=direct,
    look=ModeStyle("Direct", "solved directly", light="#2b7771", dark="#58ada5"),
    place="at the direct try",
    passes=lambda _: ONE_TRY,
    fails=lambda _: ONE_FAILURE,
    sentence=one_image,
    ways=_ways,
    chances=lambda _: ("direct",),
    needs_image=False,
)
