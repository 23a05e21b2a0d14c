"""What an accepted sample costs in calls: images and texts, by mode and by category.

In: stories, one at a time (`Calls.add`). Out: two DataFrames. A call is an event or a judgement with a call key in the record;
what was asked again after a malformed reply is in the ledger only.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import pandas as pd

from pipeline.manifest.spec import RL
from pipeline.views.looks import ALL, LOST
from pipeline.views.story import Story, call_keys
from stages.records import Event, Mode

Medium = Literal["image", "text"]
MEDIA: tuple[Medium, ...] = get_args(Medium)


@dataclass
class Calls:
    """Counts of calls and samples by outcome and category. `modes` are those of the ladder."""

    modes: Sequence[Mode]
    made: Counter[tuple[str, str, Medium]] = field(default_factory=Counter)
    samples: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, story: Story) -> None:
        """Count the calls of one more sample."""
        key = story.outcome, story.category
        self.samples[key] += 1
        for event in story.trajectory.events:
            self.made[(*key, medium_of(event))] += len(call_keys(event))

    @property
    def total(self) -> int:
        """All calls of all samples."""
        return self.made.total()

    def by_mode(self) -> pd.DataFrame:
        """One row a mode, `all` last. Calls per accepted sample: `images`, `texts`, `own` (both) and `charged`.

        `charged` adds the calls of what was lost in equal parts to every accepted sample, whatever its mode, and `images_charged`
        its images to `images`. NaN without samples.
        """
        keys = {key: (key,) for key in (*self.modes, RL)} | {ALL: tuple(self.modes)}
        rows = [self._row(key, outcomes, None) for key, outcomes in keys.items()]
        return pd.DataFrame(rows).set_index("key")

    def by_category(self) -> pd.DataFrame:
        """One row a category, the largest first; `charged` adds the calls of the samples lost in that category."""
        sizes: Counter[str] = Counter()
        for (_, category), n in self.samples.items():
            sizes[category] += n
        rows = [
            self._row(category, self.modes, category) | {"samples": n}
            for category, n in sorted(sizes.items(), key=lambda s: (-s[1], s[0]))
        ]
        columns = ["key", "samples", "accepted", "images", "texts", "own", "charged", "images_charged"]
        return pd.DataFrame(rows, columns=columns).set_index("key")

    def _row(self, key: str, outcomes: Sequence[str], category: str | None) -> dict[str, object]:
        """`category`: None counts all of them. RL prompts carry nothing of what was lost."""
        n = self._samples(outcomes, category)
        accepted = self._samples(self.modes, category)
        images, texts = (self._calls(outcomes, category, medium) / n if n else float("nan") for medium in MEDIA)
        bears = accepted and key != RL
        lost = {m: self._calls(LOST, category, m) / accepted if bears else 0.0 for m in MEDIA}
        return {
            "key": key,
            "accepted": n,
            "images": images,
            "texts": texts,
            "own": images + texts,
            "charged": images + texts + sum(lost.values()),
            "images_charged": images + lost["image"],
        }

    def _samples(self, outcomes: Sequence[str], category: str | None) -> int:
        return sum(n for (end, where), n in self.samples.items() if end in outcomes and category in (None, where))

    def _calls(self, outcomes: Sequence[str], category: str | None, medium: Medium) -> int:
        return sum(
            n
            for (end, where, kind), n in self.made.items()
            if end in outcomes and kind == medium and category in (None, where)
        )


def medium_of(event: Event) -> Medium:
    """Whether the calls of an event asked for an image or for a text."""
    return "image" if event.kind == "generation" else "text"
