"""How a review is drawn and run. Values alone, kept with the review in its database.

In: what the lead sets. Out: `ReviewSettings`, to JSON and back.
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from pipeline.review.errors import ReviewError
from pipeline.review.records import LotKey

GUIDELINE = """Judge what is there, not how it came about.

RESULT. Accept an image that a careful person would accept for the instruction: all that is asked is done, nothing else is changed,
and nothing is broken. Reject it otherwise. Judge by the instruction and the references alone.

REASONING. Accept the texts when each is true of the images that it speaks of and a reader could act on it: the critique names
faults that are there, the plan covers the instruction, the steps do what they say. Reject them when one of them is wrong, even
where the image came out right.

UNSURE is an answer. A rejection names at least one reason.
"""


@dataclass(frozen=True, slots=True)
class ReviewSettings:
    """How items are drawn and judged.

    `seed` shuffles the queue. `per_lot` items are drawn from each lot at random, and at least `floor` from each of its cells;
    `lost` items from each lot of discarded or failed samples. A lot is decided by limiting quality: a share of `limiting` wrong
    rows must be rejected with the probability `confidence`. Of `overlap` of the items (0 to 1) `judges` people are asked,
    blindly. A claim ends after `claim_seconds`. About `gold_share` of what a person is given are items with a known answer, once
    there are such. `prompts` draws RL prompts, too, shown by their direct try: their rows hold no image, so they are left
    out by default. Of the lots `screened`, every row is drawn. `guideline` is what reviewers are told.
    """

    seed: int = 7
    per_lot: int = 100
    floor: int = 2
    lost: int = 30
    limiting: float = 0.10
    confidence: float = 0.95
    overlap: float = 0.2
    judges: int = 2
    claim_seconds: float = 1800.0
    gold_share: float = 0.05
    prompts: bool = False
    screened: tuple[LotKey, ...] = ()
    guideline: str = GUIDELINE

    def __post_init__(self) -> None:
        """Raises ReviewError for a value outside its range."""
        counts = {
            "per_lot": (self.per_lot, 1),
            "floor": (self.floor, 0),
            "lost": (self.lost, 0),
            "judges": (self.judges, 1),
        }
        for name, (count, least) in counts.items():
            if count < least:
                raise ReviewError(f"review settings: {name} is {count}; give at least {least}")
        shares = {"limiting": self.limiting, "confidence": self.confidence}
        for name, share in shares.items():
            if not 0 < share < 1:
                raise ReviewError(f"review settings: {name} is {share}; give a share between 0 and 1")
        for name, share in {"overlap": self.overlap, "gold_share": self.gold_share}.items():
            if not 0 <= share <= 1:
                raise ReviewError(f"review settings: {name} is {share}; give a share from 0 to 1")
        if not (math.isfinite(self.claim_seconds) and self.claim_seconds > 0):
            raise ReviewError(f"review settings: claim_seconds is {self.claim_seconds}; give a time above 0")

    def as_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The settings that `as_dict` gave. Keys of a later version are left out, missing ones have their default."""
        known = {name: value for name, value in values.items() if name in cls.__slots__}
        screened = tuple(LotKey(**key) for key in known.pop("screened", ()))
        return replace(cls(**known), screened=screened)
