"""The command that builds: `x2i build`.

In: a manifest and the output folder. Out: the built data set, or one line that says why not and how to go on.
"""

import io
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.places import ManifestPath, Overrides, fail
from pipeline.commands.words import make_lasting


def build(
    manifest: ManifestPath,
    out: Annotated[Path | None, typer.Option(help="Output folder (default: build/NAME).", metavar="DIR")] = None,
    set_: Overrides = [],  # noqa: B006
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the output of another manifest.")] = False,
    fork: Annotated[
        bool, typer.Option("--fork", help="Go on under a changed manifest: what is asked alike is not asked again.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Let samples climb again that failed by a model's answer.")
    ] = False,
    import_record: Annotated[
        bool, typer.Option("--import-record", help="Where the journal is lost, take over what the output knows of it.")
    ] = False,
) -> None:
    """Build the data set of MANIFEST; go on where an earlier build stopped."""
    for number in (signal.SIGTERM, signal.SIGHUP):  # SIGTERM, and a terminal that closes, end a build as Ctrl-C does
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    if overwrite and fork:
        raise typer.BadParameter("--fork keeps what is there and --overwrite removes it; say one of them")
    if overwrite and import_record:
        raise typer.BadParameter("--import-record takes over what is there and --overwrite removes it; say one of them")
    try:
        _build(
            manifest,
            out,
            set_,
            {"overwrite": overwrite, "fork": fork, "retry_failed": retry_failed, "import_record": import_record},
        )
    except KeyboardInterrupt as interrupt:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)  # the process is ending already
        fail(str(interrupt) or "stopped; what has arrived is kept: type the same command again to go on", 130)


def _build(path: Path, out: Path | None, set_: list[str], options: dict[str, bool]) -> None:
    from pipeline.build import Wish, build  # here, because Ray takes seconds to import
    from pipeline.manifest.file import load
    from pipeline.output.ending import EXIT_CODE, problem_of
    from pipeline.output.run_json import read

    console = Console(file=make_lasting(sys.stdout) if isinstance(sys.stdout, io.TextIOWrapper) else None)
    manifest = load(path, set_)
    folder = out or Path("build") / manifest.name
    is_new = build(manifest, folder, Wish(**options), console)
    problem = problem_of(read(folder), manifest.run.max_failed)
    if problem is not None:
        fail(
            f"{folder} is {'written' if is_new else 'finished already'}, but {problem} ({folder / 'report.html'})",
            EXIT_CODE,
        )
    done = f"Done: {folder} (report: {folder / 'report.html'})"
    message = done if is_new else f"{folder} is finished already: nothing to do."
    console.print(message, markup=False, highlight=False, soft_wrap=True)
