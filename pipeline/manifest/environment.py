"""Fills variables of the environment into a manifest: `${NAME}` in any text of it.

In: plain data, changed in place. Out: (place, "problem; remedy") pairs for what cannot be filled in. A text that is nothing but
one variable may become a number or a truth value, as if it stood there. Secrets stay out: a manifest is written beside its
output, so a variable that names one is turned down wherever that would show it.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

import yaml

from pipeline.manifest.problems import Loc

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_MAY_HOLD_A_SECRET: Loc = ("run", "database")  # whose password is written nowhere


def fill_in(value: Any, place: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Replace the variables below `value`; what is wrong with them, a line a place."""
    if not isinstance(value, dict | list):
        return
    for part, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        here = (*place, part)
        yield from fill_in(inner, here)
        if isinstance(inner, str) and (names := _VARIABLE.findall(inner)):
            problem = _problem(names, here)
            if problem:
                yield here, problem
            else:
                value[part] = _filled(inner)


def _problem(names: list[str], place: Loc) -> str | None:
    for name in names:
        if _SECRET.search(name) and place != _MAY_HOLD_A_SECRET:
            return f"${{{name}}} looks like a secret, and a manifest is kept beside its output; name it in api_key_env"
        if not os.environ.get(name):
            return f"the variable {name} is not set; export {name}=..., or write the value here"
    return None


def _filled(text: str) -> Any:
    filled = _VARIABLE.sub(lambda found: os.environ[found[1]], text)
    if _VARIABLE.fullmatch(text):
        try:
            value = yaml.safe_load(filled)
        except yaml.YAMLError:
            return filled
        if isinstance(value, bool | int | float):
            return value
    return filled
