"""Weights that are in memory already, so that roles which name the same ones share them.

In: what was loaded and how (all that decides what lies in memory), and a function that loads it. Out: the loaded thing, one for
each such key in this process.
"""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")
_loaded: dict[Hashable, Any] = {}
_loading = threading.Lock()


def loaded(key: Hashable, load: Callable[[], T]) -> T:
    """What `load` gave for this key, now or earlier. Raises whatever `load` raises, and asks it anew the next time."""
    with _loading:  # two models that load the same weights at once would need twice the memory
        if key not in _loaded:
            _loaded[key] = load()
        thing: T = _loaded[key]
        return thing


def forget() -> None:
    """Let go of all weights, so that their memory is free again."""
    with _loading:
        _loaded.clear()
