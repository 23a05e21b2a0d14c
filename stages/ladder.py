"""Up the ladder, rung by rung, and what becomes of a sample whose call fails.

In: a trajectory, a rung of the recipe, models. Out: the trajectory after that rung. Finished samples pass through. A sample that
no rung is left for is discarded. A call that failed for good ends the sample with a reason (the table below); a dead engine is
not a sample's fault and stops the run.
"""

from stages.calls import Halt, Models
from stages.errors import Malformed, ModelError, Refused, TooLong, Transient
from stages.rung import Recipe, Rung
from stages.trajectory import Trajectory

REFUSED = "refused"
"""The reason of a sample for which a model declined a call."""
UNSOLVED = "unsolved"
"""The reason of a sample that failed on the last rung where that hands samples on."""

_FAILURES: tuple[tuple[type[ModelError], str], ...] = (
    (Malformed, "malformed"),
    (TooLong, "too_long"),
    (Transient, "transport"),
    (ModelError, "model_error"),
)
FAILURE_REASONS = frozenset({"input", *(reason for _, reason in _FAILURES)})
"""Every reason with which a sample may be `failed`; `input` is given to bad rows before they climb."""


async def climb(t: Trajectory, rung: Rung, recipe: Recipe, models: Models) -> Trajectory:
    """`t` after `rung`. Raises stages.errors.EngineDead when an engine is gone."""
    if t.status != "climbing":
        return t
    # RL prompts that are not to be tried need no call to be kept
    if t.sample.climb == "none":
        return t.accept(None)
    if rung.enters(t, recipe.policy):
        try:
            t = await rung.climb(t.enter(rung.stations(recipe.policy)[0].key), models, recipe.policy)
        # a call that failed for good is an outcome with a reason, never an error of the run
        except Halt as halt:
            return ended_by(halt.trajectory, halt.error)
    if t.status != "climbing":
        return t
    # an RL prompt is measured, not solved: failing is a difficulty, so it is kept
    if t.sample.climb == "direct":
        return t.accept(None)
    if recipe.after(rung) is None:
        return t.discard(UNSOLVED, f"no image passed, and no rung comes after {rung.name}")
    return t


async def climb_all(t: Trajectory, recipe: Recipe, models: Models) -> Trajectory:
    """`t` at the end of the ladder. Raises as `climb`."""
    for rung in recipe.rungs:
        t = await climb(t, rung, recipe, models)
    return t


def ended_by(t: Trajectory, error: ModelError) -> Trajectory:
    """The outcome of a sample whose call failed with `error`; the words are kept."""
    if isinstance(error, Refused):
        return t.discard(REFUSED, _writable(error.text))
    # the first class that fits counts, so the table goes from special to general
    reason = next(name for kind, name in _FAILURES if isinstance(error, kind))
    words = error.text if str(error) == error.text else f"{error}: {error.text}"
    return t.fail(reason, _writable(words))


def _writable(words: str) -> str:
    """A model's words without the half characters that no file can hold."""
    return words.encode("utf-8", "replace").decode()
