"""The command that exports: `x2i export DIR --to TRAINER`.

In: an output folder, a trainer. Out: a folder in the form that this trainer reads, or what would be lost (`--check`).
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from pipeline.commands.places import Out, fail

TRAINERS = "bagel, ms-swift, trl, verl, webdataset, pairs, tokens"


def export(
    out: Out,
    to: Annotated[str, typer.Option("--to", help=f"The trainer: {TRAINERS}.", metavar="TRAINER")],
    form: Annotated[str | None, typer.Option(help="The form, where the trainer has several.", metavar="FORM")] = None,
    folder: Annotated[
        Path | None, typer.Option("--out", help="Write here (default: DIR-TRAINER-FORM).", metavar="FOLDER")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; say what would be lost.")] = False,
    allow_lossy: Annotated[bool, typer.Option("--allow-lossy", help="Export although something is lost.")] = False,
    decompose: Annotated[
        bool, typer.Option("--decompose", help="Single-turn rows instead of interleaved ones.")
    ] = False,
    model: Annotated[Path | None, typer.Option(help="The folder of the model whose tokens are wanted.")] = None,
    max_tokens: Annotated[
        int | None, typer.Option(help="BAGEL's max_num_tokens_per_sample, where it is raised.", min=1)
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a folder that exists.")] = False,
) -> None:
    """Write the shards in the form that a trainer reads, and say what is kept and lost."""
    from training.export import run
    from training.export.forms import find_form
    from training.export.problem import ExportProblem

    console = Console(stderr=True)
    try:
        chosen = find_form(to, form)
        order = run.ExportOrder(out, chosen, model, decompose, allow_lossy, overwrite, max_tokens)
        print(f"{chosen.trainer} {chosen.name} keeps {chosen.keeps}")
        if check:
            report = run.check(order)
            print("\n".join(report.lines or [f"nothing is lost of {report.rows} rows"]))
            return
        target = folder or out.parent / f"{out.resolve().name}-{chosen.trainer}-{chosen.name}"
        columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("rows", total=None)
            report = run.export(order, target, lambda done, total: progress.update(task, completed=done, total=total))
    except ExportProblem as error:
        fail(error, 2)
    print("\n".join(f"lost: {line}" for line in report.lines), end="\n" if report.lines else "")
    written = ", ".join(f"{count} {split}" for split, count in report.written)
    print(f"{target}: {written} rows")
