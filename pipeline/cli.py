"""The command line: `x2i build | verify | show | report | truth | compare | review | serve | journal | whatif | mend
| inspect | plan | doctor | compose | reward-server | reward-sim | difficulty | export | release | verdicts | train`.

In: arguments. Out: exit code 0 when done (or already done), 1 when an output has problems or a run failed, 2 for bad usage or
a bad manifest, 3 when a build is written but nothing was kept or too much failed, or when the doctor says that a model will not
work, 4 when answers of a batch are still to come, 130 when a build was stopped. An expected failure prints one line on standard
error, never a traceback. When the reader of standard output leaves (`| head -1`), a build goes on; any other command ends with 1
and prints no error.
"""

import io
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from sqlalchemy.exc import SQLAlchemyError

from pipeline.commands import (
    building,
    composing,
    consulting,
    exporting,
    inspecting,
    looking,
    measuring,
    paying,
    releasing,
    reviewing,
    rewarding,
    serving,
    simulating,
    teaching,
    words,
)
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
    inspecting.inspect,
    paying.plan,
    paying.journal,
    paying.whatif,
    paying.mend,
    consulting.doctor,
    composing.compose,
    serving.serve,
    reviewing.review,
    exporting.export,
    releasing.release,
    rewarding.reward_server,
    simulating.reward_sim,
    measuring.difficulty,
):
    app.command()(command)
app.add_typer(teaching.app, name="train")
app.add_typer(releasing.verdicts, name="verdicts")


def _print_version(requested: bool) -> None:
    if requested:
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
    words.replace_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a character that the terminal lacks becomes a question mark
    try:
        app(standalone_mode=True)
    except BuildError as error:
        fail(error, error.exit_code)
    except SQLAlchemyError as error:
        fail(one_line(error), 1)
    except OSError as error:
        fail(one_line(error) if error.errno else error, 1)
    finally:
        words.flush_output()
