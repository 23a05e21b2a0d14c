"""What differs between two meanings of a run, in words for the person who changed the manifest.

In: two meanings (`pipeline.manifest.identity.meaning`: all that can change a row). Out: a line for each difference: a key with
its old and its new value, a changed prompt, a source whose file changed.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_NOTHING = "null"
_WIDTH = 60
Key = tuple[str, ...]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A line for each difference, in the order of the keys of `after`; keys that only `before` has come last."""
    old, new = dict(_flatten(before)), dict(_flatten(after))
    changed = [key for key in {**new, **old} if key not in old or key not in new or old[key] != new[key]]
    return list(dict.fromkeys(_describe(key, old, new) for key in changed))


def shared(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A line for each key that both have with different values: for a `before` that lacks some of what can change a row."""
    old, new = dict(_flatten(before)), dict(_flatten(after))
    return [_describe(key, old, new) for key in new if key in old and old[key] != new[key] and key[-1] != "path"]


def _flatten(value: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Plain values by their key; items of a list go by their names where they have some. A null counts as absent."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        value = {item["name"]: item for item in value}
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _flatten(inner, (*key, str(name)))
    elif value is not None:
        yield key, value


def _describe(key: Key, old: Mapping[Key, Any], new: Mapping[Key, Any]) -> str:
    what, whole = _name_hashed(key), _shortest_absent(key, old if key in new else new)
    if what is None and whole == key:
        return f"{'.'.join(key)}: {_quote(key, old)} -> {_quote(key, new)}"
    what = what if whole == key else ".".join(whole)
    return f"{what} {'is new' if key not in old else 'is gone' if key not in new else 'changed'}"


def _shortest_absent(key: Key, others: Mapping[Key, Any]) -> Key:
    """The shortest prefix of `key` that no key of `others` begins with; `key` itself where `others` has it."""
    prefixes = {other[: n + 1] for other in others for n in range(len(other))}
    return next((key[:n] for n in range(1, len(key) + 1) if key[:n] not in prefixes), key)


def _name_hashed(key: Key) -> str | None:
    """What the hash under `key` was made of, where its value is a hash."""
    if key[0] == "prompts" and len(key) == 2:
        return f"prompt {key[1]}.j2"
    if key[0] == "sources" and len(key) == 3 and key[2] == "content":
        return f"the content of source {key[1]}"
    return None


def _quote(key: Key, values: Mapping[Key, Any]) -> str:
    if key not in values:
        return _NOTHING
    text = json.dumps(values[key], ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
