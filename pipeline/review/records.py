"""What a review is made of: items drawn from a build, the lots that they answer for, and what people said of them.

In: nothing. Out: frozen dataclasses that the queue, the pages, the statistics and the release share. A *lot* is what is accepted or
rejected as a whole (mode x source x generator); a *cell* is a part of a lot within which items are alike (category, margin of
the judge). An item is known by the sample's id and a hash of what the reviewer saw, so that a verdict about other content never
counts.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from stages.records import Axis

Opinion = Literal["accept", "reject", "unsure"]
Margin = Literal["narrow", "wide", "none"]
"""How clear the Analyzer's verdict was: `narrow` where an axis lies one below its threshold, or at it although more can be
scored, or where judgements disagree about an axis; `wide` elsewhere, `none` without a verdict."""
Draw = Literal["lot", "floor", "lost", "gold"]
"""Why an item is in the queue: as the lot's random sample, to give a small cell its floor, to look for false rejections among
what was discarded or failed, or as a known answer that measures the reviewer."""
Place: TypeAlias = Literal["reviewer", "lead"]
"""What a person may do: judge, or also settle disputes, invite and look at everybody's progress."""


@dataclass(frozen=True, slots=True, order=True)
class LotKey:
    """Which rows a lot holds. `outcome` is a mode of the ladder, `rl`, `discarded` or `failed`."""

    outcome: str
    source: str
    generator: str

    @property
    def lost(self) -> bool:
        """Whether no shard holds its rows: they are reviewed for what was rejected though it was right."""
        return self.outcome in ("discarded", "failed")


@dataclass(frozen=True, slots=True, order=True)
class CellKey:
    """Which rows of a lot are alike."""

    lot: LotKey
    category: str
    margin: Margin


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A sample in the queue. `position` orders the queue: a seeded hash, so that later items do not move earlier ones."""

    sample_id: str
    content_hash: str
    cell: CellKey
    draw: Draw
    position: int


@dataclass(frozen=True, slots=True)
class ReasonMark:
    """A reason of the taxonomy, as `group.reason`, and the segment it is about (`G2`); None where it is about the whole."""

    code: str
    segment: str | None = None


@dataclass(frozen=True, slots=True)
class HumanVerdict:
    """What a person said of an item, once. Never changed: a correction is a new one that `supersedes` it.

    `reasoning` is None where there is nothing but the image. `seconds` is the time from the item's display to the verdict, `at` the
    time in UTC (ISO 8601), `taxonomy` the version of the reasons. `withdrawn` says that this verdict takes back the one it
    supersedes and stands for none.
    """

    id: str
    sample_id: str
    content_hash: str
    reviewer: str
    result: Opinion
    reasoning: Opinion | None
    axes: dict[Axis, Opinion] = field(default_factory=dict)
    reasons: tuple[ReasonMark, ...] = ()
    note: str = ""
    seconds: float = 0.0
    at: str = ""
    taxonomy: str = ""
    supersedes: str | None = None
    adjudicates: bool = False
    withdrawn: bool = False

    @property
    def opinion(self) -> Opinion:
        """The whole: rejected when result or reasoning is, else unsure when one of them is."""
        opinions = (self.result, self.reasoning or "accept")
        return "reject" if "reject" in opinions else "unsure" if "unsure" in opinions else "accept"


@dataclass(frozen=True, slots=True)
class Resolution:
    """What an item's standing verdicts come to. `opinion` is None while verdicts are missing or disagree."""

    item: ReviewItem
    opinion: Opinion | None
    disputed: bool
    adjudicated: bool
    verdicts: tuple[HumanVerdict, ...]


@dataclass(frozen=True, slots=True)
class GoldAnswer:
    """What a person said of an item whose answer is known. It measures the person and never enters a resolution."""

    reviewer: str
    sample_id: str
    expected: Opinion
    given: Opinion
    at: str


@dataclass(frozen=True, slots=True)
class LotPopulation:
    """How many rows of a lot there are in the build, by cell: what a sample is weighted back to."""

    key: LotKey
    cells: dict[CellKey, int]

    @property
    def size(self) -> int:
        """All rows of the lot."""
        return sum(self.cells.values())
