"""Compare policies of judging on the same samples of the world: how true the data are, and how many calls that takes.

In: options (below). Out: a Markdown table for RESULTS.md on standard output, and a plot of truth against cost in
benchmarks/plots/. Every policy is the demo's manifest with other values of `policy.judging`. Run by `make truth-policies`.
"""

import argparse
import math
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from benchmarks.climbing import ClimbResult, bench, world_of
from pipeline.output.share import Share

SECOND = "models.second_analyzer={backend: world, model: world-analyzer-harsh, options: {invents: 0, severe: 0}}"
"""A judge as able as the first one, whose errors are on other images."""
OFF = ("policy.judging={judgements: 1, confirm: both, stop_early: true, second: off}", "models.second_analyzer=null")
POLICIES: Mapping[str, tuple[str, ...]] = {
    "one judgement": OFF,
    "3, all asked": (*OFF, "policy.judging={judgements: 3, stop_early: false}"),
    "3, early stop": (*OFF, "policy.judging={judgements: 3}"),
    "5, early stop": (*OFF, "policy.judging={judgements: 5}"),
    "3, confirm a fail": (*OFF, "policy.judging={judgements: 3, confirm: fail}"),
    "3, confirm a pass": (*OFF, "policy.judging={judgements: 3, confirm: pass}"),
    "1, second judge on the margin": (*OFF, "policy.judging={second: margin}", SECOND),
    "3, second judge on the margin": (*OFF, "policy.judging={judgements: 3, second: margin}", SECOND),
}
HEAD = (
    "policy",
    "accepted, truly right",
    "false pass",
    "false fail",
    "needless thinking",
    "critiques that name a defect",
    "direct / reflection / multi-step / lost",
    "images",
    "texts",
)
PLOT = Path("benchmarks/plots/judging.svg")


def main() -> None:
    """Measure all policies, print the table, draw the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=400)
    parser.add_argument("--seed", type=int, help="of samples and calls (default: the demo's)")
    parser.add_argument("--only", nargs="*", choices=list(POLICIES), default=list(POLICIES), metavar="POLICY")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores, {options.samples} samples\n")
    print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}")
    runs = {}
    began = time.monotonic()
    with bench() as workbench:
        manifest, spec = world_of(options.samples)
        seed = manifest.seed if options.seed is None else options.seed
        samples = workbench.make_samples(spec, seed)
        for name in options.only:
            policy, _ = world_of(options.samples, *POLICIES[name], f"seed={seed}")
            runs[name] = workbench.climb(policy, samples)
            print(f"| {' | '.join(line(name, runs[name]))} |", flush=True)
    print(f"\n{time.monotonic() - began:.0f} s")
    if len(runs) == len(POLICIES):
        draw(runs, PLOT)
        print(f"plot: {PLOT}")


def line(name: str, run: ClimbResult) -> Sequence[str]:
    """One row of the table."""
    f, ends = run.figures, run.ends
    shares = (f.accepted, f.false_pass["verdict"], f.false_fail["verdict"], f.needless["all"], f.critiques)
    yields = " / ".join(str(n) for n in (*(ends[mode] for mode in run.modes), len(run.rows) - run.accepted))
    costs = (f"{run.per_accepted(medium):.2f}" for medium in ("image", "text"))
    return name, *(_format_share(share) for share in shares), yields, *costs


def _format_share(share: Share) -> str:
    if share.rate is None or share.low is None or share.high is None:
        return "–"
    return f"{100 * share.rate:.1f} % ({100 * share.low:.1f}-{100 * share.high:.1f}, n {share.of})"


def draw(runs: Mapping[str, ClimbResult], path: Path) -> None:
    """The plot: two shares against all calls per accepted sample. Raises OSError when it cannot be written."""
    path.parent.mkdir(exist_ok=True)
    plt.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "judging", "font.size": 9}
    figure, panels = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    _panel(panels[0], runs, {name: run.figures.accepted for name, run in runs.items()})
    _panel(panels[1], runs, {name: run.figures.needless["all"] for name, run in runs.items()})
    panels[0].set_title("Accepted samples that are truly right (aim: 97 %)")
    panels[1].set_title("Needless thinking: an earlier image was right (aim: 5 %)")
    panels[0].axhline(97, linestyle=":", color="grey")
    panels[1].axhline(5, linestyle=":", color="grey")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _panel(panel: Axes, runs: Mapping[str, ClimbResult], shares: Mapping[str, Share]) -> None:
    for number, (name, run) in enumerate(runs.items()):
        share, cost = shares[name], run.per_accepted("image") + run.per_accepted("text")
        if share.rate is None or share.low is None or share.high is None or math.isnan(cost):
            continue
        bars = [[100 * (share.rate - share.low)], [100 * (share.high - share.rate)]]
        marker = "osD^vPX"[number % 7]
        panel.errorbar([cost], [100 * share.rate], yerr=bars, fmt=marker, capsize=3, label=name, color=f"C{number}")
    panel.set_xlabel("calls per accepted sample, losses charged")
    panel.set_ylabel("% with 95 % interval")


if __name__ == "__main__":
    main()
