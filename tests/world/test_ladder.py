"""What the world is for: samples that stop at every rung, and a ladder that is worth climbing."""

from collections import Counter

import pytest

from pipeline.world.source import WorldRow, WorldSpec, rows
from pipeline.world.truth import is_right
from tests.world.ladder import Climber, Outcome, climb

SPEC = WorldSpec(kind="world", name="w", count=160, size=128)


@pytest.fixture(scope="module")
def climbed() -> list[tuple[WorldRow, Outcome]]:
    return [(one, climb(Climber(one))) for one in rows(SPEC, 2)]


def _right(image: bytes | None, one: WorldRow) -> bool:
    return image is not None and is_right(image, one.truth)


def test_every_outcome_has_its_share(climbed: list[tuple[WorldRow, Outcome]]) -> None:
    modes = Counter(outcome.mode for _, outcome in climbed)
    assert set(modes) == {"direct", "reflection", "multistep", "discarded"}
    assert min(modes.values()) >= 0.08 * len(climbed), modes


def test_multistep_beats_as_many_calls_of_further_reflection(climbed: list[tuple[WorldRow, Outcome]]) -> None:
    escalated = [(one, o) for one, o in climbed if o.cause == "prompt_too_complex"]
    steps, more = (sum(_right(image, one) for one, o in escalated for image in [pick(o)]) for pick in (_done, _more))
    assert len(escalated) >= 25
    assert steps >= 2 * more, (steps, more, len(escalated))


def _done(outcome: Outcome) -> bytes | None:
    return outcome.image


def _more(outcome: Outcome) -> bytes | None:
    return outcome.more


def test_the_diagnosed_cause_is_the_true_one(climbed: list[tuple[WorldRow, Outcome]]) -> None:
    causes = [(one.truth.cause, o.cause) for one, o in climbed if o.cause]
    assert sum(a == b for a, b in causes) >= 0.9 * len(causes)
