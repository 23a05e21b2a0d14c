"""What a person types: `Strict`, the base of all checked models, and how a message quotes a value.

In: a value. Out: a short text, as a person would type it in YAML.
"""

import difflib
import json
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

LONGEST = 60


class Strict(BaseModel):
    """A mapping as a person types it: an unknown key is an error, and so is a number that is not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def shown(value: Any) -> str:
    """A text in quotes; any other value as YAML writes it (null, true, [1, 2]); cut to `LONGEST` characters."""
    if isinstance(value, str):
        text = repr(value[: 2 * LONGEST])
    elif isinstance(value, float):
        text = repr(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def suggestion(name: str, names: Iterable[str], what: str = "keys") -> str:
    """The remedy for an unknown `name`: the most similar of `names`, or a list of all; `what` they are, in plural."""
    valid = sorted(names)
    close = difflib.get_close_matches(name, valid, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"valid {what} are {', '.join(valid)}"
