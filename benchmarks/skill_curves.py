"""Measure the world's dials: the effect of ability, errors and biases. Run by `make skill-curves`.

In: options (below). Out: SVG plots in `benchmarks/plots/`, and tables on standard output. The Generator is measured on scenes; the
judges are measured on pictures, against `pipeline.backends.world.oracle.truth`.
"""

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pipeline.backends.world.models.demand import follow
from pipeline.backends.world.models.desk import Desk, keeps_nothing
from pipeline.backends.world.models.faults import Fault, compare, remedies
from pipeline.backends.world.models.generator import carry_out, mend, on_random_clear_background
from pipeline.backends.world.models.skill import PRESETS, make_skill
from pipeline.backends.world.models.slips import KINDS, botch
from pipeline.backends.world.oracle.truth import Finding, inspect
from pipeline.backends.world.respond import respond
from pipeline.backends.world.scenes.choices import Context
from pipeline.backends.world.scenes.find import Unresolved
from pipeline.backends.world.scenes.perform import perform
from pipeline.backends.world.scenes.scene import Scene
from pipeline.backends.world.source import WorldRow, WorldSpec, row
from stages.policy import Policy
from stages.protocols import Message
from stages.records import AXES

PLOTS = Path(__file__).parent / "plots"
ABILITIES = (0.2, 0.35, 0.5, 0.6, 0.8, 0.95)
CLAUSES = range(1, 7)
JUDGES = tuple(name for name in PRESETS if "analyzer" in name)
VERDICT = "verdict"


@dataclass(frozen=True)
class Task:
    """A row of the world, as scenes."""

    row: WorldRow
    desk: Desk

    @classmethod
    def of(cls, row: WorldRow) -> "Task":
        """The task of a row."""
        return cls(row, Desk(row.truth.pictures, row.truth.start))

    def wrong(self, image: Scene) -> list[Fault]:
        """The faults that a judge without error finds."""
        demand = follow(self.desk, self.row.truth.clauses, {}, image)
        return compare(self.desk.start, demand, image, frozenset(), keeps=not keeps_nothing(self.desk))


def tasks(count: int, clauses: Mapping[int, float], seed: int) -> list[Task]:
    """Tasks for which the Generator has all primitives."""
    spec = WorldSpec(kind="world", name="curves", count=count, exotic=0.0, terms=0.0, clauses=dict(clauses))
    return [Task.of(row(spec, seed, i)) for i in range(count)]


def first_try(task: Task, ability: float, rng: np.random.Generator) -> Scene:
    """The scene of a first try."""
    clauses, pictures = task.row.truth.clauses, task.desk.pictures
    return on_random_clear_background(carry_out(task.desk.start, clauses, pictures, make_skill("", ability), rng), rng)


def first_try_rates(groups: Mapping[int, Sequence[Task]], tries: int) -> dict[float, list[float]]:
    """By ability: the share of first tries that are right, for each number of clauses."""
    rng = np.random.default_rng(1)
    return {
        a: [
            float(np.mean([not t.wrong(first_try(t, a, rng)) for t in group for _ in range(tries)]))
            for group in groups.values()
        ]
        for a in ABILITIES
    }


def mending_rates(groups: Mapping[int, Sequence[Task]], tries: int) -> dict[float, list[float]]:
    """By ability: the share of the baseline's failed tries that one round mends, for each number of clauses."""
    rng = np.random.default_rng(2)
    rates: dict[float, list[float]] = {}
    for ability in ABILITIES:
        rates[ability] = []
        for group in groups.values():
            mended = []
            for task in [t for t in group for _ in range(tries)]:
                image = first_try(task, PRESETS["world-baseline"].ability, rng)
                if faults := task.wrong(image):
                    many = len(task.row.truth.clauses)
                    after = mend(image, remedies(faults), many, task.desk.pictures, make_skill("", ability), rng)
                    mended.append(not task.wrong(on_random_clear_background(after, rng)))
            rates[ability].append(float(np.mean(mended)) if mended else float("nan"))
    return rates


def slip_shares(group: Sequence[Task]) -> dict[str, float]:
    """The share of each kind among the baseline's slips, over the clauses of all tasks."""
    rng, counts = np.random.default_rng(3), Counter[str]()
    for task in group:
        scene, context = task.desk.start, Context(task.desk.pictures, rng=rng)
        for op in task.row.truth.clauses:
            try:
                counts[botch(scene, op, PRESETS["world-baseline"], context, rng)[1]] += 1
                scene = perform(scene, op, context)
            except Unresolved:
                break  # an open choice left no room for this clause
    return {kind: counts[kind] / counts.total() for kind in (*KINDS, "physics")}


