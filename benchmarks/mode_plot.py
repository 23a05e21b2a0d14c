"""The figures of `benchmarks.modes` as a table and a picture.

In: what was measured. Out: lines of Markdown; an SVG. Intervals are 95 % by Student's t over seeds.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

WAYS = {"before": "SFT that wastes steps", "without_penalty": "GRPO, no penalty", "with_penalty": "GRPO, penalty"}
_SHORT = ("start", "no penalty", "penalty")
_COLOURS = ("#777777", "#1f77b4", "#d95f02")
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
    """Images per answer to held-out prompts and the outcome, before and after GRPO: a dot a seed, and a bar at their mean."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.2), layout="constrained")
    titles = {"images_easy": "images, easy prompts", "images_hard": "images, hard prompts", "outcome": "outcome"}
    for axes, (measure, title) in zip(figure.subplots(1, len(titles)), titles.items(), strict=True):
        for place, (name, colour) in enumerate(zip(WAYS, _COLOURS, strict=True)):
            values = [one[name][measure] for one in seeds]
            axes.bar(place, np.mean(values), color=colour, alpha=0.35, width=0.6)
            axes.scatter([place + (n - 1) * 0.12 for n in range(len(values))], values, color=colour, zorder=2)
        axes.set_xticks(range(len(WAYS)), _SHORT)
        axes.set(title=title, ylim=(0, 1 if measure == "outcome" else 3.3))
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
