"""What an examination finds: the questions that were asked, their answers, and what follows from them.

In: nothing but values. Out: frozen dataclasses, which the views show as a table, a page, or JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stages.records import ImageRef

Level = Literal["fine", "note", "bad"]
"""It works; it works and is good to know; it will not work in a build."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """One thing that was checked. `remedy` says what to change in the manifest, or in the world."""

    level: Level
    about: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call: what it was for, the words and images that were sent, and what came back.

    `seconds` it took; `usd` is what it cost, None where that is unknown. Either `text` or `image` or `error` is there; words may
    come along with an image.
    """

    purpose: str
    words: str
    sent: tuple[ImageRef, ...]
    seconds: float
    text: str | None = None
    image: ImageRef | None = None
    error: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class Checkup:
    """One model at one place: the `roles` that it plays there, where it is, what was asked, and what was found."""

    roles: tuple[str, ...]
    place: str
    model: str
    identity: str
    exchanges: tuple[Exchange, ...]
    findings: tuple[Symptom, ...]

    @property
    def level(self) -> Level:
        """The worst of the findings."""
        levels = {finding.level for finding in self.findings}
        return "bad" if "bad" in levels else "note" if "note" in levels else "fine"

    @property
    def seconds(self) -> float:
        """The time of all calls."""
        return sum(exchange.seconds for exchange in self.exchanges)

    @property
    def usd(self) -> float | None:
        """What all calls cost together, in US dollars; None where one of them is unknown."""
        amounts = [exchange.usd for exchange in self.exchanges]
        known = [usd for usd in amounts if usd is not None]
        return sum(known) if len(known) == len(amounts) else None


def works(examinations: Sequence[Checkup]) -> bool:
    """Whether nothing was found that will not work."""
    return all(examination.level != "bad" for examination in examinations)
