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
LONGEST_WORDS = 4000
"""How many characters of a reply go with the outcome of the sample that it ended; the journal keeps all of them."""

_MISTAKES = (ArithmeticError, AssertionError, AttributeError, LookupError, NameError, TypeError, ValueError)
"""What the code of a rung may raise by mistake; errors of models, store and database are somebody else's."""


class BrokenRung(ValueError):
    """A rung did what its row does not allow: its code has to be corrected, so the run stops. The message names the rung."""


_FAILURES: tuple[tuple[type[ModelError], str], ...] = (
    (Malformed, "malformed"),
    (TooLong, "too_long"),
    (Transient, "transport"),
    (ModelError, "model_error"),
)
FAILURE_REASONS = frozenset({"input", *(reason for _, reason in _FAILURES)})
"""Every reason with which a sample may be `failed`; `input` is given to bad rows before they climb."""


async def climb(t: Trajectory, rung: Rung, recipe: Recipe, models: Models) -> Trajectory:
    """`t` after `rung`. Raises stages.errors.EngineDead when an engine is gone, BrokenRung."""
    if t.status != "climbing":
        return t
    # RL prompts that are not to be tried need no call to be kept
    if t.sample.climb == "none":
        return t.accept(None)
    if rung.enters(t, recipe.policy):
        start = t.enter(rung.stations(recipe.policy)[0].key)
        try:
            t = await rung.climb(start, models, recipe.policy)
        except _MISTAKES as error:
            raise BrokenRung(f"rung {rung.name}: {type(error).__name__}: {error}") from error
        # a call that failed for good is an outcome with a reason, never an error of the run
        except Halt as halt:
            return ended_by(halt.trajectory, halt.error)
        if problem := _breach(start, t, rung, recipe):
            raise BrokenRung(f"rung {rung.name}: {problem}")
    if t.overruled and t.status in ("climbing", "accepted"):
        return _accept_after_all(t, recipe)
    if t.status != "climbing":
        return t
    # an RL prompt is measured, not solved: failing is a difficulty, so it is kept
    if t.sample.climb == "direct":
        return t.accept(None)
    if recipe.after(rung) is None:
        return t.discard(UNSOLVED, f"no image passed, and no rung comes after {rung.name}")
    return t


def _accept_after_all(t: Trajectory, recipe: Recipe) -> Trajectory:
    """The sample whose candidate passed when it was judged anew: solved where that image was made, and no further."""
    made = t.current().generation
    assert made is not None
    t = t.return_to(made.station)
    return t.accept(None if t.sample.climb == "direct" else recipe.rung(made.rung).mode)


def _breach(before: Trajectory, after: Trajectory, rung: Rung, recipe: Recipe) -> str | None:
    """What a rung did that its row does not allow: a trajectory only grows, and ends as the row says."""
    if not isinstance(after, Trajectory):
        return f"it gave back {type(after).__name__}, not a trajectory"
    grown = (
        after.events[: len(before.events)] == before.events and after.entered[: len(before.entered)] == before.entered
    )
    if not grown or (after.sample, after.rank) != (before.sample, before.rank):
        return "it changed the sample or what had happened before; a rung only adds"
    stations = [station.key for station in rung.stations(recipe.policy)]
    if foreign := [key for key in after.entered[len(before.entered) :] if key not in stations]:
        return f"it entered the station {foreign[0]!r}; its stations are {', '.join(stations)}"
    if after.status == "accepted" and after.mode != rung.mode:
        return f"it accepted into mode {after.mode}; its row says {rung.mode}"
    if after.status == "discarded" and after.reason not in (known := rung.discards(recipe.policy)):
        return f"it discarded for the reason {after.reason}; its `discards` are {', '.join(known) or 'none'}"
    return None


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
    words = error.text if str(error) == error.text else f"{error}: {error.text}".rstrip(": ")
    return t.fail(reason, _writable(words))


def _writable(words: str) -> str:
    """A model's words without the half characters that no file can hold, and cut to `LONGEST_WORDS`."""
    if len(words) > LONGEST_WORDS:
        words = f"{words[:LONGEST_WORDS]} ... ({len(words):,} characters)"
    return words.encode("utf-8", "replace").decode()
