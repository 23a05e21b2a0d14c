"""The losses of a run as a picture.

In: the lines of its log. Out: `losses.png`: the loss of each kind of segment over the steps.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def plot_losses(lines: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draws the losses of these lines into `path`, a PNG."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    for kind in sorted({kind for line in lines for kind in line["loss_by_kind"]}):
        shown = [(line["step"], line["loss_by_kind"][kind]) for line in lines if kind in line["loss_by_kind"]]
        axes.plot(*zip(*shown, strict=True), label=kind, linewidth=1)
    axes.plot([line["step"] for line in lines], [line["loss"] for line in lines], "k", label="all", linewidth=1.6)
    axes.set(xlabel="step", ylabel="loss in nats a token", ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(path, dpi=120)
