"""Rungs from outside the package, for plans."""

from collections.abc import Iterator
from dataclasses import replace

from stages.calls import CallPlace, Models, draw
from stages.evaluate import evaluate
from stages.policy import Policy
from stages.rung import ONE_FAILURE, ONE_TRY, ModeStyle, Rung, Way, one_image
from stages.trajectory import Trajectory


async def _polish(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """The generator's own try, judged."""
    sample, place = t.sample, CallPlace("polish", 1)
    values = {"instruction": sample.instruction, "references": len(sample.references)}
    t = t.add(await draw(t, models, "generator", place, "generate", sample.references, values))
    image = t.current().image
    evaluation = await evaluate(t, models, place, image, sample.references, sample.instruction, "original", policy)
    t = t.add(evaluation)
    return t.accept(POLISH.mode) if t.current().verdict.passed else t


def _ways(_: Policy) -> Iterator[Way]:
    calls = {("generator", "image"): 1}
    yield Way("passes", won={"polished": 1}, calls=calls, passes=1)
    yield Way("fails", lost={"polished": 1}, calls=calls, fails=1)


def _captioned_ways(_: Policy) -> Iterator[Way]:
    """As `_ways`, with a kind of call of which no rates know anything."""
    for way in _ways(_):
        yield replace(way, calls={**way.calls, ("analyzer", "caption"): 1})


POLISH = Rung(
    name="polish",
    mode="polished",
    climb=_polish,
    look=ModeStyle("Polished [bold]", "polished", light="#555555", dark="#aaaaaa"),
    place="while it is polished",
    passes=lambda _: ONE_TRY,
    fails=lambda _: ONE_FAILURE,
    sentence=one_image,
    ways=_ways,
    chances=lambda _: ("polished",),
    guesses={"polished": 0.3},
)
UNGUESSED = replace(POLISH, guesses={})
OVERCONFIDENT = replace(POLISH, guesses={"polished": 1.3})
LEAKY = replace(POLISH, ways=lambda policy: iter(list(_ways(policy))[:1]))
NAMELESS = replace(POLISH, chances=lambda _: ())
CAPTIONED = replace(POLISH, ways=_captioned_ways)
STRANGE = replace(POLISH, ways=lambda policy: (replace(way, calls={("painter", "image"): 1}) for way in _ways(policy)))
