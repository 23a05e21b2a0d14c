"""The figures of a build: what became of every sample, where on the ladder, and with which scores.

In: stories, one at a time (`Figures.add`). Out: counts only, so a run of any size fits in memory.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.views.stories import Moment, Story
from stages.records import AXES, Axis, Evaluation

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
    def onward(self) -> int:
        """How many went on to the next rung."""
        return self.entered - self.passed - self.aside - self.left.total()


@dataclass
class Cause:
    """Why samples were lost: how many, and the words of the first of them."""

    status: str
    reason: str
    count: int
    example: str


@dataclass
class Figures:
    """Folds stories into figures. `rounds` is the policy's number of reflection rounds."""

    rounds: int
    before: Counter[str] = field(default_factory=Counter)
    never_tried: int = 0
    kept_rl: int = 0
    categories: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    scores: dict[tuple[Axis, str], Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
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
        self._score(story)
        if story.status in ("discarded", "failed"):
            key = story.status, story.word("reason") or "unknown"
            self.lost.setdefault(key, Cause(*key, 0, story.word("detail"))).count += 1

    def causes(self) -> list[Cause]:
        """Why samples were lost, the most frequent first."""
        return sorted(self.lost.values(), key=lambda c: (-c.count, c.status, c.reason))

    def mean(self, axis: Axis, moment: str) -> float | None:
        """The mean score on an axis at `first`, `round k` or `accepted`; None where nothing was judged."""
        counted = self.scores.get((axis, moment))
        return sum(s * n for s, n in counted.items()) / counted.total() if counted else None

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

    def _score(self, story: Story) -> None:
        last: Moment | None = None
        chain = True
        for m in story.moments:
            chain = chain and m.kind not in ("diagnosis", "decomposition")
            if m.kind != "evaluation" or m.against == "subtask":
                continue
            last = m
            if chain:
                self._note(m, "first" if m.index == 1 else f"round {m.index - 1}")
        if last is not None and story.mode is not None and story.status in ("kept", "surplus"):
            self._note(last, "accepted")

    def _note(self, moment: Moment, when: str) -> None:
        if isinstance(moment.payload, Evaluation):
            for a in moment.payload.axes:
                self.scores[a.axis, when][a.score] += 1


def fate(story: Story) -> str:
    """One of `FATES`: the mode of what was accepted for SFT, `rl`, or how it was lost."""
    if story.status in ("discarded", "failed"):
        return story.status
    return "rl" if story.mode is None or story.word("split") == "rl" else story.mode


def axes_judged(figures: Figures) -> Iterator[Axis]:
    """The axes that were scored at least once, in their order."""
    return (a for a in AXES if figures.scores.get((a, "first")))
