"""What a training run logs: one JSON object a line, one line a step.

In: numbers by name. Out: `log.jsonl`, which after a resume reads as if the run had never stopped.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class TrainLog:
    """The log in a file. Lines of steps after `step` are of a run that was cut off: they are removed."""

    def __init__(self, path: Path, step: int) -> None:
        kept = [line for line in read_log(path) if line["step"] <= step]
        aside = path.with_suffix(".part")
        aside.write_text("".join(json.dumps(line) + "\n" for line in kept), "utf-8")
        os.replace(aside, path)
        self._path = path

    def write(self, values: Mapping[str, Any]) -> None:
        """One more line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(values) + "\n")


def read_log(path: Path) -> list[dict[str, Any]]:
    """The lines of a log; none where there is no file. A last line that was cut off is left out."""
    if not path.exists():
        return []
    text = path.read_text("utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
