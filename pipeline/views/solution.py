"""`x2i plan --budget N --solve`: what a budget buys at most, and by which policy and mix.

In: a manifest with a budget; an earlier build or a file of declared rates. Out: a `Solution` as a table, or as JSON.
"""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from pipeline.forecast.declaration import declaration
from pipeline.forecast.learned import learned
from pipeline.forecast.planned import planned
from pipeline.forecast.solve import Solution, solve
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.sources.files import TableError
from pipeline.views.text import clip


def solution(manifest: Manifest, measured: Path | None, declared: Path | None) -> Solution:
    """The best that `run.budget_usd` buys. Raises pipeline.errors.BuildError, OSError."""
    rates = declaration(declared) if measured is None else learned(measured, manifest, declaration(declared))
    try:
        return solve(manifest, rates, planned(manifest), manifest.run.budget_usd or 0.0)
    except TableError as error:
        raise ManifestError(f"sources: {error}") from error


def as_json(answer: Solution) -> str:
    """All figures, and the settings to give to `x2i build`."""
    figures = {name: value for name, value in asdict(answer).items() if name != "choice"}
    return json.dumps({"settings": answer.choice.settings, **figures}, indent=2)


def print_solution(manifest: Manifest, answer: Solution, console: Console) -> None:
    """The answer in a sentence; then the mix, the policy, and what the manifest as it stands would buy."""
    console.print(Text(_sentence(manifest, answer), "bold"))
    grid = Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")
    grid.add_column("Source", header_style="bold", min_width=22)
    grid.add_column("samples at most", justify="right", no_wrap=True)
    whole = sum(answer.samples.values())
    grid.add_column("share", justify="right", no_wrap=True)
    for name, n in answer.samples.items():
        grid.add_row(Text(clip(name, 40)), f"{n:,.0f}", f"{n / whole:.0%}")
    console.print(grid)
    rows = ", ".join(f"{slot} {n:,.0f}" for slot, n in answer.rows.items())
    console.print(Text(f"Rows: {rows}."))
    if answer.choice.settings:
        console.print(
            Text("Policy: " + " ".join(f"--set '{setting}'" for setting in answer.choice.settings)), soft_wrap=True
        )
        console.print(Text(f"With the manifest's own policy the same money buys {answer.own:,.0f} rows."))
    else:
        console.print(Text("Policy: the manifest's own."))
    if unknown := [name for name in manifest.models.generators if name not in answer.known]:
        note = f"No rates are known of {', '.join(unknown)}: only the manifest's own policy draws with them."
        console.print(Text(note, "dim"))
    console.print(
        Text(f"The best of {answer.tried} policies tried. Rates decide: x2i plan says where they come from.", "dim")
    )


def _sentence(manifest: Manifest, answer: Solution) -> str:
    accepted, budget = answer.accepted, manifest.run.budget_usd or 0.0
    asked = "" if answer.asked is None else f" of your {answer.asked:,}"
    between = f"(9 times in 10: {accepted.low:,.0f} to {accepted.high:,.0f})"
    spent = f" for about ${answer.usd:,.2f}" if answer.usd < 0.99 * budget else ""
    return f"${budget:,.2f} buys {accepted.mean:,.0f}{asked} rows{spent} {between}."
