"""How good the images were judged to be, rung by rung, and whether a round of reflection made them better.

In: stories, one at a time (`Scores.add`). Out: DataFrames of counts. Verdicts against the original instruction count; those
on a step, against its own sub-task, stand apart as the moment `steps`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import pandas as pd

from pipeline.views.stories import Moment, Story
from stages.records import AXES, Axis, Evaluation

FIRST, STEPS, ACCEPTED = "first", "steps", "accepted"
MOVES = ("better", "same", "worse")


@dataclass
class Scores:
    """Counts of scores (1 to 5) by axis and moment (`first`, `round k`, `steps`, `accepted`), and of moves between rounds."""

    rounds: int
    counts: Counter[tuple[Axis, str, int]] = field(default_factory=Counter)
    passed: Counter[tuple[Axis, str]] = field(default_factory=Counter)
    moved: Counter[tuple[Axis, str, str]] = field(default_factory=Counter)

    @property
    def moments(self) -> list[str]:
        """`first`, `round 1`, ..., `steps`, `accepted`, as far as anything was judged there."""
        named = [FIRST, *(f"round {k}" for k in range(1, self.rounds + 1)), STEPS, ACCEPTED]
        return [m for m in named if any(moment == m for _, moment, _ in self.counts)]

    @property
    def axes(self) -> list[Axis]:
        """The axes that were scored at least once, in their order."""
        return [a for a in AXES if any(axis == a for axis, *_ in self.counts)]

    def add(self, story: Story) -> None:
        """Count the verdicts of one more sample."""
        chain = list(_chain(story.moments))
        for k, verdict in enumerate(chain):
            self._note(verdict, _name(k))
        for k, (before, after) in enumerate(pairwise(chain), start=1):
            for a in after.axes:
                old = before.score(a.axis)
                if old is not None:
                    self.moved[a.axis, _name(k), MOVES[1 - (a.score > old) + (a.score < old)]] += 1
        for m in story.moments:
            if m.against == "subtask" and isinstance(m.payload, Evaluation):
                self._note(m.payload, STEPS)
        last = [v for m in story.moments if (v := _verdict(m)) is not None]
        if last and story.mode is not None and story.status in ("kept", "surplus"):
            self._note(last[-1], ACCEPTED)

    def table(self) -> pd.DataFrame:
        """One row per axis and moment: how many got 1 to 5, their number, mean, and the share that passed."""
        rows = [self._row(axis, moment) for axis in self.axes for moment in self.moments]
        columns = ["axis", "moment", *range(1, 6), "n", "mean", "passed"]
        return pd.DataFrame([r for r in rows if r["n"]], columns=columns).set_index(["axis", "moment"])

    def moves(self) -> pd.DataFrame:
        """One row per axis and round: how many images were scored better, the same, or worse than the one before."""
        rounds = [_name(k) for k in range(1, self.rounds + 1)]
        rows = [
            {"axis": axis, "moment": moment} | {move: self.moved[axis, moment, move] for move in MOVES}
            for axis in self.axes
            for moment in rounds
            if any(self.moved[axis, moment, move] for move in MOVES)
        ]
        return pd.DataFrame(rows, columns=["axis", "moment", *MOVES]).set_index(["axis", "moment"])

    def mean(self, axis: Axis, moment: str) -> float | None:
        """The mean score; None where nothing was judged."""
        row = self._row(axis, moment)
        return float(row["mean"]) if row["n"] else None  # type: ignore[arg-type]

    def _row(self, axis: Axis, moment: str) -> dict[str | int, object]:
        counts: dict[str | int, int] = {s: self.counts[axis, moment, s] for s in range(1, 6)}
        n = sum(counts.values())
        mean = sum(int(s) * c for s, c in counts.items()) / n if n else float("nan")
        share = self.passed[axis, moment] / n if n else float("nan")
        return {"axis": axis, "moment": moment, **counts, "n": n, "mean": mean, "passed": share}

    def _note(self, verdict: Evaluation, moment: str) -> None:
        for a in verdict.axes:
            self.counts[a.axis, moment, a.score] += 1
            self.passed[a.axis, moment] += a.passed


def _name(k: int) -> str:
    return f"round {k}" if k else FIRST


def _chain(moments: Iterable[Moment]) -> Iterator[Evaluation]:
    """The verdicts of the direct try and of the reflection rounds."""
    for m in moments:
        if m.kind in ("diagnosis", "decomposition"):
            return
        verdict = _verdict(m)
        if verdict is not None:
            yield verdict


def _verdict(m: Moment) -> Evaluation | None:
    return m.payload if isinstance(m.payload, Evaluation) and m.against != "subtask" else None
