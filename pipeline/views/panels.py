"""The panels of the report: which figures stand together, and the charts among them.

In: a `Reading`. Out: values for the report's template, charts as markup.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from markupsafe import Markup

from pipeline.manifest.spec import RL
from pipeline.output.share import Share
from pipeline.output.voice_counts import by_kind, by_rule
from pipeline.views.charts.bars import Bar, BarPart, bars
from pipeline.views.charts.curves import Curve, curves
from pipeline.views.charts.whiskers import Dot, whiskers
from pipeline.views.looks import ALL, ModeLooks
from pipeline.views.page import percent
from pipeline.views.probe.probe import GUESSED, StyleFinding
from pipeline.views.tables.agreement import REPEATED, SECOND, VERDICT
from pipeline.views.tables.reading import Reading
from pipeline.views.tables.rows import rows
from pipeline.views.tables.scores import ACCEPTED, MOVES, STEPS, Scores
from pipeline.views.text import spoken
from stages.makers import name_of
from stages.records import AXES
from stages.voice_rules import RULES

_MOVE_TONES = {"better": "on", "same": "lost", "worse": "bad"}


@dataclass(frozen=True)
class Agreed:
    """How far one pair of judgements agrees: its table, its chart, and what was paired in words."""

    title: str
    note: str
    table: pd.DataFrame
    chart: Markup | None


def calls_by_mode(reading: Reading, looks: ModeLooks) -> Markup | None:
    """Calls per accepted sample as bars: images, texts, and the share of what was lost."""
    drawn = [
        Bar(
            looks.titles[row["key"]],
            [
                BarPart(row["images"], "image", f"{row['images']:.1f}"),
                BarPart(row["texts"], "text", f"{row['texts']:.1f}"),
                BarPart(row["charged"] - row["own"], "lost"),
            ],
            f"{row['own']:.1f} calls, {row['charged']:.1f} with the losses",
        )
        for row in rows(reading.calls.by_mode())
        if row["accepted"] and row["key"] != RL
    ]
    return bars("calls", "Calls per accepted sample, by mode", drawn) if drawn else None


def drawers(reading: Reading) -> dict[str, Any] | None:
    """What each image model drew: a table by maker, one by round, and the chart of what passed in each round. None where the policy
    names no generator but the default one.
    """
    if not reading.recipe.policy.named_generators:
        return None
    rounds = reading.drawers.by_round()
    drawn = [
        Bar(
            f"{row['where']}: {name_of(row['who'])}",
            [BarPart(row["passed"], "on", f"{row['passed']:,}"), BarPart(row["images"] - row["passed"], "lost")],
            f"{100 * row['share']:.0f} % of {row['images']:,}",
        )
        for row in rows(rounds)
    ]
    chart = bars("drawers", "Images drawn and passed, by round and generator", drawn) if drawn else None
    return {"makers": reading.drawers.by_maker(), "rounds": rounds, "chart": chart}


def distributions(scores: Scores) -> Iterator[Markup]:
    """One chart an axis: how the scores are spread at each moment."""
    table = scores.table()
    titles = scores.titles | {STEPS: "steps, own sub-task"}
    for axis in scores.axes:
        spread = [
            Bar(
                titles[row["moment"]],
                _parts_of_one([BarPart(row[str(s)], f"score-{s}") for s in range(1, 6)]),
                f"mean {row['mean']:.2f}, {100 * row['passed']:.0f} % pass, n {row['n']:,.0f}",
            )
            for row in rows(table)
            if row["axis"] == axis
        ]
        yield bars(f"spread-{axis}", f"Scores for {axis}", spread, whole=1.0)


def means(scores: Scores) -> Markup | None:
    """Mean scores over the moments, one curve an axis. Steps and the accepted are no further station: no line leads to them."""
    if not scores.axes:
        return None
    joined = sum(m not in (STEPS, ACCEPTED) for m in scores.moments)
    drawn = [
        Curve(axis, f"axis-{AXES.index(axis) + 1}", [scores.mean(axis, m) for m in scores.moments])
        for axis in scores.axes
    ]
    places = [scores.titles[m] for m in scores.moments]
    return curves("means", "Mean score at each moment", places, drawn, (1, 2, 3, 4, 5), joined)


def moves(scores: Scores) -> Markup | None:
    """Per station and axis: the share of redrawn images scored better, the same, or worse."""
    table = list(rows(scores.moves()))
    table.sort(key=lambda row: scores.moments.index(row["moment"]))
    drawn = []
    for row in table:
        parts = [BarPart(row[m], _MOVE_TONES[m], f"{row[m]:,}" if m != "same" else "") for m in MOVES]
        words = f"{row['better']:,} better, {row['worse']:,} worse of {sum(row[m] for m in MOVES):,}"
        drawn.append(Bar(f"{scores.titles[row['moment']]}: {row['axis']}", _parts_of_one(parts), words))
    return bars("moves", "Scores of redrawn images, against those they were made from", drawn, 1.0) if drawn else None


def agreement(reading: Reading) -> list[Agreed]:
    """One entry a pair of judgements that occurred."""
    judging = reading.recipe.policy.judging
    chosen = {"fail": "first failed", "pass": "first passed"}.get(judging.confirm, "")
    which = f" Asked again only where the {chosen}, so this is no fair draw of all images." if chosen else ""
    margin = " Asked only where the first judge was on the margin: these are the hard cases."
    notes = {
        REPEATED: ("First and repeated judgement", f"The same judge, the same image, another seed.{which}"),
        SECOND: (
            "First and second judge",
            f"Two judges, the same image.{margin if judging.second == 'margin' else ''}",
        ),
    }
    pairs = []
    for name, (title, note) in notes.items():
        table = reading.agreement.table(name)
        if not table.empty:
            dots = [Dot(r["axis"], r["raw"], "on" if r["axis"] == VERDICT else "ink") for r in rows(table)]
            pairs.append(Agreed(title, note, table, whiskers(f"agree-{name}", f"Raw agreement: {title}", dots)))
    return pairs


def voice(reading: Reading) -> dict[str, Any]:
    """How far texts keep the training voice: rows by kind and by rule, and the chart of what breaks it still."""
    kinds, mode = by_kind(reading.run.voice), reading.recipe.policy.voice
    dots = [Dot(spoken(row.name), row.breaking, "on" if row.name == ALL else "ink") for row in kinds]
    return {
        "kinds": kinds,
        "rules": by_rule(reading.run.voice),
        "says": {name: rule.says for name, rule in RULES.items()},
        "asks": mode == "ask_again",
        "off": mode == "off",
        "chart": whiskers("voice-kinds", "Texts that break the training voice still", dots),
    }


def style(reading: Reading) -> Markup | None:
    """How well the makers of pictures are told apart; None where that was not measured."""
    if not isinstance(reading.style, StyleFinding):
        return None
    dot = Dot("Picked out of two: the generator's", reading.style, "bad" if reading.style.is_leak else "on")
    return whiskers("style", "How often the generator's picture is picked out of two by its style", [dot], GUESSED)


def truth(reading: Reading, looks: ModeLooks) -> dict[str, Markup | None]:
    """The charts of the truth section, by name; None where nothing was measured. Without a mode that thinks none is of thinking."""
    known = reading.truth
    if known is None:
        return {}
    by_mode = [Dot(looks.titles[m], s, looks.tones[m]) for m, s in known.accepted_by_mode.items()]
    accepted = [Dot(looks.titles[ALL], known.accepted, "on"), *by_mode]
    needless = [
        Dot("All of these" if m == ALL else looks.titles[m], s, "ink" if m == ALL else looks.tones[m])
        for m, s in known.needless.items()
    ]
    thinking = {"needless": whiskers("truth-needless", "Rows with a right image before the last", needless)}
    return {
        "accepted": whiskers("truth-accepted", "Accepted samples that are truly right", accepted),
        "false_pass": whiskers("truth-pass", "Verdicts that passed wrongly", _by_axis(known.false_pass)),
        "false_fail": whiskers("truth-fail", "Verdicts that failed wrongly", _by_axis(known.false_fail)),
        **(thinking if known.needless else {}),
        "critiques": whiskers(
            "truth-critiques", "Trained critiques", [Dot("name a real defect", known.critiques, "on")]
        ),
    }


def time_spent(reading: Reading) -> Markup | None:
    """Where the time of the calls went, by role and kind."""
    if reading.ledger is None:
        return None
    *calls, whole = rows(reading.ledger.table)
    drawn = [
        Bar(
            f"{spoken(row['role'])}: {spoken(row['kind'])}",
            [BarPart(row["seconds"], "image" if row["kind"] == "image" else "text")],
            f"{percent(row['seconds'], whole['seconds']):.0f} %, median {row['median_s']:.2g} s",
        )
        for row in calls
    ]
    return bars("time", "Time in calls, by role and kind", drawn)


def money_by_mode(reading: Reading, looks: ModeLooks) -> Markup | None:
    """US dollars per accepted sample as bars: its own calls, and its share of what was lost."""
    if reading.money is None:
        return None
    drawn = [
        Bar(
            looks.titles[row["key"]],
            [BarPart(row["own"], "image", f"{row['own']:.3f}"), BarPart(row["charged"] - row["own"], "lost")],
            f"$ {row['own']:.4f}, {row['charged']:.4f} with the losses",
        )
        for row in rows(reading.money.by_mode())
        if row["accepted"] and row["key"] != RL
    ]
    return bars("money", "US dollars per accepted sample, by mode", drawn) if drawn else None


def _by_axis(shares: Mapping[str, Share]) -> list[Dot]:
    names = [n for n in (*AXES, VERDICT) if n in shares]
    return [Dot(n, shares[n], "bad" if n == VERDICT else "ink") for n in names]


def _parts_of_one(parts: Sequence[BarPart]) -> list[BarPart]:
    whole = sum(p.amount for p in parts) or 1
    return [BarPart(p.amount / whole, p.tone, p.words) for p in parts]
