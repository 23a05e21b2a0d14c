"""FigureLog as they are measured: each at once on the screen, and as a line of JSON in a file, so that a later fault loses none."""

import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
LIBRARIES = ("torch", "diffusers", "transformers", "accelerate", "tokenizers", "ray", "numpy", "pillow")


@dataclass(frozen=True)
class FigureLog:
    """Where the figures of one part go; `out` is a file of JSON lines that all parts append to, or None."""

    part: str
    out: Path | None

    def say(self, what: str, **values: Any) -> None:
        """Print and keep one line: what was measured, and its values."""
        shown = ", ".join(f"{name} {_shown(value)}" for name, value in values.items())
        print(f"[{time.strftime('%H:%M:%S')}] {self.part}: {what}: {shown}", flush=True)
        if self.out is not None:
            with self.out.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"part": self.part, "what": what, **values}) + "\n")

    def tried(self, what: str, work: Callable[[], T]) -> T | None:
        """What `work` gives; None where a library fails at it, which is said: no other figure is lost by it."""
        try:
            return work()
        except (RuntimeError, AttributeError, TypeError) as error:
            self.say(f"{what} cannot be measured", error=f"{type(error).__name__}: {str(error)[:300]}")
            return None


def versions() -> dict[str, str]:
    """The versions of Python and of the libraries that take part; "-" for one that is not installed."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "-"
    return found


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
