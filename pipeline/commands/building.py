"""The command that builds: `x2i build`.

In: a manifest and where to. Out: an output folder, or the one line that says why not and how to go on.
"""

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.places import Overrides, Wanted, fail


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
    from pipeline.build import Wish  # here, because Ray takes seconds to import
    from pipeline.build import build as build_into
    from pipeline.manifest_file import load

    for number in (signal.SIGTERM, signal.SIGHUP):  # a polite kill, and a terminal that closes, end as Ctrl-C does
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    if overwrite and fork:
        raise typer.BadParameter("--fork keeps what is there and --overwrite removes it; say one of them")
    console = Console()
    wanted = load(manifest, set_)
    folder = out or Path("build") / wanted.name
    try:
        built = build_into(wanted, folder, Wish(overwrite, fork, retry_failed), console)
    except KeyboardInterrupt:
        fail("stopped; what has arrived is kept: type the same command again to go on", 130)
    if built:
        console.print(
            f"Done: {folder} (report: {folder / 'report.html'})", markup=False, highlight=False, soft_wrap=True
        )
    else:
        console.print(f"{folder} is finished already: nothing to do.", markup=False, highlight=False, soft_wrap=True)
