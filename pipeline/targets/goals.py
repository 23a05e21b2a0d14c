"""What to end with, and the cells that samples are begun from. In: plain values. Out: `Goals`, `Cell`, `Stock`, `Placed`."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pipeline.manifest.spec import RL
from pipeline.targets.finished import Finished, Quotas, Slot
from stages.records import Split

ANY = "*"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """Rows that are begun in rank order, next to other cells.

    A category that has a floor has a cell a source. All other rows share one cell, so that they keep the proportions and the order
    in which they come (`source` and `category` are `ANY`), and RL prompts share another.
    """

    source: str
    category: str
    rl: bool = False

    def __str__(self) -> str:
        if self.rl:
            return "RL prompts"
        return "all other rows" if self.category == ANY else f"{self.category} of {self.source}"


REST, RL_PROMPTS = Cell(ANY, ANY), Cell(ANY, ANY, rl=True)


def cell_of(source: str, category: str, split: Split, floors: Mapping[str, int]) -> Cell:
    """The cell of a row. Rows of a category with a floor of 0 are among the rest."""
    if split == "rl":
        return RL_PROMPTS
    return Cell(source, category) if floors.get(category) else REST


@dataclass(frozen=True)
class Goals:
    """`quotas` as in `pipeline.output.cut`, `floors`: category -> at least so many kept rows of it, RL prompts not counted."""

    quotas: Quotas
    floors: Mapping[str, int]

    @property
    def modes(self) -> tuple[Slot, ...]:
        """The slots of samples that are no RL prompts."""
        return tuple(slot for slot in self.quotas if slot != RL)

    @property
    def open_ended(self) -> bool:
        """Whether nothing ends the build but the end of its sources."""
        return not any(self.quotas.values()) and not any(self.floors.values()) and None in self.quotas.values()

    def problem(self) -> str | None:
        """Why no build could meet them, as a line for the person who typed them; None where one could."""
        limits, wanted = [self.quotas[mode] for mode in self.modes], sum(self.floors.values())
        room = sum(limit or 0 for limit in limits)
        if None not in limits and wanted > room:
            return (
                f"targets.categories ask for {wanted:,} rows together, and the quotas of {', '.join(self.modes)} hold "
                f"{room:,}; lower the categories or raise the quotas"
            )
        return None


@dataclass(frozen=True, slots=True)
class Stock:
    """Rows of a cell that were not begun: so many are `ready` (read), and there may be `more` to read. `rollouts`: the samples
    that a row makes, on average."""

    ready: int
    more: bool = False
    rollouts: float = 1.0

    @property
    def most(self) -> float:
        """The most rows that can be begun."""
        return float("inf") if self.more else float(self.ready)


@dataclass(frozen=True, slots=True)
class Placed:
    """An outcome, the `cell` and the `round` in which it was begun, and its sample's category."""

    outcome: Finished
    cell: Cell
    round: int
    category: str

    @property
    def order(self) -> tuple[int, int, str, str]:
        """By round, and by rank within it."""
        return self.round, *self.outcome.order


Kind: TypeAlias = tuple[str, Slot]
"""Category and slot: rows of one kind are as good as each other for every goal. RL prompts are of no category."""


def kind_of(p: Placed) -> Kind | None:
    """What a sample counts towards; None when it is out."""
    slot = p.outcome.slot
    return None if slot is None else ("" if slot == RL else p.category, slot)


def count_kinds(placed: Iterable[Placed]) -> Counter[Kind]:
    """How many samples of each kind there are; those that count towards nothing are left out."""
    return Counter(kind for kind in map(kind_of, placed) if kind is not None)
