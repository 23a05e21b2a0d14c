"""Which way of answering wins under given rewards, by how hard a prompt is: said from the record of a build, before any training.

In: trajectories of a build, unpruned, and their ladder. Out: for each sample the answers that its rungs amount to, and what a group
of them would be rewarded. A rung that a sample never came to, because an earlier one solved it, is *assumed*: it ends with the
outcome of the one that solved it, and takes what that rung typically took in this build.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stages.answers import mode_of
from stages.records import Mode
from stages.rung import Recipe, Rung
from stages.trajectory import Trajectory
from training.rewards.rollout import Rollout, rollout_of
from training.rewards.score import GroupScores, score_groups
from training.rewards.settings import RewardSettings

UNSOLVED = "unsolved"
"""The difficulty of prompts that no rung solved."""


@dataclass(frozen=True, slots=True)
class Ways:
    """One prompt: the mode that solved it, or `UNSOLVED`; the answer of each mode; which of these are assumed."""

    difficulty: str
    answers: Mapping[Mode, Rollout]
    assumed: frozenset[Mode] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """How one mode does on the prompts of one difficulty, as means: images, terms, total, reward, advantage.

    `prompts`: how many have such an answer, `assumed` of them by assumption. `wins`: on how many it has the highest reward;
    of equal ones that with fewer images wins.
    """

    difficulty: str
    mode: Mode
    prompts: int
    assumed: int
    images: float
    outcome: float
    total: float
    reward: float
    advantage: float
    wins: int


@dataclass(frozen=True, slots=True)
class Simulated:
    """The standings by difficulty and mode; on how many prompts a better answer that competes falls below one that does not."""

    standings: tuple[Standing, ...]
    prompts: Mapping[str, int]
    inversions: int


def ways_of(trajectories: Iterable[Trajectory], recipe: Recipe) -> list[Ways]:
    """The prompts of a build with the answers that their rungs amount to. Those that never got an image are left out."""
    seen = [(t, _answers(t, recipe)) for t in trajectories]
    answered = [(t, answers) for t, answers in seen if answers]
    typical = _typical([answers for _, answers in answered], recipe)
    ways = []
    for t, answers in answered:
        solved = next((mode for mode in recipe.modes if mode in answers and answers[mode].passed), None)
        # an RL prompt that was to take one rung alone says nothing of the others where that one failed
        if solved is None and t.status == "accepted":
            continue
        ways.append(_completed(solved, answers, typical, recipe))
    return ways


def _answers(t: Trajectory, recipe: Recipe) -> dict[Mode, Rollout]:
    """By mode the answer that a sample's last try on that rung amounts to, as somebody would give it who is content with it."""
    answers = {}
    for rung in recipe.rungs:
        kept = _as_far_as(t, rung)
        if kept is None:
            continue
        rollout = rollout_of(kept)
        claimed = replace(rollout, letters=rollout.letters[:-1] + "+") if rollout.letters.endswith("-") else rollout
        if claimed.outcome is not None and mode_of(recipe, claimed.letters)[0] is not None:
            answers[rung.mode] = claimed
    return answers


def _as_far_as(t: Trajectory, rung: Rung) -> Trajectory | None:
    """The sample as it was when it left `rung`, pruned as if the rung had accepted it; None where the rung drew nothing."""
    last = max((n for n, e in enumerate(t.events) if e.rung == rung.name), default=None)
    if last is None:
        return None
    events = t.events[: last + 1]
    made = [e.try_number for e in events if e.kind == "generation" and e.rung == rung.name]
    if not made:
        return None
    left = replace(t, events=tuple(replace(e, pruned=False) for e in events), candidate=made[-1])
    keeps = rung.keeps(left)
    return replace(left, events=tuple(e for n, e in enumerate(left.events) if n in keeps and e.kind != "score"))


def _typical(prompts: Sequence[Mapping[Mode, Rollout]], recipe: Recipe) -> dict[Mode, Rollout]:
    """By mode the answer with the median number of images of those that pass."""
    typical = {}
    for mode in recipe.modes:
        passing = sorted(
            (answers[mode] for answers in prompts if mode in answers and answers[mode].passed), key=lambda r: r.images
        )
        if passing:
            typical[mode] = passing[len(passing) // 2]
    return typical


def _completed(
    solved: Mode | None, answers: Mapping[Mode, Rollout], typical: Mapping[Mode, Rollout], recipe: Recipe
) -> Ways:
    if solved is None:
        return Ways(UNSOLVED, answers)
    later = recipe.modes[recipe.modes.index(solved) + 1 :]
    assumed = {
        mode: replace(typical[mode], outcome=answers[solved].outcome)
        for mode in later
        if mode in typical and mode not in answers
    }
    return Ways(solved, {**answers, **assumed}, frozenset(assumed))


def simulate(ways: Sequence[Ways], settings: RewardSettings, recipe: Recipe) -> Simulated:
    """The standings, each prompt being a group of its answers."""
    modes = [[mode for mode in recipe.modes if mode in way.answers] for way in ways]
    groups = [[way.answers[mode] for mode in names] for way, names in zip(ways, modes, strict=True)]
    scored = score_groups(groups, settings, recipe) if groups else ()
    cells: dict[tuple[str, Mode], list[tuple[GroupScores, int, bool, bool]]] = {}
    for way, names, scores in zip(ways, modes, scored, strict=True):
        best = int(np.lexsort((scores.images, -scores.rewards))[0])
        for n, mode in enumerate(names):
            cells.setdefault((way.difficulty, mode), []).append((scores, n, mode in way.assumed, n == best))
    order = (*recipe.modes, UNSOLVED)
    standings = [
        _standing(difficulty, mode, cells[difficulty, mode])
        for difficulty in order
        for mode in recipe.modes
        if (difficulty, mode) in cells
    ]
    prompts = {name: count for name in order if (count := sum(way.difficulty == name for way in ways))}
    return Simulated(tuple(standings), prompts, sum(bool(scores.inversions()) for scores in scored))


def _standing(difficulty: str, mode: Mode, cell: Sequence[tuple[GroupScores, int, bool, bool]]) -> Standing:
    def mean(name: str) -> float:
        return float(np.mean([getattr(scores, name)[n] for scores, n, _, _ in cell]))

    return Standing(
        difficulty,
        mode,
        len(cell),
        sum(assumed for *_, assumed, _ in cell),
        mean("images"),
        mean("outcome"),
        mean("totals"),
        mean("rewards"),
        mean("advantages"),
        sum(best for *_, best in cell),
    )
