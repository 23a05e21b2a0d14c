"""What each image model drew, how much of it passed, and what an image that passed cost.

In: the ledger of an output, then stories, one at a time (`Drawers.add`). Out: two DataFrames. An image counts where it was drawn,
with the last verdict on it; one that a sample brought along was drawn by nobody.
"""

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from pipeline.output.row_order import PRECOMPUTED
from pipeline.views.story import Story
from pipeline.views.tables.ledger import Ledger, place
from pipeline.views.tables.rows import rows
from stages.makers import maker_in
from stages.records import Evaluation
from stages.rung import Recipe
from stages.trajectory import Try

Cell = tuple[str, str, int]
"""Who drew, the name of the rung, and the round there."""


@dataclass
class Drawers:
    """Images and passes by maker, rung and round."""

    recipe: Recipe
    ledger: Ledger | None
    drawn: Counter[Cell] = field(default_factory=Counter)
    passed: Counter[Cell] = field(default_factory=Counter)

    def add(self, story: Story) -> None:
        """Count the images of one more sample."""
        for one in story.trajectory.tries():
            made = one.generation
            if made is None or made.made_by is None or made.made_by.startswith(PRECOMPUTED):
                continue
            cell = maker_in(made.made_by), made.rung, self._round(made.rung, made.index, made.attempt)
            self.drawn[cell] += 1
            self.passed[cell] += _passes(one)

    def by_maker(self) -> pd.DataFrame:
        """One row a maker: `images`, `passed`, `share` of them that passed, `usd` of all its image calls, those in vain
        included, and `each`: US dollars for an image that passed. NaN where nobody knows.
        """
        makers = [self._row(who) for who in sorted({who for who, *_ in self.drawn}, key=place)]
        columns = ["who", "images", "passed", "share", "usd", "each"]
        return pd.DataFrame(makers, columns=columns).set_index("who")

    def by_round(self) -> pd.DataFrame:
        """One row a round of a rung and maker, in the order of the ladder: `images`, `passed`, `share`; `where` is the rung's
        title with the round.
        """
        order = [rung.name for rung in self.recipe.rungs]
        rounds = [
            {
                "where": self._title(rung, number),
                "who": who,
                "images": self.drawn[who, rung, number],
                "passed": self.passed[who, rung, number],
                "share": self.passed[who, rung, number] / self.drawn[who, rung, number],
            }
            for who, rung, number in sorted(
                self.drawn, key=lambda cell: (order.index(cell[1]), cell[2], place(cell[0]))
            )
        ]
        return pd.DataFrame(rounds, columns=["where", "who", "images", "passed", "share"])

    def _row(self, who: str) -> dict[str, object]:
        images, passed = (sum(n for (by, *_), n in count.items() if by == who) for count in (self.drawn, self.passed))
        usd = self._usd(who)
        each = usd / passed if passed else float("nan")
        return {"who": who, "images": images, "passed": passed, "share": passed / images, "usd": usd, "each": each}

    def _usd(self, who: str) -> float:
        calls = () if self.ledger is None else rows(self.ledger.table)
        return next((float(row["usd"]) for row in calls if (row["role"], row["kind"]) == (who, "image")), float("nan"))

    def _round(self, rung: str, index: int, attempt: int) -> int:
        return self.recipe.rung(rung).round_of(index, attempt)

    def _title(self, rung: str, number: int) -> str:
        row = self.recipe.rung(rung)
        title = row.look.title
        return f"{title}, round {number}" if row.rounds(self.recipe.policy) > 1 else title


def _passes(one: Try) -> bool:
    verdicts = [event.payload for event in one.events if isinstance(event.payload, Evaluation)]
    return bool(verdicts) and verdicts[-1].passed
