"""Decides which request meets which fault: a pure function of the request and the number of its attempt.

In: the digest of a request, which server and predictor compute alike, and the number of the attempt. Out: a fault or none. The
attempts of a request follow a story: passing faults first, and then one end that never changes, so that a client that gives up
on an answer and asks again gets that answer. A few requests are cursed: they fail at every attempt.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from stages.protocols import Message

T = TypeVar("T")
Passing = Literal[
    "rate_limited",
    "error_500",
    "error_503",
    "hang",
    "dropped",
    "broken_off",
    "cut_json",
    "not_a_completion",
    "empty",
    "html",
]
Lasting = Literal["wrong_schema", "words_for_an_image", "half_a_png", "giant", "no_png"]
Fault = Passing | Lasting

PASSING: tuple[Passing, ...] = Passing.__args__  # type: ignore[attr-defined]
LASTING: dict[str, tuple[Lasting, ...]] = {
    "text": ("wrong_schema",) * 3,
    "image": ("words_for_an_image", "half_a_png", "giant", "no_png"),
}
MOST_PASSING = 4
WORDS = "I would rather not draw this."
WRONG = (
    '{"instruction": {"score": 5, "reason": "It is all there."}}',  # every evaluation has further axes
    '{"verdict": "pass", "score": 5}',
    "[1, 2, 3]",
    "It looks fine to me: all axes pass.",
    '```json\n{"instruction": {"score": 9, "reason": "better than flawless"}, "steps": [], "cause": "bad luck"}\n```',
)


def digest(model: str, messages: Sequence[Message], images: Sequence[str], seed: int, schema: str) -> str:
    """The digest of a request, over exactly what a server sees of it; `images` are given by their sha256."""
    content = [model, [[m.role, m.content] for m in messages], list(images), seed, schema]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


@dataclass(frozen=True)
class Story:
    """What the attempts of one request meet: `passing`, one by one, then `end` for good. None is the world's own answer."""

    passing: tuple[Passing, ...]
    end: Fault | None

    @property
    def cursed(self) -> bool:
        """True when every attempt fails."""
        return self.end in PASSING

    def at(self, attempt: int) -> Fault | None:
        """The fault that the attempt of that number, from 0, meets; None for the world's own answer."""
        return self.passing[attempt] if attempt < len(self.passing) else self.end


@dataclass(frozen=True)
class Table:
    """All stories. `share` of all attempts meet a fault, and `cursed` of all requests meet the same one forever."""

    seed: int
    share: float = 0.2
    cursed: float = 0.004

    def story(self, request: str, schema: str) -> Story:
        """The story of the request of that digest."""
        if self._draw(request, "cursed") < self.cursed:
            return Story((), self._choose(PASSING[1:], request, "curse"))
        passing: list[Passing] = []
        while len(passing) < MOST_PASSING and self._draw(request, len(passing)) < self.share:
            fault = self._choose(
                (*PASSING, *LASTING["image" if schema == "image" else "text"]), request, len(passing), "kind"
            )
            if fault not in PASSING:
                return Story(tuple(passing), fault)
            passing += [fault] * (3 if fault == "error_503" else 1)  # these come in bursts
        return Story(tuple(passing[:MOST_PASSING]), None)

    def wrong(self, request: str) -> str:
        """The reply of a wrong shape to that request."""
        return self._choose(WRONG, request, "wrong")

    def _draw(self, *key: object) -> float:
        content = json.dumps([self.seed, *key]).encode()
        return int.from_bytes(hashlib.sha256(content).digest()[:8]) / 2**64

    def _choose(self, choices: Sequence[T], *key: object) -> T:
        return choices[int(self._draw(*key) * len(choices))]
