"""One answer to a prompt, as far as its reward needs to know it.

In: a built trajectory, which holds its own evaluations; or what a judge says of a model's answer (`training.rewards.judging`). Out:
`Rollout`, which holds numbers and letters alone, so that groups of either kind are scored by the same arithmetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.grammar import LETTERS, letters_of
from stages.records import Evaluation, Event, Kind
from stages.trajectory import Trajectory

THOUGHTS = "RPS"
"""Letters of the intermediate texts: reflections, plans, sub-tasks."""
_THOUGHT_KINDS: Mapping[Kind, str] = {kind: letter for kind, letter in LETTERS.items() if letter in THOUGHTS}


@dataclass(frozen=True, slots=True)
class Rollout:
    """What counts of one answer.

    `letters`: what it is made of, in order (`stages.grammar`); of an answer that cannot be read, as far as it can. `outcome`: the
    scores of its last image against the original instruction, 1 to 5, on the axes that apply; None where it has no image, or
    where nobody judged it. `passed`: whether these reach the thresholds. `steps`: what a judge gives each intermediate text, 0 to
    1; None where nobody was asked. `name` is for messages.
    """

    letters: str
    outcome: tuple[int, ...] | None = None
    passed: bool = False
    steps: tuple[float, ...] | None = None
    name: str = ""

    @property
    def images(self) -> int:
        """N: the images that it made, the first included."""
        return self.letters.count(LETTERS["generation"])

    @property
    def thoughts(self) -> int:
        """How many intermediate texts it holds: reflections, plans and sub-tasks."""
        return sum(map(self.letters.count, THOUGHTS))


def rollout_of(t: Trajectory) -> Rollout:
    """A built trajectory, as far as it is not pruned.

    A record holds no judgement of a text by itself. What an intermediate text is worth is read from the image that was made by
    it: the mean score of that image's verdict; a plan's is the mean of its steps'.
    """
    shown = [event for event in t.events if not event.pruned]
    final = _final_verdict(shown)
    return Rollout(
        letters=letters_of(shown),
        outcome=None if final is None else tuple(axis.score for axis in final.axes),
        passed=final is not None and final.passed,
        steps=_steps(shown),
        name=t.sample.id,
    )


def _final_verdict(events: Sequence[Event]) -> Evaluation | None:
    """The newest verdict on the last image against the original instruction; None where there is none."""
    made = next((event for event in reversed(events) if event.kind == "generation"), None)
    for event in reversed(events):
        if isinstance(event.payload, Evaluation) and event.against == "original":
            return event.payload if made is not None and event.try_number == made.try_number else None
    return None


def _steps(events: Sequence[Event]) -> tuple[float, ...]:
    """For each intermediate text the score, 0 to 1, of what was made by it; what was never made is worth nothing."""
    scores = {event.try_number: _mean(event.payload) for event in events if isinstance(event.payload, Evaluation)}
    own = [(event.kind, scores.get(event.try_number, 0.0)) for event in events if event.kind in _THOUGHT_KINDS]
    subtasks = [score for kind, score in own if kind == "subtask"]
    plan = sum(subtasks) / len(subtasks) if subtasks else 0.0
    return tuple(plan if kind == "decomposition" else score for kind, score in own)


def _mean(verdict: Evaluation) -> float:
    return sum((axis.score - 1) / 4 for axis in verdict.axes) / len(verdict.axes)
