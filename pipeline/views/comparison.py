"""Two builds side by side: what differs in what went in, and in what came out.

In: two readings. Out: a `Comparison`, plain tables that the terminal and the page show alike.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline.output.run_json import RunSummary
from pipeline.output.share import Share
from pipeline.output.truth_figures import TruthFigures
from pipeline.views.figures import fate
from pipeline.views.stories import Story, record
from pipeline.views.tables.reading import Reading
from pipeline.views.tables.scores import ACCEPTED, FIRST
from stages.records import AXES, MODES

COUNTS = ("planned", "kept", "surplus", "discarded", "failed")
_NOT_COMPARED = ("run.", "name")
_NONE = "none"


@dataclass(frozen=True)
class Versus:
    """The same share in both builds; `None` where one of them lacks it."""

    name: str
    a: Share
    b: Share

    @property
    def change(self) -> tuple[float, float, float] | None:
        """b - a in percentage points with its 95 % bounds, None without cases.

        R. G. Newcombe, "Interval estimation for the difference between independent proportions" (1998), method 10.
        """
        if self.a.rate is None or self.b.rate is None:
            return None
        (a, a_low, a_high), (b, b_low, b_high) = (
            (s.rate or 0.0, s.low or 0.0, s.high or 0.0) for s in (self.a, self.b)
        )
        down = math.hypot(b - b_low, a_high - a)
        up = math.hypot(b_high - b, a - a_low)
        return 100 * (b - a), 100 * (b - a - down), 100 * (b - a + up)


@dataclass(frozen=True)
class Comparison:
    """`counts`, `modes`, `scores`: one row a thing, columns a and b. `moved`: fates of the `shared` ones in A (rows) and B."""

    a: Reading
    b: Reading
    counts: pd.DataFrame
    modes: pd.DataFrame
    rungs: list[Versus]
    scores: pd.DataFrame
    truth: list[Versus]
    inputs: list[tuple[str, str, str]]
    moved: pd.DataFrame
    shared: int

    @property
    def changed(self) -> list[tuple[str, str, int]]:
        """(what it was in A, what it became in B, how many samples), the most frequent first."""
        cells = [
            (str(x), str(y), int(self.moved.loc[x, y])) for x in self.moved.index for y in self.moved.columns if x != y
        ]
        return sorted((c for c in cells if c[2]), key=lambda c: (-c[2], c[:2]))


def side_by_side(a: Reading, b: Reading) -> Comparison:
    """Compare two readings. Raises ValueError when a record is damaged."""
    moved = _moved(a.out, b.out)
    return Comparison(
        a,
        b,
        pd.DataFrame({"a": a.run.counts, "b": b.run.counts}).loc[list(COUNTS)],
        _modes(a, b),
        list(_rungs(a, b)),
        _scores(a, b),
        list(_truth(a.truth, b.truth)),
        list(_inputs(a.run, b.run)),
        moved,
        int(moved.to_numpy().sum()),
    )


def _modes(a: Reading, b: Reading) -> pd.DataFrame:
    """Per mode and for all: kept, calls per accepted sample, and the same with the losses, of both."""
    tables = a.calls.by_mode(), b.calls.by_mode()
    rows = []
    for mode in (*MODES, "all"):
        row: dict[str, object] = {"mode": mode}
        for side, run, table in (("a", a.run, tables[0]), ("b", b.run, tables[1])):
            kept = run.kept_by_mode
            row[f"kept_{side}"] = sum(kept.values()) if mode == "all" else kept.get(mode, 0)
            row[f"own_{side}"] = table.loc[mode, "own"]
            row[f"charged_{side}"] = table.loc[mode, "charged"] if table.loc[mode, "accepted"] else float("nan")
        rows.append(row)
    return pd.DataFrame(rows).set_index("mode")


def _rungs(a: Reading, b: Reading) -> Iterator[Versus]:
    """The rungs on which a sample can pass, as far as either has them."""
    there = ({r.key: r for r in reading.figures.rungs} for reading in (a, b))
    mine, theirs = there
    for key, rung in {**mine, **theirs}.items():
        if key != "diagnosis":
            rates = (side[key].rate if key in side else Share(0, 0) for side in (mine, theirs))
            yield Versus(rung.title, *rates)


def _scores(a: Reading, b: Reading) -> pd.DataFrame:
    rows = [
        {"axis": axis, "moment": moment, "a": a.scores.mean(axis, moment), "b": b.scores.mean(axis, moment)}
        for axis in AXES
        for moment in dict.fromkeys([FIRST, *a.scores.moments[1:], *b.scores.moments[1:], ACCEPTED])
    ]
    return pd.DataFrame(rows).dropna(how="all", subset=["a", "b"]).set_index(["axis", "moment"]).astype(float)


def _truth(a: TruthFigures | None, b: TruthFigures | None) -> Iterator[Versus]:
    if a is None or b is None:
        return
    yield Versus("accepted truly right", a.accepted, b.accepted)
    for title, mine, theirs in (
        ("accepted truly right", a.accepted_by_mode, b.accepted_by_mode),
        ("needless thinking", a.needless, b.needless),
        ("false pass", a.false_pass, b.false_pass),
        ("false fail", a.false_fail, b.false_fail),
    ):
        yield from (Versus(f"{title}, {key}", mine[key], theirs[key]) for key in mine if key in theirs)
    yield Versus("critiques that name a real defect", a.critiques, b.critiques)


def _inputs(a: RunSummary, b: RunSummary) -> Iterator[tuple[str, str, str]]:
    """(key, value in A, value in B) of all that differs: manifest, prompts, models, versions."""
    mine, theirs = (
        dict(_flat({"manifest": r.manifest, "prompts": r.prompts, "models": r.models, "versions": r.versions}))
        for r in (a, b)
    )
    for key in {**mine, **theirs}:
        values = mine.get(key, _NONE), theirs.get(key, _NONE)  # a key of a newer version is one that is not set
        if values[0] != values[1] and not key.removeprefix("manifest.").startswith(_NOT_COMPARED):
            yield key.removeprefix("manifest."), *values


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every leaf of nested mappings and lists of mappings, by its dotted path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(v, Mapping) for v in value):
        for n, inner in enumerate(value):
            yield from _flat(inner, f"{path}[{n}]")
    else:
        yield path, _NONE if value is None else str(value)


def _moved(a: Path, b: Path) -> pd.DataFrame:
    """Counts of the samples that both have, by what became of them in A and in B."""
    both = pd.concat([_fates(a).rename("a"), _fates(b).rename("b")], axis=1, join="inner")
    return pd.crosstab(both["a"], both["b"])


def _fates(out: Path) -> "pd.Series[str]":
    rows = record(out).to_table(columns=["id", "status", "mode", "split"]).to_pylist()
    return pd.Series({str(row["id"]): fate(Story(row)) for row in rows}, dtype=str)
