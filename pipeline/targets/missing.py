"""Goals that are short of rows, and why. Pure.

In: goals, outcomes, the ids kept under earlier goals, stocks. Out: `Missing`, a line for people.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.manifest.spec import RL
from pipeline.targets.finished import Slot
from pipeline.targets.goals import Cell, Goals, Placed, Stock, kind_of
from pipeline.targets.mix import DEAREST
from pipeline.targets.selection import select


@dataclass(frozen=True)
class Missing:
    """`asked` rows and only `kept` ones: of a `slot`, or of a `category`; the other one is None."""

    slot: Slot | None
    category: str | None
    asked: int
    kept: int
    why: str = ""

    @property
    def goal(self) -> str:
        """Its place in the manifest."""
        return f"quotas.{self.slot}" if self.category is None else f"targets.categories.{self.category}"

    def line(self) -> str:
        """For people."""
        return f"{self.goal}: {self.asked - self.kept:,} of {self.asked:,} rows are missing: {self.why}"

    def served_by(self, cell: Cell) -> bool:
        """Whether rows of that cell may count towards it."""
        return (self.slot == RL) == cell.rl and self.category in (None, cell.category)

    def counts(self, p: Placed) -> bool:
        """Whether that outcome counts towards it, were there room."""
        return (kind := kind_of(p)) is not None and (kind[1] == self.slot or kind[0] == self.category)


def shortages(goals: Goals, placed: Sequence[Placed], before: Collection[str]) -> list[Missing]:
    """The goals that the outcomes so far do not meet, without a reason."""
    fates = select(placed, goals, before)
    in_slot, in_category = Counter[Slot](), Counter[str]()
    for p in placed:
        if fates[p.outcome.id] == "kept" and (kind := kind_of(p)) is not None:
            in_category[kind[0]] += 1
            in_slot[kind[1]] += 1
    short = [Missing(slot, None, limit or 0, in_slot[slot]) for slot, limit in goals.quotas.items()]
    short += [Missing(None, category, floor, in_category[category]) for category, floor in goals.floors.items()]
    return [one for one in short if one.kept < one.asked]


def explain(short: Sequence[Missing], placed: Sequence[Placed], stocks: Mapping[Cell, Stock]) -> tuple[Missing, ...]:
    """The same with reasons, when no cell is of any more use."""
    return tuple(replace(one, why=_reason(one, placed, stocks)) for one in short)


def _reason(one: Missing, placed: Sequence[Placed], stocks: Mapping[Cell, Stock]) -> str:
    begun = sum(one.served_by(p.cell) for p in placed)
    found = sum(one.counts(p) for p in placed)
    of = "" if one.category is None else " of this category"
    if found > one.kept:
        return f"{found:,} were found, and the quotas have no room for more of them; raise the quotas"
    if any(stock.most for cell, stock in stocks.items() if one.served_by(cell)):
        return f"one more may take over {DEAREST:,.0f} samples ({begun:,} begun{of} gave {found:,}); ask for fewer"
    if not begun:
        return f"no source has a row{of}; add a source or ask for fewer"
    return f"all {begun:,} samples{of} were begun and gave {found:,}; add sources or ask for fewer"
