"""The figures of `benchmarks.modes` as a table and a picture.

In: what was measured. Out: lines of Markdown; an SVG. Intervals are 95 % by Student's t over seeds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

WAYS = {"before": "SFT that wastes steps", "without_penalty": "GRPO, no penalty", "with_penalty": "GRPO, penalty"}
MEASURES = ("images", "images_easy", "images_hard", "outcome", "formed")


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The mean, and half the width of its 95 % interval; 0 where there are no two values."""
    if len(values) < 2:
        return float(np.mean(values)), 0.0
    half = stats.t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / len(values) ** 0.5
    return float(np.mean(values)), float(half)


def spelled(values: Sequence[float]) -> str:
    """A mean and its interval, as a cell."""
    mean, half = interval(values)
    return f"{mean:.2f} ± {half:.2f}" if len(values) > 1 else f"{mean:.2f}"


def summarise(every: Mapping[str, Any], path: Path) -> str:
    """The table of all figures; the picture goes to `path`."""
    seeds: Sequence[Mapping[str, Any]] = every["seeds"]
    table = ["| | images | easy prompts | hard prompts | outcome | well formed |", "|---|---|---|---|---|---|"]
    for name, words in WAYS.items():
        cells = (spelled([one[name][measure] for one in seeds]) for measure in MEASURES)
        table.append(f"| {words} | {' | '.join(cells)} |")
    for name, words in (("sft", "sampled"), ("sft_likeliest", "the likeliest answer")):
        table.append(f"mode suits the prompt, {words}: {every[name]['suited']:.3f}")
    if seeds:
        for name in ("with_penalty", "without_penalty"):
            for measure in ("images", "outcome"):
                apart = [one[name][measure] - one["before"][measure] for one in seeds]
                table.append(f"{WAYS[name]}: {measure} against the start: {spelled(apart)}")
        plot(seeds, path)
    return "\n".join(table)


def plot(seeds: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Images per answer over the steps of GRPO, with and without the penalty."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    for name in ("without_penalty", "with_penalty"):
        lines = np.array([one[f"{name}_steps"] for one in seeds])
        mean, half = np.array([interval(column) for column in lines.T]).T
        steps = np.arange(1, len(mean) + 1)
        axes.plot(steps, mean, label=WAYS[name])
        axes.fill_between(steps, mean - half, mean + half, alpha=0.2)
    axes.set(xlabel="step of GRPO", ylabel="images per answer", title=f"mean of {len(seeds)} seeds, 95 % interval")
    axes.legend(frameon=False)
    figure.savefig(path)
