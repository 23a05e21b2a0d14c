"""`x2i truth`: how true a data set is, in the terminal or as JSON, and what it cost in calls.

In: the folder of a finished build whose source knows the truth. Out: rich tables, 80 columns wide, or one JSON object.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.output import run_json
from pipeline.output.share import Share
from pipeline.output.truth_figures import ALL, TruthFigures, truth_figures
from pipeline.output.truth_rows import NAME, known
from pipeline.storage.image_store import ImageStore
from pipeline.views.looks import ModeLooks, mode_looks
from pipeline.views.story import stories
from pipeline.views.tables.calls import Calls

_ROWS = {
    "accepted": "Accepted, and truly right",
    "needless": "Needless thinking: an earlier image was already right",
    "critiques": "Trained critiques that name a real defect",
    "false_pass": "False pass: of what is wrong, how much passed",
    "false_fail": "False fail: of what is right, how much failed",
}


@dataclass(frozen=True)
class Measured:
    """The figures of one output, its calls per accepted sample (`tables.calls.Calls.by_mode`), and how its modes look."""

    figures: TruthFigures
    calls: pd.DataFrame
    looks: ModeLooks

    def shares(self) -> Iterator[tuple[str, str, Share]]:
        """Every share with its group (a key of the JSON) and its name within the group."""
        f = self.figures
        grouped: Mapping[str, Mapping[str, Share]] = {
            "accepted": {ALL: f.accepted, **f.accepted_by_mode},
            "needless": {m: f.needless[m] for m in sorted(f.needless, key=lambda m: m != ALL)},
            "critiques": {ALL: f.critiques},
            "false_pass": f.false_pass,
            "false_fail": f.false_fail,
        }
        for group, shares in grouped.items():
            yield from ((group, name, share) for name, share in shares.items())


def measure(out: Path) -> Measured:
    """All figures of the build in `out`.

    Raises LookupError where no truth is known or the images are gone, FileNotFoundError when there is no finished build,
    OSError or ValueError when a file cannot be read, BuildError when a rung of its ladder cannot be imported here.
    """
    run = run_json.read(out)
    recipe = run_json.recipe_of(run)
    if not known(out):
        raise LookupError(f"{out}: no truth is known of this output; only the samples of the world have one ({NAME})")
    root = run_json.store_root(run, out)
    gone = LookupError(
        f"{out}: its images are gone, and only these can be held against the truth; it takes the store {root or ''}"
    )
    if root is None:
        raise gone
    try:
        figures = truth_figures(out, ImageStore(root))
    except FileNotFoundError:
        raise gone from None
    assert figures is not None
    calls = Calls(recipe.modes)
    for story in stories(out, recipe):
        calls.add(story)
    return Measured(figures, calls.by_mode(), mode_looks(recipe))


def as_json(measured: Measured) -> str:
    """The figures as JSON: rates lie in 0..1, null where there was nothing to count."""
    figures: dict[str, Any] = {}
    for group, name, share in measured.shares():
        body = {"rate": share.rate, "low": share.low, "high": share.high, "hits": share.hits, "of": share.of}
        figures.setdefault(group, {})[name] = body
    figures["calls_per_accepted"] = {
        str(mode): {str(k): None if math.isnan(v) else v for k, v in row.items()}
        for mode, row in measured.calls.iterrows()
    }
    f = measured.figures
    return json.dumps(figures | {"wrong": f.wrong, "needless_ids": f.needless_ids, "notes": f.notes}, indent=2)


def print_truth(measured: Measured, console: Console) -> None:
    """Print every share with its interval, then the cost."""
    groups: dict[str, list[tuple[str, Share]]] = {}
    for group, name, share in measured.shares():
        groups.setdefault(group, []).append((name, share))
    for group, shares in groups.items():
        console.print(Text(_ROWS[group], "bold"))
        console.print(_shares(shares, measured.looks))
        console.print()
    _named("Accepted, but not right", measured.figures.wrong, console)
    _named("Thought needlessly", measured.figures.needless_ids, console)
    console.print(Text("Cost: calls per accepted sample", "bold"))
    console.print(_cost(measured.calls, measured.looks))
    for note in (*measured.figures.notes, "intervals: 95 %, Wilson"):
        console.print(Text(note, "dim"))


def _named(title: str, ids: Sequence[str], console: Console) -> None:
    """The first samples of a kind, as x2i show takes them."""
    if ids:
        console.print(Text(f"{title} (x2i show DIR ID)", "bold"))
        console.print(Text("  ".join(i[:16] for i in ids)))
        console.print()


def _shares(shares: list[tuple[str, Share]], looks: ModeLooks) -> Table:
    table = _table(share=7, **{"95 % interval": 18, "of": 18})
    for name, share in shares:
        title = "All" if name == ALL else looks.titles[name] if name in looks.modes else name
        if share.rate is None or share.low is None or share.high is None:
            table.add_row(title, "–", "", "nothing to count")
            continue
        rate, low, high = (f"{100 * v:.1f} %" for v in (share.rate, share.low, share.high))
        table.add_row(title, rate, f"{low} to {high}", f"{share.hits:,} of {share.of:,}")
    return table


def _cost(calls: pd.DataFrame, looks: ModeLooks) -> Table:
    table = _table(accepted=8, images=7, texts=7, calls=7, **{"with the losses": 15})
    for mode, row in calls.iterrows():
        if row["accepted"]:
            per_sample = (f"{row[k]:.2f}" for k in ("images", "texts", "own", "charged"))
            table.add_row(looks.titles[str(mode)], f"{row['accepted']:,.0f}", *per_sample)
    return table


def _table(**figures: int) -> Table:
    """A table with these columns of figures, each so wide at least."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    table.add_column("", min_width=13)
    for name, width in figures.items():
        table.add_column(name, justify="right", min_width=width)
    return table
