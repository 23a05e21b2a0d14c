"""The command that looks at a source before anything is spent on it: `x2i inspect SOURCE`.

In: a source of a manifest, or a file. Out: tables in the terminal and, if asked for, a page. Nothing is stored, no model is called.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from pipeline.commands.places import Overrides
from pipeline.errors import BuildError
from pipeline.typed import suggestion

if TYPE_CHECKING:
    from pipeline.backends.world.source import WorldSpec
    from pipeline.manifest.spec import Manifest
    from pipeline.screening.spec import ScreensSpec
    from pipeline.sources.spec import TableSpec
    from pipeline.views.inspection.findings import Inspection

SAMPLE_ROWS = 2_000


def inspect(
    source: Annotated[
        str,
        typer.Argument(
            help="A file, folder or pattern; PRESET=PATH; with --manifest, a source's name.", metavar="SOURCE"
        ),
    ],
    manifest: Annotated[
        Path | None, typer.Option("--manifest", "-m", help="The manifest that has the source.", metavar="MANIFEST")
    ] = None,
    column: Annotated[
        list[str],
        typer.Option(help="Which column holds what: --column instruction=edit.", metavar="FIELD=COLUMN"),
    ] = [],  # noqa: B006
    images: Annotated[
        Path | None, typer.Option(help="The folder below which the pictures lie.", metavar="FOLDER")
    ] = None,
    against: Annotated[
        list[str],
        typer.Option(
            help="An evaluation set: its preset, or the column of its prompts, and its file.", metavar="PRESET=FILE"
        ),
    ] = [],  # noqa: B006
    rows: Annotated[int, typer.Option(help="Rows to look at, spread over the source.", min=1)] = SAMPLE_ROWS,
    whole: Annotated[bool, typer.Option("--all", help="Look at all of it.")] = False,
    page: Annotated[Path | None, typer.Option(help="Write a page, too.", metavar="FILE")] = None,
    set_: Overrides = [],  # noqa: B006
) -> None:
    """Look at a source: how much, what about, how long, how large, in which languages, what repeats, what is contaminated."""
    from pipeline.sources.spec import TableSpec
    from pipeline.views.inspection.guessing import preset_of, say_mapping
    from pipeline.views.inspection.page import inspection_page
    from pipeline.views.inspection.terminal import print_inspection

    columns = dict(_parted(text, "--column") for text in column)
    if manifest is not None and (columns or images):
        raise typer.BadParameter("the manifest says which columns and images a source has; leave these options out")
    read = _load(manifest, set_)
    spec = _from_manifest(read, source) if read is not None else _from_file(source, columns, images)
    notice = Console(stderr=True)
    is_guessed = read is None and preset_of(source) is None
    if isinstance(spec, TableSpec) and is_guessed and (line := say_mapping(spec, columns)):
        notice.print(line, markup=False, highlight=False)
    inspection = _look(spec, read, against, None if whole else rows)
    print_inspection(inspection, Console(width=None if Console().is_terminal else 80))
    if page is not None:
        notice.print(f"Wrote {inspection_page(inspection, page)}.", markup=False, highlight=False)


def _look(
    spec: "TableSpec | WorldSpec", manifest: "Manifest | None", against: Sequence[str], most: int | None
) -> "Inspection":
    """Look at `most` rows of a source (None: at all) through the manifest's screens, or the usual ones. Raises BuildError."""
    from pipeline.screening.screen import Screen
    from pipeline.sources.files import TableError
    from pipeline.sources.spec import TableSpec
    from pipeline.views.inspection.findings import Inspection, gather
    from pipeline.views.inspection.looking import count_rows, see_table, see_world

    screens, own = _screens(manifest, against)
    workers = os.cpu_count() or 1
    try:
        inspection = Inspection(
            name=spec.name,
            where=spec.path if isinstance(spec, TableSpec) else "made by the world",
            total=count_rows(spec),
            asked_for=most,
            screens_of_manifest=own,
            evaluation_sets=[table.name for table in screens.decontaminate],
        )
        with Screen(screens, None) as screen:
            seen = (
                see_table(spec, most, workers)
                if isinstance(spec, TableSpec)
                else see_world(spec, manifest.seed if manifest is not None else 0, most, workers)
            )
            gather(inspection, seen, screen)
    except TableError as error:
        raise BuildError(str(error)) from error
    return inspection


def _load(manifest: Path | None, overrides: Sequence[str]) -> "Manifest | None":
    from pipeline.manifest.file import load

    if manifest is None and overrides:
        raise typer.BadParameter("--set changes a manifest; name one with --manifest")
    return None if manifest is None else load(manifest, overrides)


def _from_manifest(manifest: "Manifest", name: str) -> "TableSpec | WorldSpec":
    sources = {spec.name: spec for spec in manifest.sources}
    if name not in sources:
        raise BuildError(f"the manifest has no source {name}; {suggestion(name, sources, 'sources')}")
    return sources[name]


def _from_file(path: str, columns: dict[str, str], images: Path | None) -> "TableSpec":
    from pipeline.views.inspection.guessing import guess_table, preset_of, preset_table

    folder = None if images is None else str(images)
    if (named := preset_of(path)) is not None:
        return preset_table(*named, columns, folder)
    return guess_table(path, columns, folder)


def _screens(manifest: "Manifest | None", against: Sequence[str]) -> "tuple[ScreensSpec, bool]":
    """The screens to look through, and whether they are the manifest's own."""
    from pipeline.screening.spec import Duplicates, ImageScreen, ScreensSpec, UnsafeScreen

    sets = tuple(_evaluation_set(text) for text in against)
    own = manifest is not None and manifest.screens.is_on
    base = (
        manifest.screens
        if manifest is not None and own
        else ScreensSpec(
            duplicates=Duplicates(exact=True, near_text=0.85, near_images=3),
            images=ImageScreen(min_contrast=2),
            unsafe=UnsafeScreen(words=True),
        )
    )
    return base.model_copy(update={"decontaminate": (*base.decontaminate, *sets)}), own


def _evaluation_set(text: str) -> "TableSpec":
    """The prompts of PRESET=FILE or COLUMN=FILE; its pictures, which are seldom at hand, are not looked at."""
    from pipeline.views.inspection.guessing import guess_table, without_pictures

    name, path = _parted(text, "--against")
    return without_pictures(name, path) or guess_table(path, {"instruction": name}, None)


def _parted(text: str, option: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise typer.BadParameter(f"{text!r} is not of the form NAME=VALUE", param_hint=option)
    return name, value
