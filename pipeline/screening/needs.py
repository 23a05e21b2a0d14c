"""Libraries that only some screens need. In: a module's name and the extra that brings it. Out: the module, or one clear line."""

from importlib import import_module
from typing import Any

from pipeline.errors import BuildError


class MissingExtra(BuildError):
    """A screen is on whose library is not installed; the message names the extra."""


def need(module: str, extra: str) -> Any:
    """The module. Raises MissingExtra."""
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingExtra(
            f"screens needs {module}, which is not installed; run pip install 'x2i-ladder[{extra}]'"
        ) from error
