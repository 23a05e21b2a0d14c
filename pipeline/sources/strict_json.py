"""JSON as data for which somebody pays: nothing in it is dropped or guessed.

In: UTF-8 bytes or text. Out: plain values. An object that gives a key twice, at any depth, is a `RepeatedKeys`: Python's own
reader would keep the last value without a word. NaN and Infinity, which are no JSON, are refused.
"""

import json
from typing import Any, NoReturn


class RepeatedKeys(dict[str, Any]):
    """An object of which `key` was given twice."""

    key = ""


def parse(data: bytes | str) -> Any:
    """The value that `data` holds, with `RepeatedKeys` in it where a key was repeated. Raises ValueError, RecursionError."""
    text = data.decode("utf-8") if isinstance(data, bytes) else data
    return json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_build)


def decoder() -> json.JSONDecoder:
    """What `parse` reads with, for those who read value by value."""
    return json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_build)


def parse_whole(data: bytes | str) -> Any:
    """The value that `data` holds. Raises ValueError, also where a key was repeated, and RecursionError."""
    value = parse(data)
    key = repeated_key(value)
    if key is not None:
        raise ValueError(f"key {key!r} given twice")
    return value


def repeated_key(value: Any) -> str | None:
    """A key that an object in `value` gives twice, at any depth; None where none does."""
    todo = [value]
    while todo:
        inner = todo.pop()
        if isinstance(inner, RepeatedKeys):
            return inner.key
        if isinstance(inner, dict | list):
            todo.extend(inner.values() if isinstance(inner, dict) else inner)
    return None


def _build(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    built = dict(pairs)
    if len(built) == len(pairs):
        return built
    names = [name for name, _ in pairs]
    repeated = RepeatedKeys(built)
    repeated.key = next(name for name in names if names.count(name) > 1)
    return repeated


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