def judge_errors(group: Sequence[Task]) -> dict[str, dict[str, tuple[float, float]]]:
    """By judge and axis: the shares of false passes and false fails, on first tries of the baseline."""
    counts_by_judge = {judge: Counter[tuple[str, bool, bool]]() for judge in JUDGES}
    for seed, task in enumerate(group):
        row = task.row
        tags = f"<instruction>{row.instruction}</instruction><references>{len(row.references)}</references>"
        if row.explanation:
            tags += f"<explanation>{row.explanation}</explanation>"
        order = [Message("user", f"{tags}<size>{row.width}x{row.height}</size>")]
        image = respond(order, row.references, seed, schema="image", skill=PRESETS["world-baseline"])
        assert isinstance(image, bytes)
        finding = inspect(image, row.truth)
        axes = [a for a in AXES if row.references or a != "consistency"]
        question = [Message("user", f"{tags}<axes>{', '.join(axes)}</axes>")]
        for judge in JUDGES:
            reply = respond(question, [*row.references, image], seed, schema="evaluation", skill=PRESETS[judge])
            assert isinstance(reply, str)
            counts_by_judge[judge].update(_verdicts({a: v["score"] for a, v in json.loads(reply).items()}, finding))
    return {judge: {key: _errors(counts, key) for key in (VERDICT, *AXES)} for judge, counts in counts_by_judge.items()}


def _verdicts(scores: Mapping[str, int], finding: Finding) -> list[tuple[str, bool, bool]]:
    """Per axis and for the whole: its name, whether it passed, and whether it was right."""
    least = Policy().thresholds.model_dump()
    passed = {axis: score >= least[axis] for axis, score in scores.items()}
    per_axis = [(axis, ok, axis not in finding.wrong) for axis, ok in passed.items()]
    return [(VERDICT, all(passed.values()), finding.right), *per_axis]


def _errors(counts: Counter[tuple[str, bool, bool]], key: str) -> tuple[float, float]:
    wrong, right = (counts[key, True, truly] + counts[key, False, truly] for truly in (False, True))
    return counts[key, True, False] / max(wrong, 1), counts[key, False, True] / max(right, 1)


def _curves(axes: Axes, rates: Mapping[float, Sequence[float]], title: str) -> None:
    for ability, values in rates.items():
        name = next((n.removeprefix("world-") for n, p in PRESETS.items() if p.ability == ability), None)
        axes.plot(CLAUSES, values, marker="o", label=f"{ability:g}" + (f" ({name})" if name else ""))
    axes.set(title=title, xlabel="clauses at once", ylim=(0, 1), xticks=list(CLAUSES))


def _bars(axes: Axes, errors: Mapping[str, Mapping[str, tuple[float, float]]], which: int, title: str) -> None:
    keys = (VERDICT, *AXES)
    for n, (judge, rates) in enumerate(errors.items()):
        places = np.arange(len(keys)) + (n - 1.5) * 0.2
        axes.barh(places, [rates[key][which] for key in keys], 0.2, label=judge.removeprefix("world-"))
    axes.set(title=title, yticks=range(len(keys)), yticklabels=keys, xlabel="share")
    axes.invert_yaxis()


def _save(name: str, figure: Figure, legend: str | None = None) -> None:
    PLOTS.mkdir(exist_ok=True)
    if legend is not None:
        lines = figure.axes[0].get_legend_handles_labels()
        figure.legend(*lines, title=legend, loc="outside lower center", ncols=len(lines[0]), fontsize="small")
    figure.savefig(PLOTS / f"{name}.svg", metadata={"Date": None})
    print(f"wrote {PLOTS / name}.svg")


def main() -> None:
    """Measure, print and plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=60, help="tasks for each number of clauses")
    parser.add_argument("--tries", type=int, default=4, help="tries of each task")
    parser.add_argument("--images", type=int, default=300, help="pictures that are judged")
    options = parser.parse_args()
    mpl.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "skill",
            "figure.figsize": (9, 4.4),
            "figure.constrained_layout.use": True,
        }
    )
    groups = {n: tasks(options.tasks, {n: 1.0}, seed=n) for n in CLAUSES}
    figure, (left, right) = plt.subplots(1, 2)
    for axes, rates, title in (
        (left, first_try_rates(groups, options.tries), "first tries that are right"),
        (right, mending_rates(groups, options.tries), "failed tries that one round mends"),
    ):
        print(title, *(f"{a:g}: " + " ".join(f"{v:.2f}" for v in values) for a, values in rates.items()), sep="\n  ")
        _curves(axes, rates, title)
    _save("ability", figure, "ability")
    shares = slip_shares([task for group in groups.values() for task in group])
    print("kinds of slips", *(f"{kind}: {share:.2f}" for kind, share in shares.items()), sep="\n  ")
    figure, whole = plt.subplots(figsize=(6, 3.2))
    whole.barh(list(shares)[::-1], list(shares.values())[::-1])
    whole.set(title="how the baseline's clauses go wrong", xlabel="share of the slips")
    _save("slips", figure)
    errors = judge_errors(tasks(options.images, dict.fromkeys(CLAUSES, 1.0), seed=7))
    for judge, of in errors.items():
        print(judge, *(f"{key}: false pass {p:.3f}, false fail {f:.3f}" for key, (p, f) in of.items()), sep="\n  ")
    figure, (left, right) = plt.subplots(1, 2)
    _bars(left, errors, 0, "false passes, of what is truly wrong")
    _bars(right, errors, 1, "false fails, of what is truly right")
    _save("judges", figure, "judge")


if __name__ == "__main__":
    main()
