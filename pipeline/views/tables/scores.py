"""How good the images were judged to be, station by station, and whether redrawing an image made it better.

In: stories, one at a time (`Scores.add`), and the recipe they climbed by. Out: DataFrames of counts. Verdicts against the original
instruction count at the station at which their image was made, and those of accepted images once more as the moment `accepted`;
those on a step, against its own sub-task, stand apart as the moment `steps`.
"""

from collections import Counter
from dataclasses import dataclass, field

import pandas as pd

from pipeline.views.story import Story
from stages.records import AXES, Axis, Evaluation
from stages.rung import Recipe
from stages.trajectory import Try

STEPS, ACCEPTED = "steps", "accepted"
MOVES = ("better", "same", "worse")


@dataclass
class Scores:
    """Counts of scores (1 to 5) by axis and moment (a station's key, `steps`, `accepted`), and of moves by station."""

    recipe: Recipe
    counts: Counter[tuple[Axis, str, int]] = field(default_factory=Counter)
    passed: Counter[tuple[Axis, str]] = field(default_factory=Counter)
    moved: Counter[tuple[Axis, str, str]] = field(default_factory=Counter)

    @property
    def titles(self) -> dict[str, str]:
        """The title of every moment, by its key: stations in the order of the ladder, then `steps` and `accepted`."""
        return {s.key: s.title for s in self.recipe.stations} | {STEPS: STEPS, ACCEPTED: ACCEPTED}

    @property
    def moments(self) -> list[str]:
        """The keys of the moments at which anything was judged, in their order."""
        seen = {moment for _, moment, _ in self.counts}
        return [key for key in self.titles if key in seen]

    @property
    def axes(self) -> list[Axis]:
        """The axes that were scored at least once, in their order."""
        return [a for a in AXES if any(axis == a for axis, *_ in self.counts)]

    def add(self, story: Story) -> None:
        """Count the verdicts of one more sample."""
        t = story.trajectory
        verdicts = {made.number: verdict for made in t.tries() if (verdict := whole_verdict(made))}
        for made in t.tries():
            if made.generation is not None and made.number in verdicts:
                moment = made.generation.station
                self._note(verdicts[made.number], moment)
                if made.generation.from_try in verdicts:
                    self._compare(verdicts[made.generation.from_try], verdicts[made.number], moment)
        for event in t.events:
            if event.against == "subtask" and isinstance(event.payload, Evaluation):
                self._note(event.payload, STEPS)
        if story.mode is not None and not story.lost and t.candidate in verdicts:
            self._note(verdicts[t.candidate], ACCEPTED)

    def table(self) -> pd.DataFrame:
        """One row per axis and moment: how many got 1 to 5, their number, mean, and the share that passed."""
        rows = [self._row(axis, moment) for axis in self.axes for moment in self.moments]
        columns = ["axis", "moment", *range(1, 6), "n", "mean", "passed"]
        return pd.DataFrame([r for r in rows if r["n"]], columns=columns).set_index(["axis", "moment"])

    def moves(self) -> pd.DataFrame:
        """One row per axis and station: how many images were scored better, the same, or worse than those they were made from."""
        rows = [
            {"axis": axis, "moment": moment} | {move: self.moved[axis, moment, move] for move in MOVES}
            for axis in self.axes
            for moment in self.moments
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

    def _compare(self, before: Evaluation, after: Evaluation, moment: str) -> None:
        for a in after.axes:
            old = before.score(a.axis)
            if old is not None:
                self.moved[a.axis, moment, MOVES[1 - (a.score > old) + (a.score < old)]] += 1


def whole_verdict(made: Try) -> Evaluation | None:
    """The newest verdict on a try's image against the original instruction; None where it was not judged so."""
    verdicts = [e.payload for e in made.events if isinstance(e.payload, Evaluation) and e.against != "subtask"]
    return verdicts[-1] if verdicts else None
