"""The command that tries rewards out: `x2i reward-sim [DIR]`.

In: a build, or a group in figures, and how rewards are made. Out: which mode wins on prompts of each difficulty, as tables or
a page.
"""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.commands.looking import report_unreadable
from pipeline.commands.places import check_folder
from pipeline.commands.rewarding import Eps, MustPass, PenaltyKind, Scale, Weight, settings_of

if TYPE_CHECKING:
    from pipeline.views.reward_sim import SimulationShown
    from stages.rung import Recipe
    from training.rewards.settings import RewardSettings


def reward_sim(
    out: Annotated[
        Path | None,
        typer.Argument(
            help="An output folder (default: figure 3 of the paper).",
            metavar="[DIR]",
            callback=lambda folder: folder and check_folder(folder),
        ),
    ] = None,
    figures: Annotated[
        str | None, typer.Option(help="One group instead: totals and images.", metavar="'0.91x2 0.89x4 ...'")
    ] = None,
    weights: Weight = "0.7,0.1,0.2",
    eps: Eps = 0.05,
    penalty: PenaltyKind = "multiply",
    scaling: Scale = "quarters",
    must_pass: MustPass = False,
    html: Annotated[Path | None, typer.Option(help="Write a page, too, and print its path.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
) -> None:
    """Show which mode wins on prompts of each difficulty under given rewards, by the record of a build."""
    from pipeline.output import run_json
    from pipeline.views import reward_sim as view
    from pipeline.views.looks import mode_looks
    from training.rewards.figures import FIGURE_3, planted

    settings = settings_of(weights, eps, penalty, scaling, must_pass)
    if out is None or figures is not None:
        if out is not None:
            raise typer.BadParameter("a folder and --figures are two things to look at; name one of them")
        if html is not None or as_json or must_pass:
            raise typer.BadParameter("--html, --json and --must-pass are for a build; name its folder")
        try:
            group = planted(FIGURE_3 if figures is None else figures, settings)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--figures") from None
        view.print_group(group, penalty, Console())
        return
    with report_unreadable(out):
        run = run_json.read(out)
        recipe = run_json.recipe_of(run)
        shown = _simulations(out, recipe, settings)
    chosen = next(one for one in shown if one.penalty == penalty)
    if as_json:
        print(view.as_json(shown))
    else:
        view.print_simulation(chosen, shown, mode_looks(recipe), Console())
    if html is not None:
        words = {"weights": weights, "penalty": view.PENALTIES[penalty], "eps": f"{eps:g}", "scaling": scaling}
        words["competes"] = "who passes" if must_pass else "whoever comes near"
        print(view.simulation_page(run.name, words, chosen, shown, mode_looks(recipe), html))


def _simulations(out: Path, recipe: "Recipe", settings: "RewardSettings") -> "list[SimulationShown]":
    """The simulation under each kind of penalty. Raises ValueError where no sample can be compared, OSError."""
    from pipeline.output.record import recorded
    from pipeline.views import reward_sim as view
    from training.rewards.simulate import simulate, ways_of

    ways = ways_of((row.trajectory for row in recorded(out)), recipe)
    if not ways:
        raise ValueError("no sample of its record was judged against its whole instruction, so nothing can be compared")
    shown = []
    for kind in view.PENALTIES:
        simulation = simulate(ways, settings.model_copy(update={"penalty": kind}), recipe)
        standings = [view.StandingShown(**asdict(one)) for one in simulation.standings]
        shown.append(view.SimulationShown(kind, standings, simulation.prompts, simulation.inversions))
    return shown
