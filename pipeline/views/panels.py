"""The panels of the report: which figures stand together, and the charts among them.

In: a `Reading`. Out: values for the report's template, charts as markup.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from pipeline.output.share import Share
from pipeline.views.charts.bars import Bar, BarPart, bars
from pipeline.views.charts.curves import Curve, curves
from pipeline.views.charts.whiskers import Dot, whiskers
from pipeline.views.figures import Figures
from pipeline.views.page import percent
from pipeline.views.tables.agreement import REPEATED, SECOND, VERDICT
from pipeline.views.tables.reading import Reading
from pipeline.views.tables.rows import rows
from pipeline.views.tables.scores import ACCEPTED, MOVES, STEPS, Scores
from pipeline.views.text import spoken
from stages.records import AXES, MODES

TITLES = {
    "direct": "Direct",
    "reflection": "Reflection",
    "multistep": "Multi-step",
    "rl": "RL prompts",
    "discarded": "Discarded",
    "failed": "Failed",
    "all": "All accepted",
}
_MOVE_TONES = {"better": "on", "same": "lost", "worse": "bad"}


@dataclass(frozen=True)
class Round:
    """How many were accepted after so many reflection rounds: of those that entered it, and in sum of all that climbed."""

    title: str
    rate: Share
    in_sum: Share


@dataclass(frozen=True)
class Agreed:
    """How far one pair of judgements agrees: its table, its chart, and what was paired in words."""

    title: str
    note: str
    table: pd.DataFrame
    chart: Markup | None


def rounds(figures: Figures) -> list[Round]:
    """What the direct try and each round of reflection brought."""
    found, so_far = [], 0
    for n, rung in enumerate(figures.rungs[: figures.rounds + 1]):
        so_far += rung.passed
        title = "no reflection" if n == 0 else f"{n} round" + "s" * (n > 1)
        found.append(Round(title, rung.rate, Share(so_far, figures.rungs[0].climbing)))
    return found


def calls_by_mode(reading: Reading) -> Markup | None:
    """Calls per accepted sample as bars: images, texts, and the share of what was lost."""
    table = reading.calls.by_mode()
    found = [
        Bar(
            TITLES[row["key"]],
            [
                BarPart(row["images"], "multistep", f"{row['images']:.1f}"),
                BarPart(row["texts"], "reflection", f"{row['texts']:.1f}"),
                BarPart(row["charged"] - row["own"], "lost"),
            ],
            f"{row['own']:.1f} calls, {row['charged']:.1f} with the losses",
        )
        for row in rows(table)
        if row["accepted"] and row["key"] != "rl"
    ]
    return bars("calls", "Calls per accepted sample, by mode", found) if found else None


def distributions(scores: Scores) -> Iterator[Markup]:
    """One chart an axis: how the scores are spread at each moment."""
    table = scores.table()
    for axis in scores.axes:
        spread = [
            Bar(
                "steps, own sub-task" if row["moment"] == STEPS else row["moment"],
                _parts_of_one([BarPart(row[str(s)], f"score-{s}") for s in range(1, 6)]),
                f"mean {row['mean']:.2f}, {100 * row['passed']:.0f} % pass, n {row['n']:,.0f}",
            )
            for row in rows(table)
            if row["axis"] == axis
        ]
        yield bars(f"spread-{axis}", f"Scores for {axis}", spread, whole=1.0)


def means(scores: Scores) -> Markup | None:
    """Mean scores over the moments, one curve an axis. Steps and the accepted are no further round: no line leads to them."""
    if not scores.axes:
        return None
    joined = sum(m not in (STEPS, ACCEPTED) for m in scores.moments)
    drawn = [
        Curve(axis, f"axis-{AXES.index(axis) + 1}", [scores.mean(axis, m) for m in scores.moments])
        for axis in scores.axes
    ]
    return curves("means", "Mean score at each moment", scores.moments, drawn, (1, 2, 3, 4, 5), joined)


def moves(scores: Scores) -> Markup | None:
    """Per round and axis: the share of redrawn images scored better, the same, or worse."""
    found = []
    for row in rows(scores.moves()):
        parts = [BarPart(row[m], _MOVE_TONES[m], f"{row[m]:,}" if m != "same" else "") for m in MOVES]
        told = f"{row['better']:,} better, {row['worse']:,} worse of {sum(row[m] for m in MOVES):,}"
        found.append(Bar(f"{row['moment']}: {row['axis']}", _parts_of_one(parts), told))
    found.sort(key=lambda r: r.name.partition(":")[0])
    return bars("moves", "Scores after each round, against the image before", found, whole=1.0) if found else None


def agreement(reading: Reading) -> list[Agreed]:
    """One entry a pair of judgements that occurred."""
    judging = reading.run.manifest.get("policy", {}).get("judging", {})
    chosen = {"fail": "first failed", "pass": "first passed"}.get(judging.get("confirm", "both"), "")
    which = f" Asked again only where the {chosen}, so this is no fair draw of all images." if chosen else ""
    margin = " Asked only where the first judge was on the margin: these are the hard cases."
    told = {
        REPEATED: ("First and repeated judgement", f"The same judge, the same image, another seed.{which}"),
        SECOND: (
            "First and second judge",
            f"Two judges, the same image.{margin if judging.get('second') == 'margin' else ''}",
        ),
    }
    found = []
    for name, (title, note) in told.items():
        table = reading.agreement.table(name)
        if not table.empty:
            dots = [Dot(r["axis"], r["raw"], "on" if r["axis"] == VERDICT else "ink") for r in rows(table)]
            found.append(Agreed(title, note, table, whiskers(f"agree-{name}", f"Raw agreement: {title}", dots)))
    return found


def truth(reading: Reading) -> dict[str, Markup | None]:
    """The charts of the truth section, by name; None where nothing was measured."""
    known = reading.truth
    if known is None:
        return {}
    by_mode = [Dot(TITLES[m], known.accepted_by_mode[m], m) for m in MODES if m in known.accepted_by_mode]
    accepted = [Dot("All accepted", known.accepted, "on"), *by_mode]
    needless = [
        Dot(TITLES[m] if m in MODES else "Both", s, m if m in MODES else "ink") for m, s in known.needless.items()
    ]
    return {
        "accepted": whiskers("truth-accepted", "Accepted samples that are truly right", accepted),
        "false_pass": whiskers("truth-pass", "Verdicts that passed wrongly", _by_axis(known.false_pass)),
        "false_fail": whiskers("truth-fail", "Verdicts that failed wrongly", _by_axis(known.false_fail)),
        "needless": whiskers("truth-needless", "Rows with a right image before the last", needless),
        "critiques": whiskers(
            "truth-critiques", "Trained critiques", [Dot("name a real defect", known.critiques, "on")]
        ),
    }


def time_spent(reading: Reading) -> Markup | None:
    """Where the time of the calls went, by role and kind."""
    if reading.ledger is None:
        return None
    *calls, whole = rows(reading.ledger.table)
    found = [
        Bar(
            f"{spoken(row['role'])}: {spoken(row['kind'])}",
            [BarPart(row["seconds"], "multistep" if row["kind"] == "image" else "reflection")],
            f"{percent(row['seconds'], whole['seconds']):.0f} %, median {row['median_s']:.2g} s",
        )
        for row in calls
    ]
    return bars("time", "Time in calls, by role and kind", found)


def money_by_mode(reading: Reading) -> Markup | None:
    """US dollars per accepted sample as bars: its own calls, and its share of what was lost."""
    if reading.money is None:
        return None
    found = [
        Bar(
            TITLES[row["key"]],
            [BarPart(row["own"], "multistep", f"{row['own']:.3f}"), BarPart(row["charged"] - row["own"], "lost")],
            f"$ {row['own']:.4f}, {row['charged']:.4f} with the losses",
        )
        for row in rows(reading.money.by_mode())
        if row["accepted"] and row["key"] != "rl"
    ]
    return bars("money", "US dollars per accepted sample, by mode", found) if found else None


def _by_axis(shares: Mapping[str, Share]) -> list[Dot]:
    names = [n for n in (*AXES, VERDICT) if n in shares]
    return [Dot(n, shares[n], "bad" if n == VERDICT else "ink") for n in names]


def _parts_of_one(parts: Sequence[BarPart]) -> list[BarPart]:
    whole = sum(p.amount for p in parts) or 1
    return [BarPart(p.amount / whole, p.tone, p.words) for p in parts]
