"""The command that makes compound instructions: `x2i compose MANIFEST`.

In: a manifest, whose sources hold single edits. Out: a source of compound and multi-reference instructions, in a folder. What an
Analyzer was asked and answered lies there, too, and is never paid twice.
"""

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from pipeline.commands.places import ManifestPath, Overrides, fail

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Sequence

    from pipeline.composing.compounds import Compound
    from pipeline.manifest.spec import Manifest

MOST_CLAUSES = 6


def compose(
    manifest: ManifestPath,
    out: Annotated[
        Path | None, typer.Option(help="Where to write (default: build/NAME-compounds).", metavar="DIR")
    ] = None,
    count: Annotated[int, typer.Option(help="How many instructions to make at most.", min=1)] = 500,
    clauses: Annotated[str, typer.Option(help="How many edits to join, 2 to 6.", metavar="FROM-TO")] = "2-6",
    pairs: Annotated[float, typer.Option(help="The share that borrows from a second reference.", min=0, max=1)] = 0.2,
    words: Annotated[
        Literal["rules", "analyzer"], typer.Option(help="Who words them: varied templates, or the manifest's Analyzer.")
    ] = "rules",
    allow_licence: Annotated[
        list[str], typer.Option(help="Only rows of this licence; may be repeated.", metavar="LICENCE")
    ] = [],  # noqa: B006
    form: Annotated[Literal["jsonl", "parquet"], typer.Option(help="The form of the table.")] = "jsonl",
    set_: Overrides = [],  # noqa: B006
) -> None:
    """Join the single edits of MANIFEST's sources into compound and multi-reference instructions: a source for `build`."""
    from pipeline.composing.output import write
    from pipeline.composing.work import ComposingOrder, make, parents_of
    from pipeline.manifest.file import load
    from pipeline.output.lock import hold
    from pipeline.storage.image_store import ImageStore

    least, most = _clauses(clauses)
    read = load(manifest, set_)
    folder = out or Path("build") / f"{read.name}-compounds"
    console = Console(stderr=True)

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    order = ComposingOrder(count, least, most, pairs, tuple(allow_licence), read.seed)
    with hold(folder):
        store = ImageStore(str(folder / "store"))
        parents = parents_of(read, store, order, read.run.workers or 2)
        compounds = make(parents, order)
    if not compounds:
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in parents.left_out.most_common(4)) or "no row was left out"
        fail(
            f"{manifest}: no two edits of one reference can stand together ({reasons}); name sources with several single "
            "edits a picture",
            1,
        )
    if words == "analyzer":
        compounds, unchanged = _reword(read, compounds, folder, tell)
        for reason, n in unchanged.most_common():
            tell(f"{n:,} keep the words of the rules: {reason}")
    with hold(folder):
        figures = write(compounds, store, folder, form, parents.left_out)
    print(_lines(figures, count, folder))


def _clauses(text: str) -> tuple[int, int]:
    """Raises typer.BadParameter."""
    match = re.fullmatch(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?", text)
    least, most = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 2 <= least <= most <= MOST_CLAUSES:
        raise typer.BadParameter(
            f"{text!r} is no range within 2-{MOST_CLAUSES}; write, say, 2-4", param_hint="--clauses"
        )
    return least, most


def _reword(
    manifest: "Manifest", compounds: "Sequence[Compound]", folder: Path, tell: "Callable[[str], None]"
) -> "tuple[list[Compound], Counter[str]]":
    """The compounds in the Analyzer's words. Raises BuildError."""
    from pipeline.composing.rewording import reword
    from pipeline.manifest.identity import load_prompts
    from pipeline.run.alone import alone
    from prompts.composing import BESIDE

    prompts = load_prompts(manifest.recipe, further=[BESIDE])
    run = manifest.run.model_copy(update={"database": None, "store": None})
    own = manifest.model_copy(update={"run": run})

    async def ask() -> "tuple[list[Compound], Counter[str]]":
        async with site.open(prompts) as desk:
            return await reword(compounds, desk.models.analyzer, prompts, manifest.seed)

    with alone(own, ["analyzer"], folder, "compose", tell) as site:
        return asyncio.run(ask())


def _lines(figures: dict[str, Any], asked: int, folder: Path) -> str:
    """What was made, in a few lines."""
    made = figures["compounds"]
    short = "" if made >= asked else f" of the {asked:,} asked for: the rows give no more"
    lines = [f"{made:,} instructions{short}."]
    for title in ("clauses", "references", "categories", "licences", "worded", "rows_left_out"):
        if figures[title]:
            held = ", ".join(f"{name}: {n:,}" for name, n in figures[title].items())
            lines.append(f"  {title.replace('_', ' ')}  {held}")
    return "\n".join([*lines, f"A source for a manifest: {folder / 'source.yaml'}"])
