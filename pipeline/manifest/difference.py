"""What differs between two meanings of a run, in words for the person who changed one.

In: two meanings (`pipeline.manifest.identity.meaning`: all that can change a row). Out: a line for each difference: a key with
its old and its new value, a prompt, a source whose file changed.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

_NOTHING = "null"
_WIDTH = 60
Key = tuple[str, ...]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """All that differs, in the order of the keys of `after`; what is only in `before` comes last."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    changed = [key for key in {**new, **old} if key not in old or key not in new or old[key] != new[key]]
    return list(dict.fromkeys(_told(key, old, new) for key in changed))


def shared(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What differs among the keys that both have: for a `before` that does not hold all that counts."""
    old, new = dict(_leaves(before)), dict(_leaves(after))
    return [_told(key, old, new) for key in new if key in old and old[key] != new[key] and key[-1] != "path"]


def _leaves(value: Any, key: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Plain values by their place; the items of a list go by their names where they have one. A null is as good as nothing."""
    if isinstance(value, list) and value and all(isinstance(item, dict) and "name" in item for item in value):
        value = {item["name"]: item for item in value}
    if isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(inner, (*key, str(name)))
    elif value is not None:
        yield key, value


def _told(key: Key, old: Mapping[Key, Any], new: Mapping[Key, Any]) -> str:
    what, whole = _thing(key), _alone(key, old if key in new else new)
    if what is None and whole == key:
        return f"{'.'.join(key)}: {_shown(key, old)} -> {_shown(key, new)}"
    what = what if whole == key else ".".join(whole)
    return f"{what} {'is new' if key not in old else 'is gone' if key not in new else 'changed'}"


def _alone(key: Key, others: Mapping[Key, Any]) -> Key:
    """The shortest beginning of `key` of which nothing is among `others`; all of it where it is there."""
    known = {other[: n + 1] for other in others for n in range(len(other))}
    return next((key[:n] for n in range(1, len(key) + 1) if key[:n] not in known), key)


def _thing(key: Key) -> str | None:
    """What a hash is the hash of."""
    if key[0] == "prompts" and len(key) == 2:
        return f"prompt {key[1]}.j2"
    if key[0] == "sources" and len(key) == 3 and key[2] == "content":
        return f"the content of source {key[1]}"
    return None


def _shown(key: Key, values: Mapping[Key, Any]) -> str:
    if key not in values:
        return _NOTHING
    text = json.dumps(values[key], ensure_ascii=False)
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 3]}..."
