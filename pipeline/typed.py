"""What a person types: `Strict`, the base of all that is checked, and how a value is quoted back to its author.

In: a value. Out: a short text, as one would type it in YAML.
"""

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

LONGEST = 60


class Strict(BaseModel):
    """A mapping as a person types it: an unknown key is an error, and so is a number that is not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


def shown(value: Any) -> str:
    """A text in quotes; all else as YAML has it (null, true, [1, 2]); cut where it is long."""
    if isinstance(value, str):
        text = repr(value[: 2 * LONGEST])
    elif isinstance(value, float):
        text = repr(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
