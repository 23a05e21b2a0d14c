"""The ladder in order, and what becomes of a sample whose call fails.

In: a trajectory, the name of a rung, models and policy. Out: the trajectory after that rung. Finished samples pass through.
A call that failed for good ends the sample with a reason (the table below); a dead engine is not a sample's fault and
stops the run.
"""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from stages.calls import Halt, Models
from stages.diagnose import diagnose
from stages.direct import direct
from stages.errors import Malformed, ModelError, Refused, TooLong, Transient
from stages.multistep import multistep
from stages.policy import Policy
from stages.records import Trajectory
from stages.reflect import reflect

Rung = Callable[[Trajectory, Models, Policy], Awaitable[Trajectory]]

RUNGS: Mapping[str, Rung] = MappingProxyType(
    {"direct": direct, "reflect": reflect, "diagnose": diagnose, "multistep": multistep}
)

_FAILURES: tuple[tuple[type[ModelError], str], ...] = (
    (Malformed, "malformed"),
    (TooLong, "too_long"),
    (Transient, "transport"),
    (ModelError, "model_error"),
)
FAILURE_REASONS = frozenset({"input", *(reason for _, reason in _FAILURES)})
"""Every reason with which a sample may be `failed`; `input` is given to bad rows before they climb."""


async def climb(t: Trajectory, rung: str, models: Models, policy: Policy) -> Trajectory:
    """`t` after `rung`. Raises KeyError for an unknown rung, stages.errors.EngineDead when an engine is gone."""
    if t.status != "climbing":
        return t
    if t.sample.climb == "none":
        return t.accept(None)
    try:
        after = await RUNGS[rung](t, models, policy)
    except Halt as halt:
        return ended_by(halt.trajectory, halt.error)
    if t.sample.climb == "direct" and after.status == "climbing":
        return after.accept(None)
    return after


def ended_by(t: Trajectory, error: ModelError) -> Trajectory:
    """The outcome of a sample whose call failed with `error`; the words are kept."""
    if isinstance(error, Refused):
        return t.discard("refused", _writable(error.text))
    reason = next(name for kind, name in _FAILURES if isinstance(error, kind))
    words = error.text if str(error) == error.text else f"{error}: {error.text}"
    return t.fail(reason, _writable(words))


def _writable(words: str) -> str:
    """A model's words without the half characters that no file can hold."""
    return words.encode("utf-8", "replace").decode()
