"""Commands about calls and money: `x2i plan | journal | whatif | mend`.

In: a manifest, or the folder of a build. Out: tables or JSON. None of them makes a call.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.looking import report_unreadable
from pipeline.commands.places import Database, ManifestPath, Out, Overrides, check_folder

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]


def _check_optional_folder(folder: Path | None) -> Path | None:
    return folder and check_folder(folder)


def plan(
    manifest: ManifestPath,
    measured: Annotated[
        Path | None,
        typer.Option(help="Take the rates from this build.", metavar="DIR", callback=_check_optional_folder),
    ] = None,
    declared: Annotated[
        Path | None, typer.Option(help="Take the rates from this file.", metavar="FILE", dir_okay=False, exists=True)
    ] = None,
    budget: Annotated[float | None, typer.Option(help="US dollars to spend.", min=0.01)] = None,
    solve: Annotated[
        bool, typer.Option("--solve", help="Find what --budget buys at most: mix, cascade, judging.")
    ] = False,
    set_: Overrides = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Estimate calls, tokens, images, money and hours of a build before it is paid, with 90 % intervals."""
    from pipeline.manifest.file import load
    from pipeline.views import plan as view

    if measured is not None and declared is not None:
        raise typer.BadParameter("--measured and --declared both name rates; give one of them")
    read = load(manifest, [*set_, *([] if budget is None else [f"run.budget_usd={budget}"])])
    if solve:
        from pipeline.views import solution

        if read.run.budget_usd is None:
            raise typer.BadParameter("--solve asks what a budget buys; give --budget, in US dollars")
        answer = solution.solution(read, measured, declared)
        print(solution.as_json(answer)) if as_json else solution.print_solution(read, answer, Console())
        return
    estimate = view.plan(read, measured, declared)
    if as_json:
        print(view.as_json(estimate))
    else:
        view.print_plan(estimate, Console())


def journal(out: Out, as_json: AsJson = False, database: Database = None) -> None:
    """Print what the journal of a build holds, what it saved, and what kills lost."""
    from pipeline.replay.figures import figures as read_figures
    from pipeline.views import journal as view

    with report_unreadable(out):
        figures = read_figures(out, database)
        if as_json:
            print(view.as_json(figures))
        else:
            view.print_journal(figures, Console())


def whatif(out: Out, set_: Overrides = [], as_json: AsJson = False, database: Database = None) -> None:  # noqa: B006
    """Replay a build under a changed policy, without a call: --set policy.reflection_rounds=2."""
    from pipeline.replay.whatif import whatif as replay
    from pipeline.views import whatif as view

    if not set_:
        raise typer.BadParameter("change a part of the policy, say --set policy.reflection_rounds=2")
    with report_unreadable(out):
        outcome = replay(out, set_, database)
        if as_json:
            print(view.as_json(outcome))
        else:
            view.print_whatif(outcome, Console())


def mend(out: Out, database: Database = None) -> None:
    """Remove damaged outcomes and answers from the database of a build; the next build makes them again."""
    from pipeline.replay.mend import mend_database

    with report_unreadable(out):
        lines = mend_database(out, database)
    print("\n".join(lines) if lines else f"{out}: no damaged row in its database.")
    if lines:
        print(f"{len(lines)} rows. Build again: what was deleted is made again, from the answers that are kept.")
