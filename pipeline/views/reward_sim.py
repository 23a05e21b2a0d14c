"""`x2i reward-sim`: which mode wins by difficulty under given rewards, in the terminal and as a page.

In: the standings of modes by difficulty under several penalties, or a planted group, as plain data. Out: tables; a page with
charts.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.views.charts.bars import Bar, BarPart, bars
from pipeline.views.looks import ModeLooks
from pipeline.views.page import render, write

PENALTIES = {"multiply": "× N*/N", "add": "+ N*/N", "off": "no penalty"}
UNSOLVED = "unsolved"


@dataclass(frozen=True, slots=True)
class StandingShown:
    """How one mode does on the prompts of one difficulty: `training.rewards.simulate.Standing`, which no view may import."""

    difficulty: str
    mode: str
    prompts: int
    assumed: int
    images: float
    outcome: float
    total: float
    reward: float
    advantage: float
    wins: int


@dataclass(frozen=True)
class SimulationShown:
    """The standings under one penalty, and on how many prompts a better answer falls below a worse one."""

    penalty: str
    standings: Sequence[StandingShown]
    prompts: Mapping[str, int]
    inversions: int

    @property
    def total(self) -> int:
        """All prompts."""
        return sum(self.prompts.values())

    def of(self, difficulty: str) -> list[StandingShown]:
        """The standings of one difficulty."""
        return [s for s in self.standings if s.difficulty == difficulty]

    def winner(self, difficulty: str) -> StandingShown:
        """Who wins most of these prompts."""
        return max(self.of(difficulty), key=lambda s: s.wins)


def difficulty_title(difficulty: str, looks: ModeLooks) -> str:
    """What prompts of a difficulty are called."""
    if difficulty == UNSOLVED:
        return "never solved"
    return f"solved {looks.by_mode[difficulty].outcome.removeprefix('solved ')}"


def note(shown: SimulationShown) -> str | None:
    """What follows from multiplying, where it happened; None where it did not."""
    if not shown.inversions:
        return None
    return (
        f"On {shown.inversions:,} of {shown.total:,} prompts an answer that competes for the fewest images falls below a worse one "
        "that does not compete, because only the former is penalised (0.89 x 2/4 = 0.445 < 0.80). --penalty add avoids it; "
        "a smaller --eps makes it rarer."
    )


def print_simulation(
    chosen: SimulationShown, all_: Sequence[SimulationShown], looks: ModeLooks, console: Console
) -> None:
    """The chosen penalty in full, and who wins under each."""
    table = _table("mode", "n", "images", "outcome", "total", "reward", "adv.", "wins")
    for difficulty, count in chosen.prompts.items():
        table.add_row(Text(f"{difficulty_title(difficulty, looks)}: {count:,}", "dim"))
        for s in chosen.of(difficulty):
            mode = f"  {looks.titles[s.mode]}{' *' if s.assumed else ''}"
            figures = (f"{s.images:.2f}", *(f"{v:.3f}" for v in (s.outcome, s.total, s.reward)), f"{s.advantage:+.2f}")
            style = "bold" if s == chosen.winner(difficulty) else ""
            cells = (mode, f"{s.prompts:,}", *figures, f"{100 * s.wins / s.prompts:.0f} %")
            table.add_row(*(Text(cell, style) for cell in cells))
    console.print(Text(f"Means by difficulty and mode, penalty {PENALTIES[chosen.penalty]}", "bold"))
    console.print(table)
    if any(s.assumed for s in chosen.standings):
        console.print("* assumed where the build never came to that rung: same outcome, what the rung typically takes.")
    console.print()
    console.print(Text("Who wins", "bold"))
    winners = _table("difficulty", *(PENALTIES[shown.penalty] for shown in all_))
    for difficulty in chosen.prompts:
        winners.add_row(difficulty_title(difficulty, looks), *(_winner(shown, difficulty, looks) for shown in all_))
    console.print(winners)
    if words := note(chosen):
        console.print()
        console.print(words, markup=False, highlight=False)


def _winner(shown: SimulationShown, difficulty: str, looks: ModeLooks) -> str:
    best = shown.winner(difficulty)
    return f"{looks.titles[best.mode]} {100 * best.wins / best.prompts:.0f} %"


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for n, name in enumerate(columns):
        words = n == 0 or name in PENALTIES.values()
        table.add_column(name, justify="left" if words else "right", header_style="dim", no_wrap=n == 0)
    return table


def print_group(group: Any, penalty: str, console: Console) -> None:
    """A planted group: each trajectory with what the penalty makes of it. Has the arrays of `training.rewards.figures`."""
    table = _table("total", "images", "competes", "reward", "advantage")
    for n in range(len(group.totals)):
        competes = "yes" if group.competitive[n] else "no"
        figures = (f"{group.totals[n]:.3f}", str(group.images[n]), competes, f"{group.rewards[n]:.3f}")
        table.add_row(*figures, f"{group.advantages[n]:+.2f}")
    console.print(Text(f"One group, penalty {PENALTIES[penalty]}", "bold"))
    console.print(table)
    for a in range(len(group.totals)):
        for b in range(len(group.totals)):
            inverted = group.competitive[a] and not group.competitive[b] and group.totals[a] > group.totals[b]
            if inverted and group.rewards[a] < group.rewards[b]:
                console.print(
                    f"{group.totals[a]:.2f} with {group.images[a]} images competes and falls to {group.rewards[a]:.3f}, below the "
                    f"{group.totals[b]:.2f} that does not compete.",
                    highlight=False,
                )


def as_json(shown: Sequence[SimulationShown]) -> str:
    """All of it as JSON."""
    fields = ("difficulty", "mode", "prompts", "assumed", "images", "outcome", "total", "reward", "advantage", "wins")
    plain = [
        {
            "penalty": one.penalty,
            "prompts": dict(one.prompts),
            "inversions": one.inversions,
            "standings": [{field: getattr(s, field) for field in fields} for s in one.standings],
        }
        for one in shown
    ]
    return json.dumps(plain, indent=2)


def simulation_page(
    name: str,
    settings: Mapping[str, str],
    chosen: SimulationShown,
    all_: Sequence[SimulationShown],
    looks: ModeLooks,
    file: Path,
) -> Path:
    """Write the page of the build called `name`. Raises OSError."""
    values = {
        "name": name,
        "settings": settings,
        "shown": chosen,
        "all": all_,
        "looks": looks,
        "penalties": PENALTIES,
        "title_of": difficulty_title,
        "note": note(chosen),
        "charts": {difficulty: _chart(chosen, difficulty, looks) for difficulty in chosen.prompts},
        "shares": _shares(all_, looks),
    }
    return write(file, render("reward_sim.html.j2", values, looks))


def _chart(shown: SimulationShown, difficulty: str, looks: ModeLooks) -> Markup:
    """Mean rewards of one difficulty, a bar a mode, the part that the penalty took (or added) beside it."""
    drawn = []
    for s in shown.of(difficulty):
        parts = [BarPart(min(s.reward, s.total), looks.tones[s.mode], f"{s.reward:.2f}")]
        parts.append(BarPart(max(s.total - s.reward, 0.0), "lost"))
        words = f"{s.images:.1f} images, advantage {s.advantage:+.2f}"
        drawn.append(Bar(looks.titles[s.mode], parts, words))
    return bars(f"reward-{difficulty}", f"Mean reward, prompts {difficulty_title(difficulty, looks)}", drawn, 1.0)


def _shares(all_: Sequence[SimulationShown], looks: ModeLooks) -> Markup:
    """By difficulty and penalty the share of prompts that each mode wins."""
    drawn = []
    for difficulty in all_[0].prompts:
        for shown in all_:
            rows = shown.of(difficulty)
            whole = sum(s.wins for s in rows)
            parts = [
                BarPart(s.wins / whole, looks.tones[s.mode], f"{100 * s.wins / whole:.0f} %") for s in rows if s.wins
            ]
            drawn.append(Bar(difficulty_title(difficulty, looks), parts, PENALTIES[shown.penalty]))
    return bars("wins", "Who has the highest reward, by difficulty and penalty", drawn, 1.0)
