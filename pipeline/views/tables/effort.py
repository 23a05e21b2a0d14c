"""Yield against images: how many of the samples that climbed were accepted, and how many images that took.

In: stories, one at a time (`Effort.add`), and the recipe they climbed by. Out: what was reached up to each station, and what would
have been with so many images per sample at most: so builds with different ladders can be compared at equal images. RL prompts are
left out; an image that was brought along took none.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from pipeline.manifest.spec import RL
from pipeline.output.share import Share
from pipeline.views.story import Story, call_keys
from pipeline.views.tables.scores import whole_verdict
from stages.rung import Recipe


@dataclass(frozen=True)
class EffortPoint:
    """What was reached up to a station: images made per sample that climbed, and the share of these that was accepted."""

    station: str
    title: str
    images: float
    accepted: Share


@dataclass
class Effort:
    """Counts of samples that climbed, of accepted ones by station, and of images by station.

    `taken`: how many samples took so many images; `needed`: after how many of them the first image passed that let an accepted
    sample pass.
    """

    recipe: Recipe
    climbed: int = 0
    accepted: Counter[str] = field(default_factory=Counter)
    images: Counter[str] = field(default_factory=Counter)
    taken: Counter[int] = field(default_factory=Counter)
    needed: Counter[int] = field(default_factory=Counter)

    def add(self, story: Story) -> None:
        """Count one more sample."""
        t = story.trajectory
        if not t.entered or t.sample.split == RL:
            return
        self.climbed += 1
        taken, needed = 0, None
        for made in t.tries():
            if made.generation is not None:
                images = len(call_keys(made.generation))
                self.images[made.generation.station] += images
                taken += images
                verdict = whole_verdict(made)
                if needed is None and ((verdict and verdict.passed) or made.number == t.candidate):
                    needed = taken
        self.taken[taken] += 1
        if not story.lost and story.mode is not None:
            self.accepted[t.entered[-1]] += 1
            self.needed[taken if needed is None else needed] += 1

    @property
    def yielded(self) -> Share:
        """The accepted, of all that climbed."""
        return Share(self.accepted.total(), self.climbed)

    @property
    def images_each(self) -> float | None:
        """Images per sample that climbed; None without any."""
        return self.images.total() / self.climbed if self.climbed else None

    def points(self) -> list[EffortPoint]:
        """One point a station at which an image was made or a sample accepted; each counts all that came before it, too."""
        points, images, accepted = [], 0, 0
        for station in self.recipe.stations:
            if not (self.climbed and (self.images[station.key] or self.accepted[station.key])):
                continue
            images += self.images[station.key]
            accepted += self.accepted[station.key]
            share = Share(accepted, self.climbed)
            points.append(EffortPoint(station.key, station.title, images / self.climbed, share))
        return points

    def at_most(self) -> list[tuple[float, float]]:
        """With 1, 2, ... images per sample at most: how many are made per sample on average, and the share that is accepted."""
        if not self.climbed:
            return []
        images = [
            sum(min(n, most) * count for n, count in self.taken.items()) for most in range(1, max(self.taken) + 1)
        ]
        accepted = [sum(count for n, count in self.needed.items() if n <= most) for most in range(1, len(images) + 1)]
        return [(i / self.climbed, a / self.climbed) for i, a in zip(images, accepted, strict=True)]

    def reached(self, images: float) -> float | None:
        """The share that is accepted with so many images per sample on average; None without samples.

        Between two limits of `at_most` it is that of samples of which some have the lower limit and some the higher one.
        """
        limits = self.at_most()
        if not limits:
            return None
        taken, accepted = zip((0.0, 0.0), *limits, strict=True)
        return float(np.interp(images, taken, accepted))
