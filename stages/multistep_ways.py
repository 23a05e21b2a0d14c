"""Every way through the multi-step rung, with its chance and its calls.

In: a `Policy`. Out: `Way`s; those that carry a plan out once for each number of steps that the policy allows. Ways that differ only
in the order of their failed attempts are one, counted as often as there are orders. Pure; their chances sum to 1.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from math import comb
from typing import Literal

from stages.policy import Policy
from stages.rung import Call, Way

RUNG = "multistep"
Images = tuple[int, ...]
"""How many images each of the rung's makers drew."""


def ways(policy: Policy) -> Iterator[Way]:
    """All of them. Chances: "escalates" the diagnosed cause climbs on, "step" an attempt passes its sub-task, "final" the check."""
    diagnosed = Counter({("analyzer", "diagnosis"): 1})
    yield Way("leaves", lost={"escalates": 1}, calls=diagnosed)
    for steps in range(policy.steps_min, policy.steps_max + 1):
        for way in _plans(steps, policy):
            yield replace(
                way,
                won={"escalates": 1, **way.won},
                calls=diagnosed + Counter({("analyzer", "plan"): 1}) + Counter(way.calls),
                steps=steps,
            )


def _plans(steps: int, policy: Policy) -> Iterator[Way]:
    """The ways to carry out a plan, counted from its first step."""
    tries, drawers = policy.step_attempts, _Drawers(policy)
    # (failed attempts, images by maker) in the steps so far -> in how many ways
    before: Counter[tuple[int, Images]] = Counter({(0, drawers.none): 1})
    for step in range(steps):
        last = step == steps - 1
        for (failed, drawn), count in sorted(before.items()):
            if last and policy.final_check:
                yield from _last_step(step, failed, count, policy, drawers, drawn)
                continue
            yield _way("leaves", count, step, failed + tries, drawers.calls(drawn, tries))
            if last:
                yield from (
                    _way("passes", count, steps, failed + more, drawers.calls(drawn, more + 1)) for more in range(tries)
                )
        # only the number of failed attempts and who drew matter for cost and chance, not which steps they were at
        after: Counter[tuple[int, Images]] = Counter()
        for (failed, drawn), count in before.items():
            after.update({(failed + more, drawers.after(drawn, more + 1)): count for more in range(tries)})
        before = after


class _Drawers:
    """Who draws the attempts of a step."""

    def __init__(self, policy: Policy) -> None:
        attempts = [policy.maker(RUNG, attempt) for attempt in range(1, policy.step_attempts + 1)]
        self._makers = tuple(dict.fromkeys(attempts))
        self._places = [self._makers.index(name) for name in attempts]
        self.none: Images = (0,) * len(self._makers)

    def after(self, drawn: Images, attempts: int) -> Images:
        """The images so far and those of a step of so many attempts."""
        more = Counter(self._places[:attempts])
        return tuple(n + more[place] for place, n in enumerate(drawn))

    def calls(self, drawn: Images, attempts: int) -> dict[Call, int]:
        """The same as calls."""
        return {(name, "image"): n for name, n in zip(self._makers, self.after(drawn, attempts), strict=True) if n}


def _last_step(step: int, failed: int, count: int, policy: Policy, drawers: _Drawers, drawn: Images) -> Iterator[Way]:
    """The last step: an attempt has to pass its sub-task, and then the final check; each failed check is reflected on."""
    tries, looks = policy.step_attempts, policy.step_retry == "reflect"
    every = drawers.calls(drawn, tries)
    for spent in range(tries):
        for refused in range(spent + 1):  # by the final check
            passed, missed = step + refused + 1, failed + spent - refused
            images = drawers.calls(drawn, spent + 1)
            yield _way("passes", count * comb(spent, refused), passed, missed, images, 1, refused, refused * looks)
    for refused in range(tries + 1):
        passed, missed = step + refused, failed + tries - refused
        # after the last attempt nobody looks again: it matters whether that one was refused
        if refused < tries:
            orders = comb(tries - 1, refused)
            yield _way("leaves", count * orders, passed, missed, every, 0, refused, refused * looks)
        if refused:
            orders = comb(tries - 1, refused - 1)
            yield _way("leaves", count * orders, passed, missed, every, 0, refused, (refused - 1) * looks)


def _way(
    end: Literal["passes", "leaves"],
    count: int,
    passed: int,
    missed: int,
    images: dict[Call, int],
    final: int = 0,
    refused: int = 0,
    reflections: int = 0,
) -> Way:
    """`passed` and `missed` attempts at steps, with their `images`; `final` and `refused` final checks."""
    calls = {**images, ("analyzer", "reflection"): reflections}
    won, lost = {"step": passed, "final": final}, {"step": missed, "final": refused}
    return Way(end, won, lost, count, calls, passed + final, missed + refused)
