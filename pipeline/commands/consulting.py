"""The command that asks before a build does: `x2i doctor MANIFEST`.

In: a manifest. Out: what each of its models answers to one real question of each kind, and what will not work. Nothing is kept:
no journal is written, and images lie in a folder that is removed.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from pipeline.commands.places import ManifestPath, Overrides

WILL_NOT_WORK = 3


def doctor(
    manifest: ManifestPath,
    role: Annotated[
        list[str], typer.Option("--role", help="Only who plays this role; may be repeated.", metavar="ROLE")
    ] = [],  # noqa: B006
    page: Annotated[Path | None, typer.Option(help="Write a page with the pictures, too.", metavar="FILE")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether the calls may be paid.")] = False,
    timeout: Annotated[float, typer.Option(help="How long one call may take, in seconds.", min=1, max=3600)] = 600,
    set_: Overrides = [],  # noqa: B006
) -> None:
    """Ask each model one real question of each kind before a build does, and say what will not work."""
    import asyncio

    from pipeline.doctor.cases import make_cases
    from pipeline.doctor.consult import Practice, consult, quote
    from pipeline.doctor.findings import Checkup, works
    from pipeline.doctor.patients import patients, sample_size
    from pipeline.manifest.file import load
    from pipeline.manifest.identity import load_prompts
    from pipeline.run.practice import surgery
    from pipeline.storage.image_store import ImageStore
    from pipeline.views import doctor as view
    from pipeline.views.doctor_page import doctor_page

    console = Console(stderr=as_json)
    read = load(manifest, set_)
    _check_roles(role, [name for name, _ in read.models], manifest)
    everybody = patients(read, frozenset(role))
    with TemporaryDirectory(prefix="x2i-doctor-", ignore_cleanup_errors=True) as folder:
        store = ImageStore(str(Path(folder) / "store"))
        prompts = load_prompts(read.recipe, kits=read.models.kits.values())
        practice = Practice(read, make_cases(store, prompts, sample_size(read)), prompts, store, timeout)

        def say(line: str) -> None:
            console.print(line, markup=False, highlight=False)

        def tell(examination: Checkup) -> None:
            if as_json:
                say(f"{view.title_of(examination)}: {len(examination.exchanges)} calls in {examination.seconds:.1f} s")
            else:
                view.print_examination(examination, store, console)

        estimate = quote(practice, everybody)
        say(view.quote_line(estimate))
        if (estimate.usd or estimate.unpriced) and not yes:
            _confirm(as_json)
        with surgery(read, everybody, store, Path(folder), say) as opened:
            examinations = asyncio.run(consult(practice, everybody, opened.open, tell))
        if page is not None:
            doctor_page(read.name, examinations, store, page)
    if as_json:
        print(view.as_json(examinations))
    else:
        view.print_summary(examinations, console)
    if page is not None:
        say(f"The page: {page}")
    if not works(examinations):
        raise typer.Exit(WILL_NOT_WORK)


def _check_roles(asked: list[str], roles: list[str], manifest: Path) -> None:
    """Raises typer.BadParameter for a role that the manifest does not have."""
    for name in asked:
        if name not in roles:
            raise typer.BadParameter(
                f"there is no {name} in {manifest}; it has {', '.join(roles)}", param_hint="--role"
            )


def _confirm(quiet: bool) -> None:
    """Ask whether the calls may be paid. Raises typer.Exit(2) where the answer is no, or where nobody can be asked."""
    if not sys.stdin.isatty():
        raise typer.BadParameter(
            "these calls may cost money, and nobody can be asked here; say --yes to have them made"
        )
    if not typer.confirm("Ask them?", err=quiet):
        raise typer.Exit(2)
