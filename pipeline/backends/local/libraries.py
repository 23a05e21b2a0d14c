"""Libraries that only some engines need. In: the name of a module and of the extra that installs it. Out: the module."""

from importlib import import_module
from types import ModuleType

from stages.errors import EngineDead


def library(name: str, extra: str) -> ModuleType:
    """The module `name`. Raises EngineDead, which names the extra to install, where it is not installed or cannot be loaded."""
    try:
        return import_module(name)
    except ImportError as error:
        words = " ".join(str(error).split())[:200]
        raise EngineDead(
            f"the {extra} backend needs {name}, which cannot be imported ({words}); install x2i-ladder[{extra}]"
        ) from error
