"""`x2i whatif`: a changed policy beside today's, in the terminal or as JSON.

In: what was replayed. Out: rich tables, 80 columns wide, or one JSON object.
"""

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.replay.whatif import UNKNOWN, Side, WhatIf
from pipeline.views.panels import TITLES
from pipeline.views.text import clip, spoken
from stages.records import MODES

_MOST = 12


def as_json(found: WhatIf) -> str:
    """Both sides as JSON; a figure per accepted sample is null where there is none."""
    said = {
        "changes": list(found.changes),
        "today": _told(found.today),
        "then": _told(found.then),
        "moved": [{"today": now, "then": then, "samples": n} for (now, then), n in sorted(found.moved.items())],
    }
    return json.dumps(said, indent=2)


def _told(side: Side) -> dict[str, Any]:
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


def print_whatif(found: WhatIf, console: Console) -> None:
    """Print ends, costs and moves, then what is not known."""
    for line in found.changes or ("The policy as it is.",):
        console.print(Text(line, "bold"))
    console.print()
    console.print(_ends(found))
    console.print()
    console.print(_costs(found))
    if found.moved:
        console.print()
        console.print(_moves(found))
    for line in _notes(found):
        console.print(Text(line, "dim"))


def _ends(found: WhatIf) -> Table:
    table = _table("Samples")
    ends = {**found.today.ends, **found.then.ends}
    shown = [*(m for m in MODES), *sorted(set(ends) - {*MODES, UNKNOWN, "rl"})]
    for end in (*shown, *(["rl"] if "rl" in ends else []), *([UNKNOWN] if UNKNOWN in ends else [])):
        now, then = found.today.ends[end], found.then.ends[end]
        table.add_row(_title(end), f"{now:,}", f"{then:,}", f"{then - now:+,}" if then != now else "")
    return table


def _costs(found: WhatIf) -> Table:
    table = _table("Calls")
    least = "≥ " if found.then.unknown else ""
    for medium in ("image", "text"):
        before, after = found.today.calls[medium], found.then.calls[medium]
        change = "" if least or after == before else f"{after - before:+,}"
        table.add_row(f"{medium}s of all samples", f"{before:,}", f"{least}{after:,}", change)
    now, then = dict(_per_accepted(found.today)), dict(_per_accepted(found.then))
    names = {"images": "images per accepted", "texts": "texts per accepted", "usd": "US dollars per accepted"}
    for name, title in names.items():
        a, b = now[name], then[name]
        change = "" if a is None or b is None else f"{b - a:+.2f}"
        table.add_row(title, *("–" if v is None else f"{v:.2f}" for v in (a, b)), change)
    return table


def _moves(found: WhatIf) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    for name in ("Today", "then"):
        table.add_column(name, min_width=27)
    table.add_column("samples", justify="right")
    for (now, then), n in found.moved.most_common(_MOST):
        table.add_row(_title(now), _title(then), f"{n:,}")
    return table


def _table(first: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    table.add_column(first, min_width=27)
    for name in ("today", "then", "change"):
        table.add_column(name, justify="right", min_width=8)
    return table


def _title(end: str) -> str:
    return TITLES[end] if end in TITLES else ": ".join(spoken(part) for part in end.split(": "))


def _notes(found: WhatIf) -> Iterator[str]:
    then = found.then
    yield ""
    known = found.then.ends.total() - found.then.ends[UNKNOWN] - found.then.ends["rl"]
    yield f"Per accepted: of the {known:,} SFT samples whose end is known under both policies, with the calls of the lost."
    for call, n in then.unknown.most_common(_MOST):
        yield f"{n:,} samples would take a branch nobody took: {clip(call, 60)}. Their end and further calls are not known."
    priced = then.texts + then.images - then.unpriced
    if priced > 0 and then.unpriced:
        yield f"{then.unpriced:,} calls have no known price and are left out of the US dollars."
