"""The figures of a build: what became of every sample, where on the ladder, and why it was lost.

In: stories, one at a time (`BuildFigures.add`), and the recipe they climbed by. Out: counts only, so a run of any size fits in
memory. The funnel is that of `pipeline.output.funnel`, as `run.json` holds it.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass

import pandas as pd

from pipeline.manifest.spec import RL
from pipeline.output.funnel import Funnel, StationCount
from pipeline.output.share import Share
from pipeline.views.looks import mode_looks
from pipeline.views.story import Story
from stages.rung import Recipe


@dataclass
class LossCause:
    """Why samples were lost: how many, and the first of them: its words, its id, its last image."""

    status: str
    reason: str
    count: int
    example: str
    sample: str
    image: str | None


@dataclass(frozen=True)
class StationYield:
    """How many were accepted at a station: of those that entered it and could climb on, and in sum of all that climbed."""

    count: StationCount
    in_sum: Share


class BuildFigures:
    """Folds stories into figures.

    `before`: why samples were lost that entered no station; `never_tried`: RL prompts that were not to be tried.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.looks = mode_looks(recipe)
        self.funnel = Funnel(recipe)
        self.before: Counter[str] = Counter()
        self.never_tried = 0
        self.kept_rl = 0
        self.categories: dict[str, Counter[str]] = defaultdict(Counter)
        self._lost: dict[tuple[str, str], LossCause] = {}

    def add(self, story: Story) -> None:
        """Count one more sample. Raises ValueError when it entered a station that the ladder does not have."""
        self.kept_rl += story.fate == "kept" and story.outcome == RL
        self.categories[story.category][story.outcome] += 1
        if not story.trajectory.entered:
            if story.lost:
                self.before[story.reason] += 1
            else:
                self.never_tried += 1
        try:
            self.funnel.add(story.trajectory)
        except KeyError as error:
            raise ValueError(f"sample {story.id}: this ladder has no station {error.args[0]}") from error
        if story.lost:
            cause = self._lost.setdefault(
                (story.fate, story.reason),
                LossCause(story.fate, story.reason, 0, story.detail, story.id, story.last_image),
            )
            cause.count += 1

    def causes(self) -> list[LossCause]:
        """Why samples were lost, the most frequent first."""
        return sorted(self._lost.values(), key=lambda c: (-c.count, c.status, c.reason))

    def yields(self) -> list[StationYield]:
        """The stations at which samples are accepted, in order."""
        yields, so_far = [], 0
        stations = self.funnel.stations
        for n, count in enumerate(stations):
            so_far += count.passed
            ends_its_rung = n + 1 == len(stations) or stations[n + 1].mode != count.mode
            if count.passed or ends_its_rung:  # at a stage such as a diagnosis nobody can pass
                yields.append(StationYield(count, Share(so_far, stations[0].climbing)))
        return yields

    def by_category(self) -> pd.DataFrame:
        """One row a category, the largest first: samples by outcome, and `yielded`, the accepted of those meant for SFT."""
        outcomes = self.looks.outcomes
        rows = [
            {"category": name, "all": n.total(), "yielded": self._yielded(n)} | {end: n[end] for end in outcomes}
            for name, n in sorted(self.categories.items(), key=lambda c: (-c[1].total(), c[0]))
        ]
        return pd.DataFrame(rows, columns=["category", "all", "yielded", *outcomes]).set_index("category")

    def _yielded(self, n: Counter[str]) -> Share:
        return Share(sum(n[mode] for mode in self.looks.modes), n.total() - n[RL])
