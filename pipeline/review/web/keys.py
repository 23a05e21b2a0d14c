"""The keys of the reviewer's page: what each does, which one it is unless a person chose another.

In: a person's own keys by action. Out: all keys by action, checked. Keys are named as browsers name them (`KeyboardEvent.key`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.review.errors import ReviewError

MOST_REASONS = 9
_LONGEST = 20
_FIXED = frozenset({"Tab", "Escape", " ", "Shift", "Control", "Alt", "Meta", "Dead", "Unidentified", "Process"})


@dataclass(frozen=True, slots=True)
class KeyAction:
    """Something a key does: its name, the key, and what the help says."""

    name: str
    key: str
    words: str


ACTIONS: tuple[KeyAction, ...] = (
    KeyAction("accept", "a", "Accept: the result first, then the reasoning"),
    KeyAction("reject", "x", "Reject"),
    KeyAction("unsure", "u", "Unsure"),
    KeyAction("send", "Enter", "Send the verdict, once a rejection has its reasons"),
    KeyAction("undo", "Backspace", "Take back the last answer, or the last verdict"),
    KeyAction("skip", "s", "Skip this item, with a reason"),
    *(KeyAction(f"reason{n}", str(n), f"Reason {n} of the open group") for n in range(1, MOST_REASONS + 1)),
    KeyAction("group", "g", "Open the next group of reasons"),
    KeyAction("next", "]", "Point at the next part of the story; reasons are then about it"),
    KeyAction("previous", "[", "Point at the part before"),
    KeyAction("compare", "c", "Compare any two images"),
    KeyAction("unfold", "p", "Unfold or fold what was pruned"),
    KeyAction("axes", "y", "Go to the verdicts per axis"),
    KeyAction("note", "n", "Write a note; Escape goes back"),
    KeyAction("help", "?", "Show this help"),
)
_DEFAULTS = {action.name: action.key for action in ACTIONS}


def keys_of(own: Mapping[str, str]) -> dict[str, str]:
    """The keys by action, those of the person before the others."""
    return _DEFAULTS | {name: key for name, key in own.items() if name in _DEFAULTS}


def checked_keys(asked: Mapping[str, str]) -> dict[str, str]:
    """Those of `asked` that differ from what is so anyway. Raises ReviewError where a key cannot be used, or does two things."""
    keys = keys_of(asked)
    users: dict[str, str] = {}
    for name, key in keys.items():
        if not key or len(key) > _LONGEST or not key.isprintable() or key in _FIXED:
            raise ReviewError(f"{name}: {key[:_LONGEST]!r} cannot be used as a key; press another one")
        if key in users:
            raise ReviewError(f"{key} would do two things, {users[key]} and {name}; choose another key for one of them")
        users[key] = name
    return {name: key for name, key in keys.items() if key != _DEFAULTS[name]}
