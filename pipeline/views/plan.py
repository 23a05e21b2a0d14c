"""`x2i plan`: what a build will take, before anything is sent or paid.

In: a manifest; an earlier build or a file of declared rates. Out: a `Forecast` as a table in the terminal, or as JSON.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.batches.passes import most_waits
from pipeline.forecast.declaration import declaration
from pipeline.forecast.declared import DeclaredRates
from pipeline.forecast.forecast import Forecast, Range, forecast
from pipeline.forecast.pilot import pilot
from pipeline.manifest.batches import batches_used
from pipeline.manifest.spec import RL, Manifest, ManifestError
from pipeline.money.prices import table
from pipeline.output.readers import wanted_groups
from pipeline.output.rehearsal import admit
from pipeline.sources.files import TableError
from pipeline.sources.spec import UNSTATED, TableSpec
from pipeline.views.text import clip, spoken

_UNKNOWN = "not known"


def plan(manifest: Manifest, measured: Path | None = None, declared: Path | None = None) -> Forecast:
    """The forecast of `manifest`: by the build in `measured`, else by the rates in the file `declared`, else by the demo's.

    Raises pipeline.errors.BuildError when the ladder, rates or a source cannot be used, OSError when a source cannot be read.
    """
    warnings: list[str] = []
    admit(manifest, warnings.append)
    rates = DeclaredRates(declaration(declared), manifest) if measured is None else pilot(measured, manifest)
    try:
        expected = forecast(manifest, rates)
        notes = (
            *expected.notes,
            *_licences(manifest),
            *_mixture(manifest),
            *_waits(manifest),
            *_readers(manifest, expected),
            *warnings,
        )
        return replace(expected, notes=notes)
    except TableError as error:
        raise ManifestError(f"sources: {error}") from error


def _licences(manifest: Manifest) -> Iterator[str]:
    """Sources of which nobody says under which licence their rows may be used."""
    tables = (spec for spec in manifest.sources if isinstance(spec, TableSpec))
    unstated = [
        clip(spec.name, 40)
        for spec in tables
        if spec.licence == UNSTATED and spec.columns.licence is None and spec.constants.licence is None
    ]
    allowed = {name.casefold() for name in manifest.screens.allow_licences}
    if unstated and (not allowed or UNSTATED in allowed):
        yield f"No licence is stated for the rows of {', '.join(unstated)}: say licence there, or screens.allow_licences."
    elif unstated:
        yield f"All rows of {', '.join(unstated)} stay out: their licence is not stated, and only stated ones are allowed."


def _mixture(manifest: Manifest) -> Iterator[str]:
    """What the counts of rows leave open."""
    if sampled := [f"{clip(spec.name, 40)} {spec.sample:.3g}" for spec in manifest.sources if spec.sample is not None]:
        yield f"Rows are drawn by a hash, so a sampled source has about its share: {', '.join(sampled)}."
    if capped := [clip(spec.name, 40) for spec in manifest.sources if spec.caps]:
        yield f"Only a build sees categories: rows that caps leave out are counted here, too: {', '.join(capped)}."
    if manifest.targets.categories:
        yield "What targets.categories begin beyond the quotas, for scarce categories, is not in these figures."


def _waits(manifest: Manifest) -> Iterator[str]:
    if waits := most_waits(manifest):
        used = batches_used(manifest)
        cheaper = [f"{name} {1 - batch.price_share:.0%}" for name, batch in used.items() if batch.price_share < 1]
        yield (
            f"Batches answer later ({', '.join(used)}): a sample waits for at most {waits} answers, one after another, "
            "and their time is not in the hours above"
            + (f"; money with their discount: {', '.join(cheaper)}." if cheaper else ".")
        )


def _readers(manifest: Manifest, expected: Forecast) -> Iterator[str]:
    """Splits that will hardly have a row for each row group that their readers want."""
    wanted, splits = wanted_groups(manifest.output), manifest.splits
    if manifest.output.ranks * manifest.output.rank_workers == 1:
        return
    kept = sum(figure.mean for slot, figure in expected.kept.items() if slot != RL)
    held_out = kept * splits.validation / (1 - splits.rl) if splits.rl < 1 else 0.0
    rows = {"sft/train": kept - held_out, "sft/validation": held_out, "rl/train": expected.kept[RL].mean}
    if short := [f"{split} about {n:,.0f}" for split, n in rows.items() if 0 < n < wanted]:
        yield f"output.ranks and rank_workers want {wanted:,} row groups of at least one row: {', '.join(short)} rows."


def as_json(expected: Forecast) -> str:
    """All figures: `mean`, and `low` and `high` of the 90 % interval; null where nobody knows."""
    figures = asdict(expected)
    del figures["titles"]
    figures["calls"] = {" ".join(call): row for call, row in figures["calls"].items()}
    figures["uncounted"] = [" ".join(call) for call in expected.uncounted]
    return json.dumps(figures, indent=2)


def print_plan(expected: Forecast, console: Console) -> None:
    """Print all tables: samples, calls, money, time; then what to beware of."""
    rows = ", ".join(f"{clip(name, 40)} {n:,}" for name, n in expected.rows.items())
    console.print(Text.assemble(("Plan of ", "bold"), (clip(expected.name, 60), "bold"), f"   rows: {rows}"))
    console.print(Text(f"Rates {clip(expected.source, 200)}"))
    _samples(expected, console)
    _calls(expected, console)
    _money(expected, console)
    console.print()
    _table("Time", [("hours of calls", expected.hours, "hours")], console)
    for bound, share in expected.bounds.items():
        console.print(
            Text(f"  held up by {bound}" + ("" if share == 1 else f" in {100 * share:.0f} % of the simulated builds"))
        )
    console.print()
    for note in _notes(expected):
        console.print(Text(note, "dim"))


def _samples(expected: Forecast, console: Console) -> None:
    rows = [("begun", expected.begun, "count")]
    rows += [(f"kept: {clip(expected.titles[slot], 40)}", kept, "count") for slot, kept in expected.kept.items()]
    console.print()
    _table("Samples", [*rows, ("lost", expected.lost, "count")], console)
    if expected.needed is not None:
        needed, whole = expected.needed, sum(expected.rows.values())
        held = "" if needed.high <= whole else f"; the sources hold {whole:,}"
        console.print(Text(f"  The quotas take {needed.mean:,.0f} samples ({_between(needed, 'count')}){held}."))
    if expected.filled is not None and expected.filled < 0.995:
        console.print(
            Text(f"  The quotas are filled in {100 * expected.filled:.0f} % of the simulated builds.", "yellow")
        )


def _calls(expected: Forecast, console: Console) -> None:
    """One line a kind of call; the 90 % interval stands with the number of calls and with the sums."""
    grid = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    grid.add_column("Calls", header_style="bold", min_width=22)
    for name in ("calls", "90 % interval", "tokens in", "tokens out"):
        grid.add_column(name, justify="right", no_wrap=True)
    sums = {("all", ""): expected.totals}
    for (role, kind), figures in {**expected.calls, **sums}.items():
        calls = figures["calls"]
        between = "" if calls is None else _between(calls, "count")
        cells = (figures[name] for name in ("input_tokens", "output_tokens"))
        means = (_UNKNOWN if cell is None else _figure(cell.mean, "count") for cell in cells)
        name = "all" if role == "all" else f"{spoken(role)}: {spoken(kind)}"
        grid.add_row(Text(name), "" if calls is None else _figure(calls.mean, "count"), between, *means)
    console.print()
    console.print(grid)
    amounts = (("images", "images"), ("tokens in", "input_tokens"), ("tokens out", "output_tokens"))
    rows = [(title, expected.totals[name], "count") for title, name in amounts if expected.totals[name] is not None]
    console.print()
    _table("In sum", rows, console)


def _money(expected: Forecast, console: Console) -> None:
    rows = [(spoken(role), money, "usd") for role, money in expected.money.items()]
    rows += [("all", expected.totals["usd"], "usd"), ("per accepted sample", expected.per_accepted, "small usd")]
    console.print()
    _table("US dollars", rows, console)
    if expected.over_budget is not None and expected.over_budget > 0:
        console.print(
            Text(f"  run.budget_usd stops {100 * expected.over_budget:.0f} % of the simulated builds.", "yellow")
        )


def _notes(expected: Forecast) -> Iterator[str]:
    yield from expected.notes
    if expected.listed:
        yield f"List prices of {table().version}, which change: {', '.join(expected.listed)}."
    if expected.uncounted:
        roles = dict.fromkeys(spoken(role) for role, _ in expected.uncounted)
        yield f"No price is known for: {', '.join(roles)}. Their money is in no sum; give one in the manifest's prices."
    yield "Intervals hold 90 % of 1,000 simulated builds: how little is known of the rates, and the luck of the job itself."


def _table(title: str, rows: list[tuple[str, Range | None, str]], console: Console) -> None:
    grid = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    grid.add_column(title, header_style="bold", min_width=22)
    grid.add_column("expected", justify="right", min_width=12)
    grid.add_column("90 % interval", justify="right", min_width=20)
    for name, figure, unit in rows:
        if figure is None:
            grid.add_row(Text(name), _UNKNOWN, "")
        else:
            grid.add_row(Text(name), _figure(figure.mean, unit), _between(figure, unit))
    console.print(grid)


def _between(figure: Range, unit: str) -> str:
    low, high = _figure(figure.low, unit), _figure(figure.high, unit)
    return low if low == high else f"{low} to {high}"


def _figure(value: float, unit: str) -> str:
    if unit == "hours":
        return (
            f"{value:,.1f}" if value >= 1 else f"{60 * value:.2g} min" if value >= 1 / 60 else f"{3600 * value:.2g} s"
        )
    return f"{value:,.4f}" if unit == "small usd" else f"{value:,.2f}" if unit == "usd" else f"{value:,.0f}"
