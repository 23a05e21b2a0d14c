"""The generators beside the default one: their names, and whether policy and models speak of the same ones.

In: names, a policy. Out: names as they may be; what is wrong, in one line with its remedy.
"""

import re
from collections.abc import Collection
from typing import Annotated

from pydantic import AfterValidator

from pipeline.typed import shown, suggestion
from stages.makers import DEFAULT
from stages.policy import Policy

DRAWERS = ("baseline", DEFAULT)
"""The roles that draw."""


def _check_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,39}", name):
        raise ValueError(f"{shown(name)} is no name of a generator; write letters, digits, _ and -, a letter first")
    if name == DEFAULT:
        raise ValueError(f"{name} is the default one, models.generator; choose another name")
    return name


GeneratorName = Annotated[str, AfterValidator(_check_name)]


def place_of(role: str) -> str:
    """Where below `models` the spec of a role stands: "generators.NAME" for one of the generators beside the default one."""
    role, dot, name = role.partition(".")
    return f"{role}s.{name}" if dot else role


def unknown_generator(policy: Policy, names: Collection[str]) -> str | None:
    """What is wrong with the first generator that the policy names and that is none of `names`; None where all are there."""
    for rung, rounds in policy.generators.items():
        for name in rounds:
            if name != DEFAULT and name not in names:
                known = suggestion(name, [DEFAULT, *names], "generators")
                return f"policy.generators.{rung} names {shown(name)}, which models.generators lacks; {known}"
    return None


def idle_generator(policy: Policy, names: Collection[str]) -> str | None:
    """What is wrong with the first of `names` that the policy gives nothing to draw; None where all draw somewhere."""
    for name in names:
        if name not in policy.named_generators:
            remedy = "name it there, or leave it out"
            return f"models.generators.{name} would never draw: policy.generators names it nowhere; {remedy}"
    return None
