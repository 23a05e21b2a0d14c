"""What commands have in common: folder and manifest arguments, overrides, and how a command fails.

In: arguments. Out: checked arguments, or one line on standard error and an exit code.
"""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pipeline.views.text import cut, plain

LONGEST_LINE = 2000
"""A server's words may be of any length."""


def check_folder(folder: Path) -> Path:
    """Return `folder` itself. Raises SystemExit(2) when there is no such folder."""
    if not folder.is_dir():
        fail(f"{folder}: there is no such folder; name the folder of a build, such as build/demo", 2)
    return folder


def fail(what: object, code: int) -> NoReturn:
    """Print `what` is wrong on standard error, in lines of at most `LONGEST_LINE` characters. Raises SystemExit(`code`)."""
    lines = plain(str(what)).split("\n")
    print("x2i: " + "\n".join(cut(line, LONGEST_LINE) for line in lines), file=sys.stderr)
    raise SystemExit(code)


Out = Annotated[
    Path, typer.Argument(help="An output folder, such as build/demo.", metavar="DIR", callback=check_folder)
]
ManifestPath = Annotated[Path, typer.Argument(help="A manifest, such as manifests/demo.yaml.", metavar="MANIFEST")]
Database = Annotated[
    str | None, typer.Option(help="The database's URL, where it has a password.", envvar="X2I_DATABASE", metavar="URL")
]
Overrides = Annotated[
    list[str],
    typer.Option("--set", help="Override one value; may be repeated: --set run.concurrency=64.", metavar="KEY=VALUE"),
]
