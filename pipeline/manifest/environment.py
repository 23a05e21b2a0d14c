"""Fills variables of the environment into a manifest: `${NAME}` in any text of it.

In: plain data, changed in place. Out: (place, "problem; remedy") pairs for variables that cannot be filled in. A text that
consists of one variable becomes a number or a truth value where every version of YAML reads its value as one. A manifest is
written beside its output, so a variable whose name is that of a secret is refused.
"""

import os
import re
from collections.abc import Iterator
from typing import Any

from pipeline.manifest.yaml_text import Loc, read_word

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_MAY_HOLD_A_SECRET: Loc = ("run", "database")  # its password is written nowhere


def fill_in(value: Any, place: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Replace the variables below `value`, in place; yields a problem for each text that cannot be filled in."""
    if not isinstance(value, dict | list):
        return
    for part, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        here = (*place, part)
        yield from fill_in(inner, here)
        if isinstance(inner, str) and (names := _VARIABLE.findall(inner)):
            problem = _check_variables(names, here)
            if problem:
                yield here, problem
            else:
                value[part] = _substitute(inner)


def _check_variables(names: list[str], place: Loc) -> str | None:
    for name in names:
        if _SECRET.search(name) and place != _MAY_HOLD_A_SECRET:
            return f"${{{name}}} looks like a secret, and a manifest is kept beside its output; name it in api_key_env"
        if not os.environ.get(name):
            return f"the variable {name} is not set; export {name}=..., or write the value here"
    return None


def _substitute(text: str) -> Any:
    filled = _VARIABLE.sub(lambda match: os.environ[match[1]], text)
    if _VARIABLE.fullmatch(text):
        value = read_word(filled)
        if isinstance(value, bool | int | float):
            return value
    return filled
