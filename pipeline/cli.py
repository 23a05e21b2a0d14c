"""The command line: `x2i build | verify | show | report | truth | compare | serve | journal | whatif | plan`.

In: arguments. Out: exit code 0 when done (or already done), 1 when an output has problems or a run failed, 2 for bad usage or
a bad manifest, 130 when a build was stopped. An expected failure is said in one line on standard error, never as a traceback.
Whoever reads only the beginning (`| head -1`) ends a command that looks, silently and with 1; a build goes on.
"""

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from pipeline.commands import building, looking, paying, serving, words
from pipeline.commands.places import fail
from pipeline.errors import BuildError, one_line

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Builds the data that teaches unified multimodal models when to think harder.",
)

for command in (
    building.build,
    looking.verify,
    looking.show,
    looking.report,
    looking.truth,
    looking.compare,
    paying.plan,
    paying.journal,
    paying.whatif,
    serving.serve,
):
    app.command()(command)


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


def main() -> None:
    """The entry point of `x2i`."""
    words.stand_in()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character shows a mark instead
    try:
        app(standalone_mode=True)
    except BuildError as error:
        fail(error, error.exit_code)
    except OSError as error:
        fail(one_line(error) if error.errno else error, 1)
    finally:
        words.hand_over()
