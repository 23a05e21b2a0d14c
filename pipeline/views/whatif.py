"""`x2i whatif`: a changed policy beside today's, in the terminal or as JSON.

In: what was replayed. Out: rich tables, 80 columns wide, or one JSON object.
"""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.manifest.spec import RL
from pipeline.replay.whatif import UNKNOWN, Side, WhatIf
from pipeline.views.looks import ModeLooks, mode_looks
from pipeline.views.text import clip, spoken

_MOST = 12


def as_json(replayed: WhatIf) -> str:
    """Both sides as JSON; a figure per accepted sample is null where there is none."""
    figures = {
        "changes": list(replayed.changes),
        "today": _side(replayed.today),
        "then": _side(replayed.then),
        "moved": [{"today": now, "then": then, "samples": n} for (now, then), n in sorted(replayed.moved.items())],
    }
    return json.dumps(figures, indent=2)


def _side(side: Side) -> dict[str, Any]:
    return {
        "ends": dict(sorted(side.ends.items())),
        "unknown": dict(sorted(side.unknown.items())),
        "calls": dict(side.calls),
        "compared": {"accepted": side.accepted, "text": side.texts, "image": side.images},
        "usd": side.usd if side.unpriced < side.texts + side.images else None,
        "unpriced": side.unpriced,
        "per_accepted": dict(_per_accepted(side)),
    }


def _per_accepted(side: Side) -> Iterator[tuple[str, float | None]]:
    """Figures per accepted sample, where the end is known under both policies; the calls of lost samples are charged, too."""
    calls = side.texts + side.images
    known = side.unpriced < calls
    for name, total in (("images", side.images), ("texts", side.texts), ("usd", side.usd if known else None)):
        yield name, None if total is None or not side.accepted else total / side.accepted


def print_whatif(replayed: WhatIf, console: Console) -> None:
    """Print ends, costs and moves, then what is not known."""
    looks = mode_looks(*replayed.recipes)
    for line in replayed.changes or ("The policy as it is.",):
        console.print(Text(line, "bold"))
    console.print()
    console.print(_ends(replayed, looks))
    console.print()
    console.print(_costs(replayed))
    if replayed.moved:
        console.print()
        console.print(_moves(replayed, looks))
    for line in _notes(replayed):
        console.print(Text(line, "dim"))


def _ends(replayed: WhatIf, looks: ModeLooks) -> Table:
    table = _table("Samples")
    ends = {**replayed.today.ends, **replayed.then.ends}
    lost = sorted(set(ends) - {*looks.modes, RL, UNKNOWN})
    for end in (*looks.modes, *lost, *(end for end in (RL, UNKNOWN) if end in ends)):
        now, then = replayed.today.ends[end], replayed.then.ends[end]
        table.add_row(Text(_title(end, looks)), f"{now:,}", f"{then:,}", f"{then - now:+,}" if then != now else "")
    return table


def _costs(replayed: WhatIf) -> Table:
    table = _table("Calls")
    least = "≥ " if replayed.then.unknown else ""
    for medium in ("image", "text"):
        before, after = replayed.today.calls[medium], replayed.then.calls[medium]
        change = "" if least or after == before else f"{after - before:+,}"
        table.add_row(f"{medium}s of all samples", f"{before:,}", f"{least}{after:,}", change)
    now, then = dict(_per_accepted(replayed.today)), dict(_per_accepted(replayed.then))
    names = {"images": "images per accepted", "texts": "texts per accepted", "usd": "US dollars per accepted"}
    for name, title in names.items():
        a, b = now[name], then[name]
        change = "" if a is None or b is None else f"{b - a:+.2f}"
        table.add_row(title, *("–" if v is None else f"{v:.2f}" for v in (a, b)), change)
    return table


def _moves(replayed: WhatIf, looks: ModeLooks) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    for name in ("Today", "then"):
        table.add_column(name, min_width=27)
    table.add_column("samples", justify="right")
    for (now, then), n in replayed.moved.most_common(_MOST):
        table.add_row(Text(_title(now, looks)), Text(_title(then, looks)), f"{n:,}")
    return table


def _table(first: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    table.add_column(first, min_width=27)
    for name in ("today", "then", "change"):
        table.add_column(name, justify="right", min_width=8)
    return table


def _title(end: str, looks: ModeLooks) -> str:
    return looks.titles[end] if end in looks.titles else ": ".join(spoken(part) for part in end.split(": "))


def _notes(replayed: WhatIf) -> Iterator[str]:
    then = replayed.then
    yield ""
    known = replayed.then.ends.total() - replayed.then.ends[UNKNOWN] - replayed.then.ends[RL]
    yield f"Per accepted: of the {known:,} SFT samples whose end is known under both policies, with the calls of the lost."
    for call, n in then.unknown.most_common(_MOST):
        yield f"{n:,} samples would take a branch nobody took: {clip(call, 60)}. Their end and further calls are not known."
    priced = then.texts + then.images - then.unpriced
    if priced > 0 and then.unpriced:
        yield f"{then.unpriced:,} calls have no known price and are left out of the US dollars."
