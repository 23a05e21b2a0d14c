"""What became of the samples, station by station and category by category: the one count that everybody shows.

In: planned trajectories with their fates, and the recipe they climbed by. Out: counts. Per station (`stages.rung.Station`):
entered = passed + went_on + stopped + discarded + failed; `stopped` are RL prompts that were only to be tried once, whatever came
of it. The trajectory of a sample names the stations that it entered, those where its first call failed included.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.output.cut import FATES
from pipeline.output.parts import Planned
from pipeline.output.share import Share
from stages.rung import Recipe, Station
from stages.trajectory import Trajectory

ENDS = ("passed", "went_on", "stopped", "discarded", "failed")


@dataclass
class StationCount:
    """How many samples entered a station, and how they left it: `left` counts discarded and failed ones by (status, reason)."""

    station: Station
    mode: str
    entered: int = 0
    passed: int = 0
    stopped: int = 0
    left: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def went_on(self) -> int:
        """How many went on to a later station."""
        return self.entered - self.passed - self.stopped - self.left.total()

    def ended(self, status: str) -> int:
        """How many were `discarded` here, or `failed`."""
        return sum(n for (end, _), n in self.left.items() if end == status)

    @property
    def climbing(self) -> int:
        """How many entered that could climb on, RL prompts left out: what a pass rate refers to."""
        return self.entered - self.stopped

    @property
    def rate(self) -> Share:
        """Those that passed, of those that could climb."""
        return Share(self.passed, self.climbing)

    def as_dict(self) -> dict[str, int]:
        """As `run.json` has it."""
        ends = (self.passed, self.went_on, self.stopped, self.ended("discarded"), self.ended("failed"))
        return {"entered": self.entered, **dict(zip(ENDS, ends, strict=True))}


class Funnel:
    """Counts trajectories as they go by; `stations` in the order of the ladder."""

    def __init__(self, recipe: Recipe) -> None:
        self.stations: Sequence[StationCount] = [
            StationCount(station, rung.mode) for rung in recipe.rungs for station in rung.stations(recipe.policy)
        ]
        self._by_key = {count.station.key: count for count in self.stations}

    def add(self, t: Trajectory) -> None:
        """Count one more sample. Raises KeyError for a station that the ladder does not have."""
        for key in t.entered:
            self._by_key[key].entered += 1
        if not t.entered:
            return  # it never met a model: a bad row, or an RL prompt that is not to be tried
        last = self._by_key[t.entered[-1]]
        if t.status == "accepted":
            last.stopped += t.sample.climb == "direct"
            last.passed += t.sample.climb != "direct"
        else:
            last.left[t.status, t.reason or "unknown"] += 1

    def as_dict(self) -> dict[str, dict[str, int]]:
        """As `run.json` has it: per station how many entered, and how they left."""
        return {count.station.key: count.as_dict() for count in self.stations}


def by_station(planned: Planned, recipe: Recipe) -> dict[str, dict[str, int]]:
    """The funnel of planned samples."""
    funnel = Funnel(recipe)
    for t, _ in planned:
        funnel.add(t)
    return funnel.as_dict()


def by_category(planned: Planned, recipe: Recipe) -> dict[str, dict[str, int]]:
    """Per category: planned, each fate, and the kept ones of each mode."""
    counts: dict[str, Counter[str]] = {}
    for t, fate in planned:
        row = counts.setdefault(t.sample.category, Counter())
        row.update(("planned", fate))
        if fate == "kept" and t.mode is not None and t.sample.split != "rl":
            row[t.mode] += 1
    columns = ("planned", *FATES, *recipe.modes)
    return {category: {what: counts[category][what] for what in columns} for category in sorted(counts)}
