"""`x2i plan`: what a build will take, before anything is sent or paid.

In: a manifest; an earlier build or a file of declared rates. Out: a `Forecast` as a table in the terminal, or as JSON.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.forecast.declaration import declaration
from pipeline.forecast.declared import DeclaredRates
from pipeline.forecast.forecast import Forecast, Range, forecast
from pipeline.forecast.pilot import pilot
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.money.prices import table
from pipeline.sources.table import TableError
from pipeline.views.panels import TITLES
from pipeline.views.text import clip, spoken

_UNKNOWN = "not known"


def plan(manifest: Manifest, measured: Path | None = None, declared: Path | None = None) -> Forecast:
    """The forecast of `manifest`: by the build in `measured`, else by the rates in the file `declared`, else by the demo's.

    Raises pipeline.errors.BuildError when rates or a source cannot be used, OSError when a source cannot be read.
    """
    rates = DeclaredRates(declaration(declared), manifest) if measured is None else pilot(measured, manifest)
    try:
        return forecast(manifest, rates)
    except TableError as error:
        raise ManifestError(f"sources: {error}") from error


def as_json(found: Forecast) -> str:
    """All figures: `mean`, and `low` and `high` of the 90 % interval; null where nobody knows."""
    said = asdict(found) | {
        "calls": {" ".join(call): figures for call, figures in asdict(found)["calls"].items()},
        "uncounted": [" ".join(call) for call in found.uncounted],
    }
    return json.dumps(said, indent=2)


def print_plan(found: Forecast, console: Console) -> None:
    """Print all tables: samples, calls, money, time; then what to beware of."""
    rows = ", ".join(f"{clip(name, 40)} {n:,}" for name, n in found.rows.items())
    console.print(Text.assemble(("Plan of ", "bold"), (clip(found.name, 60), "bold"), f"   rows: {rows}"))
    console.print(Text(f"Rates {clip(found.source, 200)}"))
    _samples(found, console)
    _calls(found, console)
    _money(found, console)
    console.print()
    _table("Time", [("hours of calls", found.hours, "hours")], console)
    for bound, share in found.bounds.items():
        console.print(
            Text(f"  held up by {bound}" + ("" if share == 1 else f" in {100 * share:.0f} % of the simulated builds"))
        )
    console.print()
    for note in _notes(found):
        console.print(Text(note, "dim"))


def _samples(found: Forecast, console: Console) -> None:
    rows = [("begun", found.begun, "count")]
    rows += [(f"kept: {TITLES[slot]}", kept, "count") for slot, kept in found.kept.items()]
    console.print()
    _table("Samples", [*rows, ("lost", found.lost, "count")], console)
    if found.filled is not None and found.filled < 0.995:
        console.print(Text(f"  The quotas are filled in {100 * found.filled:.0f} % of the simulated builds.", "yellow"))


def _calls(found: Forecast, console: Console) -> None:
    """One line a kind of call; the 90 % interval stands with the number of calls and with the sums."""
    grid = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    grid.add_column("Calls", header_style="bold", min_width=22)
    for name in ("calls", "90 % interval", "tokens in", "tokens out"):
        grid.add_column(name, justify="right", no_wrap=True)
    sums = {("all", ""): found.totals}
    for (role, kind), figures in {**found.calls, **sums}.items():
        calls = figures["calls"]
        between = "" if calls is None else _between(calls, "count")
        cells = (figures[name] for name in ("input_tokens", "output_tokens"))
        means = (_UNKNOWN if cell is None else _figure(cell.mean, "count") for cell in cells)
        name = "all" if role == "all" else f"{spoken(role)}: {spoken(kind)}"
        grid.add_row(name, "" if calls is None else _figure(calls.mean, "count"), between, *means)
    console.print()
    console.print(grid)
    sums_ = (("images", "images"), ("tokens in", "input_tokens"), ("tokens out", "output_tokens"))
    told = [(title, found.totals[name], "count") for title, name in sums_ if found.totals[name] is not None]
    console.print()
    _table("In sum", told, console)


def _money(found: Forecast, console: Console) -> None:
    rows = [(spoken(role), money, "usd") for role, money in found.money.items()]
    rows += [("all", found.totals["usd"], "usd"), ("per accepted sample", found.per_accepted, "small usd")]
    console.print()
    _table("US dollars", rows, console)
    if found.over_budget is not None and found.over_budget > 0:
        console.print(
            Text(f"  run.budget_usd stops {100 * found.over_budget:.0f} % of the simulated builds.", "yellow")
        )


def _notes(found: Forecast) -> Iterator[str]:
    yield from found.notes
    if found.listed:
        yield f"List prices of {table().version}, which change: {', '.join(found.listed)}."
    if found.uncounted:
        roles = dict.fromkeys(spoken(role) for role, _ in found.uncounted)
        yield f"No price is known for: {', '.join(roles)}. Their money is in no sum; give one in the manifest's prices."
    yield "Intervals hold 90 % of 1,000 simulated builds: how little is known of the rates, and the luck of the job itself."


def _table(title: str, rows: list[tuple[str, Range | None, str]], console: Console) -> None:
    grid = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    grid.add_column(title, header_style="bold", min_width=22)
    grid.add_column("expected", justify="right", min_width=12)
    grid.add_column("90 % interval", justify="right", min_width=20)
    for name, found, unit in rows:
        if found is None:
            grid.add_row(name, _UNKNOWN, "")
        else:
            grid.add_row(name, _figure(found.mean, unit), _between(found, unit))
    console.print(grid)


def _between(found: Range, unit: str) -> str:
    low, high = _figure(found.low, unit), _figure(found.high, unit)
    return low if low == high else f"{low} to {high}"


def _figure(value: float, unit: str) -> str:
    if unit == "hours":
        return (
            f"{value:,.1f}" if value >= 1 else f"{60 * value:.2g} min" if value >= 1 / 60 else f"{3600 * value:.2g} s"
        )
    return f"{value:,.4f}" if unit == "small usd" else f"{value:,.2f}" if unit == "usd" else f"{value:,.0f}"
