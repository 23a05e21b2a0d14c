"""What an accepted sample costs in calls: images and texts, by mode and by category.

In: stories, one at a time (`Calls.add`). Out: two DataFrames. A call is an event or a judgement with a call key in the record;
what was asked again after a malformed reply is in the ledger only.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from pipeline.views.figures import fate
from pipeline.views.stories import Story
from stages.records import MODES

Medium = Literal["image", "text"]
_LOST = ("discarded", "failed")


@dataclass
class Calls:
    """Counts of calls and samples by fate and category."""

    made: Counter[tuple[str, str, Medium]] = field(default_factory=Counter)
    samples: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, story: Story) -> None:
        """Count the calls of one more sample."""
        key = fate(story), story.word("category") or "(none)"
        self.samples[key] += 1
        for medium, calls in Counter(_calls(story)).items():
            self.made[(*key, medium)] += calls

    @property
    def total(self) -> int:
        """All calls of all samples."""
        return self.made.total()

    def by_mode(self) -> pd.DataFrame:
        """One row a mode, `all` last. Calls per accepted sample: `images`, `texts`, `own` (both) and `charged`.

        `charged` adds the calls of what was lost in equal parts to every accepted sample, whatever its mode. NaN without samples.
        """
        accepted = sum(n for (end, _), n in self.samples.items() if end in MODES)
        lost = sum(n for (end, *_), n in self.made.items() if end in _LOST)
        share = lost / accepted if accepted else 0.0
        rows = [self._row(mode, (mode,), None, share) for mode in (*MODES, "rl")]
        rows.append(self._row("all", MODES, None, share))
        return pd.DataFrame(rows).set_index("key")

    def by_category(self) -> pd.DataFrame:
        """One row a category, the largest first; `charged` adds the calls of the samples lost in that category."""
        sizes: Counter[str] = Counter()
        for (_, category), n in self.samples.items():
            sizes[category] += n
        rows = []
        for category, n in sorted(sizes.items(), key=lambda s: (-s[1], s[0])):
            accepted = sum(self.samples[mode, category] for mode in MODES)
            lost = sum(self.made[end, category, medium] for end in _LOST for medium in ("image", "text"))
            rows.append(self._row(category, MODES, category, lost / accepted if accepted else 0.0) | {"samples": n})
        columns = ["key", "samples", "accepted", "images", "texts", "own", "charged"]
        return pd.DataFrame(rows, columns=columns).set_index("key")

    def _row(self, key: str, ends: tuple[str, ...], category: str | None, share: float) -> dict[str, object]:
        """`share`: calls of the lost per accepted sample; RL prompts carry none."""
        n = sum(c for (end, where), c in self.samples.items() if end in ends and category in (None, where))
        calls = {
            medium: sum(
                c
                for (end, where, kind), c in self.made.items()
                if end in ends and kind == medium and category in (None, where)
            )
            for medium in ("image", "text")
        }
        images, texts = (calls[m] / n if n else float("nan") for m in ("image", "text"))
        charged = images + texts + (0.0 if key == "rl" else share)
        return {"key": key, "accepted": n, "images": images, "texts": texts, "own": images + texts, "charged": charged}


def _calls(story: Story) -> Iterator[Medium]:
    for m in story.moments:
        keys = {key for key in (m.call_key, *(j.call_key for j in m.judgements)) if key}
        yield from ("image" if m.kind == "generation" else "text" for _ in keys)
