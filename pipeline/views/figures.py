"""The figures of a build: what became of every sample, where on the ladder, and why it was lost.

In: stories, one at a time (`Figures.add`). Out: counts only, so a run of any size fits in memory.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pandas as pd

from pipeline.output.share import Share
from pipeline.views.stories import Story
from stages.records import MODES

# Ended by the call itself: such a sample had already entered the rung whose call it was.
_STOPPED = frozenset({"refused", "malformed", "too_long", "transport", "model_error"})
FATES = ("direct", "reflection", "multistep", "rl", "discarded", "failed")


@dataclass
class Rung:
    """One rung of the funnel. `entered` = `passed` + `aside` (RL prompts, whose climb ends here) + `left` + what climbs on."""

    key: str
    title: str
    entered: int = 0
    passed: int = 0
    aside: int = 0
    left: Counter[str] = field(default_factory=Counter)

    @property
    def climbing(self) -> int:
        """How many entered that could climb on, RL prompts left out: what a pass rate refers to."""
        return self.entered - self.aside

    @property
    def rate(self) -> Share:
        """Those that passed, of those that could climb."""
        return Share(self.passed, self.climbing)

    @property
    def onward(self) -> int:
        """How many went on to the next rung."""
        return self.entered - self.passed - self.aside - self.left.total()


@dataclass
class Cause:
    """Why samples were lost: how many, and the first of them: its words, its id, its last image."""

    status: str
    reason: str
    count: int
    example: str
    sample: str
    image: str | None


@dataclass
class Figures:
    """Folds stories into figures. `rounds` is the policy's number of reflection rounds."""

    rounds: int
    before: Counter[str] = field(default_factory=Counter)
    never_tried: int = 0
    kept_rl: int = 0
    categories: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lost: dict[tuple[str, str], Cause] = field(default_factory=dict)

    def __post_init__(self) -> None:
        between = [Rung(f"reflection {k}", f"Reflection {k}") for k in range(1, self.rounds + 1)]
        self.rungs = [
            Rung("direct", "Direct try"),
            *between,
            Rung("diagnosis", "Diagnosis"),
            Rung("multistep", "Multi-step"),
        ]

    def add(self, story: Story) -> None:
        """Count one more sample."""
        self.kept_rl += story.status == "kept" and fate(story) == "rl"
        self.categories[story.word("category") or "(none)"][fate(story)] += 1
        self._climb(story)
        if story.status in ("discarded", "failed"):
            key = story.status, story.word("reason") or "unknown"
            if key not in self.lost:
                self.lost[key] = Cause(*key, 0, story.word("detail"), story.id, story.last_image)
            self.lost[key].count += 1

    def causes(self) -> list[Cause]:
        """Why samples were lost, the most frequent first."""
        return sorted(self.lost.values(), key=lambda c: (-c.count, c.status, c.reason))

    def by_category(self) -> pd.DataFrame:
        """One row a category, the largest first: samples by fate, and `yielded`, the accepted of those meant for SFT."""
        rows = [
            {"category": name, "all": n.total(), "yielded": _yielded(n)} | {fate: n[fate] for fate in FATES}
            for name, n in sorted(self.categories.items(), key=lambda c: (-c[1].total(), c[0]))
        ]
        return pd.DataFrame(rows, columns=["category", "all", "yielded", *FATES]).set_index("category")

    def _climb(self, story: Story) -> None:
        reached = self._reached(story)
        if reached is None:
            if story.status == "failed":
                self.before[story.word("reason") or "unknown"] += 1
            else:
                self.never_tried += 1
            return
        for rung in self.rungs[: reached + 1]:
            rung.entered += 1
        at = self.rungs[reached]
        if story.status in ("discarded", "failed"):
            at.left[story.word("reason") or "unknown"] += 1
        elif story.mode is None or story.word("climb") == "direct":
            at.aside += 1
        else:
            at.passed += 1

    def _reached(self, story: Story) -> int | None:
        """The place of the highest rung the sample entered, None when it never met a model."""
        kinds = [m.kind for m in story.moments]
        stopped = story.word("reason") in _STOPPED
        diagnosis, multistep = len(self.rungs) - 2, len(self.rungs) - 1
        if "decomposition" in kinds:
            return multistep
        if "diagnosis" in kinds:
            return multistep if stopped else diagnosis
        if not kinds and not stopped:
            return None
        chain = min(kinds.count("reflection"), self.rounds)
        judged = bool(kinds) and kinds[-1] == "evaluation"
        return chain + 1 if stopped and judged else chain


def fate(story: Story) -> str:
    """One of `FATES`: the mode of what was accepted for SFT, `rl`, or how it was lost."""
    if story.status in ("discarded", "failed"):
        return story.status
    return "rl" if story.mode is None or story.word("split") == "rl" else story.mode


def _yielded(n: Counter[str]) -> Share:
    return Share(sum(n[mode] for mode in MODES), n.total() - n["rl"])
