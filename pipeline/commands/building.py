"""The command that builds: `x2i build`.

In: a manifest and where to. Out: an output folder, or the one line that says why not and how to go on.
"""

import io
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.places import Overrides, Wanted, fail
from pipeline.commands.words import lasting


def build(
    manifest: Wanted,
    out: Annotated[Path | None, typer.Option(help="Output folder (default: build/NAME).", metavar="DIR")] = None,
    set_: Overrides = [],  # noqa: B006
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output of another manifest.")] = False,
    fork: Annotated[
        bool, typer.Option("--fork", help="Go on under a changed manifest: what is asked alike is not asked again.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Let samples climb again that failed by a model's answer.")
    ] = False,
) -> None:
    """Build the data set of MANIFEST; go on where an earlier build stopped."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # a polite kill, and a terminal that closes, end as Ctrl-C does
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    if overwrite and fork:
        raise typer.BadParameter("--fork keeps what is there and --overwrite removes it; say one of them")
    try:
        _build(manifest, out, set_, overwrite, fork, retry_failed)
    except KeyboardInterrupt as stopped:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # it ends already
        fail(str(stopped) or "stopped; what has arrived is kept: type the same command again to go on", 130)


def _build(manifest: Path, out: Path | None, set_: list[str], overwrite: bool, fork: bool, retry_failed: bool) -> None:
    from pipeline.build import Wish, build  # here, because Ray takes seconds to import
    from pipeline.manifest.file import load

    console = Console(file=lasting(sys.stdout) if isinstance(sys.stdout, io.TextIOWrapper) else None)
    wanted = load(manifest, set_)
    folder = out or Path("build") / wanted.name
    if build(wanted, folder, Wish(overwrite, fork, retry_failed), console):
        said = f"Done: {folder} (report: {folder / 'report.html'})"
    else:
        said = f"{folder} is finished already: nothing to do."
    console.print(said, markup=False, highlight=False, soft_wrap=True)
