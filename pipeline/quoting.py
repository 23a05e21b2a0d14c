"""How a value of a manifest is quoted to its author. In: a value. Out: a short text, as one would type it in YAML."""

import json
from typing import Any

LONGEST = 60


def shown(value: Any) -> str:
    """A text in quotes; all else as YAML has it (null, true, [1, 2]); cut where it is long."""
    if isinstance(value, str):
        text = repr(value[: 2 * LONGEST])
    elif isinstance(value, float):
        text = repr(value)
    else:
        text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
