"""The command line: `x2i build | verify | show | report | truth | compare`.

In: arguments. Out: exit code 0 when done (or already done), 1 when an output has problems or a run failed, 2 for bad usage or
a bad manifest. An expected failure is said in one line on standard error, never as a traceback.
"""

import io
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from pipeline.errors import BuildError, one_line

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Builds the data that teaches unified multimodal models when to think harder.",
)


def _there(folder: Path) -> Path:
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: there is no such folder; name the folder of a build, such as build/demo")
    return folder


def _print_version(wanted: bool) -> None:
    if wanted:
        print(version("x2i-ladder"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Builds the data that teaches unified multimodal models when to think harder."""


Out = Annotated[Path, typer.Argument(help="An output folder, such as build/demo.", metavar="DIR", callback=_there)]


@app.command()
def build(
    manifest: Annotated[Path, typer.Argument(help="A manifest, such as manifests/demo.yaml.", metavar="MANIFEST")],
    out: Annotated[Path | None, typer.Option(help="Output folder (default: build/NAME).", metavar="DIR")] = None,
    set_: Annotated[
        list[str],
        typer.Option(
            "--set", help="Override one value; may be repeated: --set run.concurrency=64.", metavar="KEY=VALUE"
        ),
    ] = [],  # noqa: B006
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output of another manifest.")] = False,
) -> None:
    """Build the data set of MANIFEST; go on where an earlier build stopped."""
    from pipeline.build import build as build_into  # here, because Ray takes seconds to import
    from pipeline.manifest_file import load

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite kill ends as Ctrl-C does
    console = Console()
    wanted = load(manifest, set_)
    folder = out or Path("build") / wanted.name
    try:
        built = build_into(wanted, folder, overwrite, console)
    except KeyboardInterrupt:
        _fail("stopped; type the same command again to go on", 130)
    if built:
        console.print(
            f"Done: {folder} (report: {folder / 'report.html'})", markup=False, highlight=False, soft_wrap=True
        )
    else:
        console.print(f"{folder} is finished already: nothing to do.", markup=False, highlight=False, soft_wrap=True)


@app.command()
def verify(out: Out) -> None:
    """Check an output: schemas, masks, counts, checksums, images, references, splits, shortcuts."""
    from pipeline.output.verify import examine

    found = examine(out)
    for line in (*found.notes, *map(str, found.problems)):
        print(line)
    if found.problems:
        print(
            f"{len(found.problems)} problems. To write the shards again without a call: remove {out}/run.json, build again."
        )
        raise typer.Exit(1)
    print(f"{out}: no problems found.")


@app.command()
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
    with _readable(out):
        if html:
            print(show_page(out, sample, file))
        else:
            print_sample(out, sample, Console())


@app.command()
def report(out: Out) -> None:
    """Write report.html: flow, yields, calls, quality, agreement, truth, ledger, losses, and a gallery."""
    from pipeline.views.report import report as write_report

    with _readable(out):
        print(write_report(out))


@app.command()
def truth(out: Out, as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False) -> None:
    """Print how true an output is, where the truth is known, and what that cost: all shares with their intervals."""
    from pipeline.views import truth as view

    with _readable(out):
        found = view.measure(out)
        if as_json:
            print(view.as_json(found))
        else:
            view.print_truth(found, Console())


@app.command()
def compare(
    first: Annotated[Path, typer.Argument(help="An output folder.", metavar="RUN_A", callback=_there)],
    second: Annotated[Path, typer.Argument(help="Another one.", metavar="RUN_B", callback=_there)],
    html: Annotated[Path | None, typer.Option(help="Write a page instead, and print its path.", metavar="FILE")] = None,
) -> None:
    """Print two builds side by side: yields, calls, pass rates, scores, truth, and what differs in what went in."""
    from pipeline.views.compare import comparison_page, print_comparison
    from pipeline.views.comparison import side_by_side
    from pipeline.views.tables.reading import read

    readings = []
    for out in (first, second):
        with _readable(out):
            readings.append(read(out))
    with _readable(second):
        found = side_by_side(*readings)
        if html is None:
            print_comparison(found, Console())
        else:
            print(comparison_page(found, html))


def main() -> None:
    """The entry point of `x2i`."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows a mark instead
    try:
        app(standalone_mode=True)
    except BuildError as error:
        _fail(error, error.exit_code)
    except OSError as error:
        _fail(one_line(error) if error.errno else error, 1)


@contextmanager
def _readable(out: Path) -> Iterator[None]:
    """Say in one line that an output cannot be read, or that it does not hold what was asked for."""
    try:
        yield
    except FileNotFoundError as error:
        finished = (out / "run.json").exists()
        _fail(
            f"{out}: {one_line(error)}" if finished else f"{out}: the build is not finished; build it to its end first",
            2,
        )
    except LookupError as error:
        _fail(error.args[0], 2)
    except (ValueError, TypeError, ImportError, ArithmeticError, RecursionError, SyntaxError) as error:  # damaged files
        _fail(f"{out}: {one_line(error)}; x2i verify {out} tells more", 1)


def _fail(what: object, code: int) -> NoReturn:
    print(f"x2i: {what}", file=sys.stderr)
    raise SystemExit(code)
