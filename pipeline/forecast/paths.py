"""Every way in which a sample can climb under a policy, with the calls that it takes.

In: a `Policy`. Out: `Path`s. The chance of a path is `ways` x the product of the chances of what was won and of what was lost
on it. Pure; the chances of all paths sum to 1.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import comb
from typing import Literal

from stages.policy import Judging, Policy

End = Literal["direct", "reflection", "multistep", "lost"]
Chance = str
"""What is left to chance: "answered" (the first try is not refused), "direct", "reflection 1"..., "escalates", "step", "final"."""


@dataclass(frozen=True)
class Path:
    """One way to climb. `passes` and `fails` count judged images by what came of them; `steps` is None without a plan."""

    end: End
    won: Mapping[Chance, int] = field(default_factory=dict)
    lost: Mapping[Chance, int] = field(default_factory=dict)
    ways: int = 1
    drawn: int = 0
    passes: int = 0
    fails: int = 0
    reflections: int = 0
    diagnoses: int = 0
    steps: int | None = None


def chances(policy: Policy) -> tuple[Chance, ...]:
    """All that is left to chance, in the order in which a sample meets it."""
    rounds = (f"reflection {k}" for k in range(1, policy.reflection_rounds + 1))
    return ("answered", "direct", *rounds, "escalates", "step", "final")


def paths(policy: Policy) -> Iterator[Path]:
    """Every path; those with a plan once for each number of steps that the policy allows."""
    yield Path("lost", lost={"answered": 1})
    answered: Counter[Chance] = Counter(answered=1)
    yield Path("direct", won=answered + Counter(direct=1), passes=1)
    lost: Counter[Chance] = Counter(direct=1)
    rounds = policy.reflection_rounds
    for k in range(1, rounds + 1):
        won = answered + Counter({f"reflection {k}": 1})
        yield Path("reflection", won, Counter(lost), drawn=k, passes=1, fails=k, reflections=k)
        lost[f"reflection {k}"] = 1
    done = Path("lost", answered, lost + Counter(escalates=1), 1, rounds, 0, rounds + 1, rounds, 1)
    yield done
    for steps in range(policy.steps_min, policy.steps_max + 1):
        for climb in _plans(steps, policy):
            yield Path(
                climb.end,
                answered + Counter(escalates=1) + Counter(climb.won),
                lost + Counter(climb.lost),
                climb.ways,
                rounds + climb.drawn,
                climb.passes,
                rounds + 1 + climb.fails,
                rounds,
                1,
                steps,
            )


def judgements(judging: Judging, passed: bool, agreement: float) -> tuple[float, float]:
    """How often an image is judged on average, by the first judge and by the second, when two agree with chance `agreement`."""
    most = judging.judgements
    confirmed = judging.confirm == "both" or passed == (judging.confirm == "pass")
    least = most // 2 + 1 if judging.stop_early else most
    first = least + (1 - agreement) * (most - least) if confirmed else 1.0
    second = {"off": 0.0, "always": 1.0, "margin": 1 - agreement}[judging.second]
    return first, second


def _plans(steps: int, policy: Policy) -> Iterator[Path]:
    """The ways to carry out a plan, counted from its first step."""
    tries = policy.step_attempts
    before: Counter[int] = Counter({0: 1})  # failed attempts in the steps so far -> in how many ways
    for step in range(steps):
        last = step == steps - 1
        for failed, ways in sorted(before.items()):
            if last and policy.final_check:
                yield from _ending(step, failed, ways, tries)
                continue
            yield _path("lost", ways, step, failed + tries)
            if last:
                yield from (_path("multistep", ways, steps, failed + more) for more in range(tries))
        after: Counter[int] = Counter()
        for failed, ways in before.items():
            after.update({failed + more: ways for more in range(tries)})
        before = after


def _ending(step: int, failed: int, ways: int, tries: int) -> Iterator[Path]:
    """The last step: an attempt has to pass its sub-task, and then the final check."""
    for spent in range(tries + 1):
        for refused in range(spent + 1):  # by the final check
            passed, missed, order = step + refused, failed + spent - refused, ways * comb(spent, refused)
            if spent < tries:
                yield _path("multistep", order, passed + 1, missed, 1, refused)
            else:
                yield _path("lost", order, passed, missed, 0, refused)


def _path(end: End, ways: int, passed: int, missed: int, final: int = 0, refused: int = 0) -> Path:
    return Path(
        end,
        {"step": passed, "final": final},
        {"step": missed, "final": refused},
        ways,
        drawn=passed + missed,
        passes=passed + final,
        fails=missed + refused,
    )
