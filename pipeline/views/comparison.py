"""Two builds side by side: what differs in what went in, and in what came out. Their ladders may differ, too.

In: two readings. Out: a `Comparison`, plain tables that the terminal and the page show alike.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline.output.funnel import StationCount
from pipeline.output.run_json import RunSummary
from pipeline.output.share import Share
from pipeline.output.truth_figures import TruthFigures
from pipeline.views.looks import ALL, ModeLooks, mode_looks
from pipeline.views.story import stories
from pipeline.views.tables.effort import EffortPoint
from pipeline.views.tables.reading import Reading
from pipeline.views.tables.scores import ACCEPTED, STEPS
from stages.records import AXES

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
    """`counts`, `images`, `modes`, `scores`: one row a thing, columns a and b. `yielded`: the accepted, of all that climbed.
    `at_equal`: images per sample, those of the build that took fewer, and the shares that A and B accept with so many. `effort`:
    by the title of a station, what was reached up to it in A and in B. `moved`: outcomes of the `shared` samples in A (rows) and
    B.
    """

    a: Reading
    b: Reading
    looks: ModeLooks
    counts: pd.DataFrame
    yielded: Versus
    images: pd.DataFrame
    at_equal: tuple[float, float, float] | None
    effort: list[tuple[str, EffortPoint | None, EffortPoint | None]]
    modes: pd.DataFrame
    stations: list[Versus]
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
    looks = mode_looks(a.recipe, b.recipe)
    moved = _moved(a, b)
    return Comparison(
        a=a,
        b=b,
        looks=looks,
        counts=pd.DataFrame({"a": a.run.counts, "b": b.run.counts}).loc[list(COUNTS)],
        yielded=Versus("accepted, of all that climbed", a.effort.yielded, b.effort.yielded),
        images=_images(a, b),
        at_equal=_at_equal(a, b),
        effort=list(_effort(a, b)),
        modes=_modes(a, b, looks),
        stations=list(_stations(a, b)),
        scores=_scores(a, b),
        truth=list(_truth(a.truth, b.truth)),
        inputs=list(_inputs(a.run, b.run)),
        moved=moved,
        shared=int(moved.to_numpy().sum()),
    )


def _images(a: Reading, b: Reading) -> pd.DataFrame:
    """Images per sample that climbed, and per accepted sample without and with those of the lost ones."""
    rows: dict[str, dict[str, float | None]] = {
        "images per sample that climbed": {},
        "images per accepted sample": {},
        "with the losses": {},
    }
    for side, reading in (("a", a), ("b", b)):
        calls = reading.calls.by_mode()
        values = reading.effort.images_each, calls["images"].loc[ALL], calls["images_charged"].loc[ALL]
        for row, value in zip(rows.values(), values, strict=True):
            row[side] = value
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def _at_equal(a: Reading, b: Reading) -> tuple[float, float, float] | None:
    """Images per sample that both builds took at least, and what each of them accepts with these."""
    taken = a.effort.images_each, b.effort.images_each
    if taken[0] is None or taken[1] is None:
        return None
    images = min(taken[0], taken[1])
    return images, a.effort.reached(images) or 0.0, b.effort.reached(images) or 0.0


def _effort(a: Reading, b: Reading) -> Iterator[tuple[str, EffortPoint | None, EffortPoint | None]]:
    mine, theirs = ({point.station: point for point in reading.effort.points()} for reading in (a, b))
    for key, point in {**mine, **theirs}.items():
        yield point.title, mine.get(key), theirs.get(key)


def _modes(a: Reading, b: Reading, looks: ModeLooks) -> pd.DataFrame:
    """Per mode and for all: kept, calls per accepted sample, and the same with the losses, of both; NaN where there is no such
    mode."""
    sides = (("a", a.run, a.calls.by_mode()), ("b", b.run, b.calls.by_mode()))
    rows = []
    for mode in (*looks.modes, ALL):
        row: dict[str, object] = {"mode": mode}
        for side, run, calls in sides:
            has_mode = mode in calls.index
            accepted = bool(has_mode and calls.loc[mode, "accepted"])
            kept = sum(run.kept_by_mode.values()) if mode == ALL else run.kept_by_mode.get(mode, 0)
            row[f"kept_{side}"] = kept if has_mode else float("nan")
            row[f"own_{side}"] = calls.loc[mode, "own"] if accepted else float("nan")
            row[f"charged_{side}"] = calls.loc[mode, "charged"] if accepted else float("nan")
        rows.append(row)
    return pd.DataFrame(rows).set_index("mode")


def _stations(a: Reading, b: Reading) -> Iterator[Versus]:
    """The stations at which samples are accepted, as far as either ladder has them."""
    counts: list[dict[str, StationCount]] = [
        {c.station.key: c for c in reading.figures.funnel.stations} for reading in (a, b)
    ]
    keys = dict.fromkeys(y.count.station.key for reading in (a, b) for y in reading.figures.yields())
    for key in (key for key in {**counts[0], **counts[1]} if key in keys):
        title = next(side[key].station.title for side in counts if key in side)
        yield Versus(title, *(side[key].rate if key in side else Share(0, 0) for side in counts))


def _scores(a: Reading, b: Reading) -> pd.DataFrame:
    titles = a.scores.titles | b.scores.titles
    merged = dict.fromkeys([*a.scores.moments, *b.scores.moments])
    moments = sorted(merged, key=lambda moment: (STEPS, ACCEPTED).index(moment) if moment in (STEPS, ACCEPTED) else -1)
    rows = [
        {"axis": axis, "moment": titles[moment], "a": a.scores.mean(axis, moment), "b": b.scores.mean(axis, moment)}
        for axis in AXES
        for moment in moments
    ]
    table = pd.DataFrame(rows, columns=["axis", "moment", "a", "b"]).dropna(how="all", subset=["a", "b"])
    return table.set_index(["axis", "moment"]).astype(float)


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
        for key in {**mine, **theirs}:  # a mode of one ladder alone counts nothing in the other build
            yield Versus(f"{title}, {key}", mine.get(key, Share(0, 0)), theirs.get(key, Share(0, 0)))
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


def _moved(a: Reading, b: Reading) -> pd.DataFrame:
    """Counts of the samples that both have, by what became of them in A and in B."""
    both = pd.concat([_outcomes(a).rename("a"), _outcomes(b).rename("b")], axis=1, join="inner")
    return pd.crosstab(both["a"], both["b"])


def _outcomes(reading: Reading) -> "pd.Series[str]":
    return pd.Series({story.id: story.outcome for story in stories(reading.out, reading.recipe)}, dtype=str)
