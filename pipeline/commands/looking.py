"""Commands that look at an output: `x2i verify | show | report | truth | compare`.

In: the folder of a build. Out: words, tables or pages. Nothing here calls a model or changes a row.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.places import Database, Out, check_folder, fail
from pipeline.errors import one_line


def verify(out: Out, database: Database = None) -> None:
    """Check an output: schemas, masks, counts, checksums, images, references, splits, shortcuts, and its database."""
    from pipeline.output.lock import DATABASE
    from pipeline.output.verify import examine
    from pipeline.release.check import examine_release, is_release

    if (out / "manifest.lock.yaml").exists() and not (out / "run.json").exists():
        fail(f"{out}: the build is not finished; build it to its end first", 1)
    examination = examine_release(out) if is_release(out) else examine(out, database=database)
    for line in (*examination.notes, *map(str, examination.problems)):
        print(line)
    if examination.problems:
        count = len(examination.problems)
        way = "To write the shards again without a call: remove {out}/run.json, build again."
        if is_release(out):
            way = "To write the release again: x2i release DIR --to {out}, with the build's folder."
        elif all(problem.file in (DATABASE, "database") for problem in examination.problems):
            way = "The shards are whole."  # and would be written from a damaged database
        elif all(problem.of_models for problem in examination.problems):
            way = "The shards are whole; written again they would be alike: it lies in what models made, see report.html, Style."
        elif all(problem.of_form for problem in examination.problems):
            way = "Nothing is damaged."
        print(f"{count} problem{'s' * (count > 1)}. {way.format(out=out)}")
        raise typer.Exit(1)
    print(f"{out}: no problems found.")


def show(
    out: Out,
    sample: Annotated[str, typer.Argument(help="A sample id, its beginning, or source/row id.", metavar="ID")],
    file: Annotated[
        Path | None, typer.Argument(help="With --html: where to (default: DIR/show-ID.html).", metavar="FILE")
    ] = None,
    html: Annotated[bool, typer.Option("--html", help="Write one page instead, and print its path.")] = False,
) -> None:
    """Print one trajectory in the terminal, or write it as a page: x2i show DIR ID --html [FILE]."""
    from pipeline.views.show import show as print_sample
    from pipeline.views.show_page import show_page

    if file is not None and not html:
        raise typer.BadParameter(f"{file} is a place for a page, and no page was asked for; add --html")
    with report_unreadable(out):
        if html:
            print(show_page(out, sample, file))
        else:
            print_sample(out, sample, Console())


def report(out: Out) -> None:
    """Write report.html: flow, yields, calls, quality, agreement, voice, style, truth, ledger, losses, and a gallery."""
    from pipeline.views.report import report as write_report

    with report_unreadable(out):
        print(write_report(out))


def truth(out: Out, as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False) -> None:
    """Print how true an output is, where the truth is known, and what that cost: all shares with their intervals."""
    from pipeline.views import truth as view

    with report_unreadable(out):
        figures = view.measure(out)
        if as_json:
            print(view.as_json(figures))
        else:
            view.print_truth(figures, Console())


def compare(
    first: Annotated[Path, typer.Argument(help="An output folder.", metavar="RUN_A", callback=check_folder)],
    second: Annotated[Path, typer.Argument(help="Another one.", metavar="RUN_B", callback=check_folder)],
    html: Annotated[Path | None, typer.Option(help="Write a page instead, and print its path.", metavar="FILE")] = None,
) -> None:
    """Print two builds side by side: yields, calls, pass rates, scores, truth, and what differs in what went in."""
    from pipeline.views.compare import comparison_page, print_comparison
    from pipeline.views.comparison import side_by_side
    from pipeline.views.tables.reading import read

    readings = []
    for out in (first, second):
        with report_unreadable(out):
            readings.append(read(out))
    with report_unreadable(second):
        comparison = side_by_side(*readings)
        if html is None:
            print_comparison(comparison, Console())
        else:
            print(comparison_page(comparison, html))


@contextmanager
def report_unreadable(out: Path) -> Iterator[None]:
    """Turn errors about an output into one line: it cannot be read, or does not hold what was asked for. Raises SystemExit."""
    try:
        yield
    except FileNotFoundError as error:
        finished = (out / "run.json").exists()
        fail(
            f"{out}: {one_line(error)}" if finished else f"{out}: the build is not finished; build it to its end first",
            2,
        )
    except LookupError as error:
        fail(error.args[0], 2)
    except (ValueError, TypeError, ImportError, ArithmeticError, RecursionError, SyntaxError) as error:  # damaged files
        fail(f"{out}: {one_line(error)}; x2i verify {out} tells more", 1)
