"""The command line: `x2i build | verify | show | report`.

In: arguments. Out: exit code 0 when done (or already done), 1 when an output has problems or a run failed, 2 for bad usage or
a bad manifest. An expected failure is said in one line on standard error, never as a traceback.
"""

import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Annotated, NoReturn

import ray.exceptions
import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from pipeline import build as building
from pipeline.hub import RunStopped, one_line
from pipeline.lock import OutputError
from pipeline.manifest import ManifestError
from pipeline.manifest_file import load
from pipeline.output.shards import RowTooLarge
from pipeline.output.verify import examine
from pipeline.views.report import report as write_report
from pipeline.views.show import show as print_sample

GO_ON = "mend the cause and type the same command again to go on"

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


Out = Annotated[Path, typer.Argument(help="An output folder, such as build/demo.", metavar="DIR", callback=_there)]


@app.command()
def build(
    manifest: Annotated[Path, typer.Argument(help="A manifest, such as manifests/demo.yaml.")],
    out: Annotated[Path | None, typer.Option(help="Output folder [default: build/<name>].", metavar="DIR")] = None,
    set_: Annotated[
        list[str], typer.Option("--set", help="Override one value of the manifest.", metavar="KEY=VALUE")
    ] = [],  # noqa: B006
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output of another manifest.")] = False,
) -> None:
    """Build the data set of MANIFEST; go on where an earlier build stopped."""
    console = Console()
    wanted = load(manifest, set_)
    folder = out or Path("build") / wanted.name
    try:
        built = building.build(wanted, folder, overwrite, console)
    except KeyboardInterrupt:
        _fail("stopped; type the same command again to go on", 130)
    if built:
        console.print(f"Done: {folder} (report: {folder / 'report.html'})")
    else:
        console.print(f"{folder} is finished already: nothing to do.")


@app.command()
def verify(out: Out) -> None:
    """Check an output: schemas, masks, counts, checksums, images, references, splits, shortcuts."""
    found = examine(out)
    for line in (*found.notes, *map(str, found.problems)):
        print(line)
    if found.problems:
        raise typer.Exit(1)
    print(f"{out}: no problems found.")


@app.command()
def show(out: Out, sample: Annotated[str, typer.Argument(help="A sample id, or its beginning.", metavar="ID")]) -> None:
    """Print one trajectory in the terminal."""
    print_sample(out, sample, Console())


@app.command()
def report(out: Out) -> None:
    """Write report.html: the funnel and a gallery per mode."""
    print(write_report(out))


def main() -> None:
    """The entry point of `x2i`."""
    try:
        app(standalone_mode=True)
    except (ManifestError, OutputError) as error:
        _fail(error, 2)
    except (LookupError, FileNotFoundError) as error:
        _fail(error.args[0] if isinstance(error, KeyError) else error, 2)
    except (RunStopped, RowTooLarge) as error:
        _fail(f"the run stopped: {error}; {GO_ON}", 1)
    except (ray.exceptions.RayError, SQLAlchemyError, BrokenProcessPool, OSError) as error:
        _fail(f"the run stopped: {one_line(error)}; {GO_ON}", 1)


def _fail(what: object, code: int) -> NoReturn:
    print(f"x2i: {what}", file=sys.stderr)
    raise SystemExit(code)
