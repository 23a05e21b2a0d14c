"""Rungs of the tests' own, named in manifests by import path: one that works, and several that cannot."""

from collections.abc import Iterator
from dataclasses import replace
from math import comb

from pydantic import BaseModel, Field

from stages.calls import CallPlace, Models, draw
from stages.direct import try_once
from stages.grammar import ANY_VERDICT, FAILED, IMAGE, PASSED, Many
from stages.policy import Policy
from stages.rung import Climb, ModeStyle, Rung, Way, one_image, read_options
from stages.trajectory import Trajectory

NAME = "until_pass"


class Options(BaseModel, extra="forbid"):
    """How often to try."""

    tries: int = Field(3, ge=1, le=9)


def tries(policy: Policy) -> int:
    return read_options(policy, NAME, Options).tries


async def until_pass(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    """Direct tries until one passes."""
    for attempt in range(1, tries(policy) + 1):
        t = await try_once(t, models, policy, CallPlace(NAME, 1, attempt))
        if t.current().verdict.passed:
            return t.accept(UNTIL_PASS.mode)
    return t


def _ways(policy: Policy) -> Iterator[Way]:
    for n in range(1, tries(policy) + 1):
        yield Way("passes", {"direct": 1}, {"direct": n - 1}, 1, {("baseline", "image"): n}, 1, n - 1)
    n = tries(policy)
    yield Way("fails", {}, {"direct": n}, 1, {("baseline", "image"): n}, 0, n)


UNTIL_PASS = Rung(
    name=NAME,
    mode="patience",
    climb=until_pass,
    look=ModeStyle("Patience", "by patience", light="#345678", dark="#abcdef"),
    place="with patience",
    passes=lambda policy: (Many((IMAGE, FAILED), 0, tries(policy) - 1), IMAGE, PASSED),
    fails=lambda policy: Many((IMAGE, FAILED), tries(policy), tries(policy)),
    sentence=one_image,
    ways=_ways,
    chances=lambda _: ("direct",),
    needs_image=False,
    options=Options,
)


async def _raise(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    return t.nothing  # type: ignore[attr-defined, no-any-return]


async def _forever(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    while True:
        t = await try_once(t, models, policy, CallPlace(NAME, 1, len(t.events) + 1))


RAISES = replace(UNTIL_PASS, climb=_raise)
FOREVER = replace(UNTIL_PASS, climb=_forever)
KEEPS_ALL = replace(UNTIL_PASS, keeps=lambda t: frozenset(range(len(t.events))))
TWO_MODES = replace(UNTIL_PASS, name="other")
NO_POSITION = replace(UNTIL_PASS, sentence=lambda _: (IMAGE, PASSED))
OTHER_COSTS = replace(UNTIL_PASS, ways=lambda _: iter([Way("passes", calls={("generator", "image"): 1}, passes=1)]))
OTHER_GRAMMAR = replace(UNTIL_PASS, passes=lambda _: Many((IMAGE, ANY_VERDICT), 1, 2))
BAD_NAME = replace(UNTIL_PASS, mode="rl")
BAD_COLOUR = replace(UNTIL_PASS, look=replace(UNTIL_PASS.look, dark="blue"))
NO_RUNG = comb


async def _accept_elsewhere(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    t = await until_pass(t, models, policy)
    return t.accept("other") if t.status == "accepted" else t


async def _enter_elsewhere(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
    return await until_pass(t.enter(f"{NAME} late"), models, policy)


def _with_prompt(prompt: str) -> Climb:
    async def climb(t: Trajectory, models: Models, policy: Policy) -> Trajectory:
        return t.add(
            await draw(t, models, "baseline", CallPlace(NAME, 1), prompt, (), {"instruction": "", "references": 0})
        )

    return climb


OTHER_MODE = replace(UNTIL_PASS, climb=_accept_elsewhere)
OTHER_STATION = replace(UNTIL_PASS, climb=_enter_elsewhere)
NO_PROMPT = replace(UNTIL_PASS, climb=_with_prompt("missing"))
LACKING = replace(UNTIL_PASS, climb=_with_prompt("redraw"))
SELDOM = replace(UNTIL_PASS, enters=lambda t, _: t.sample.category == "nothing like it")
NO_FUNCTION = replace(UNTIL_PASS, passes=(IMAGE, PASSED))  # type: ignore[arg-type]
NOT_ASYNC = replace(UNTIL_PASS, climb=lambda t, _models, _policy: t)  # type: ignore[arg-type, return-value]
NO_MODEL = replace(UNTIL_PASS, options=dict)  # type: ignore[arg-type]
