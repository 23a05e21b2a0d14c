"""Commands that hand on what people said: `x2i release`, `x2i verdicts export`, `x2i verdicts import`.

In: the folder of a build that people reviewed. Out: a data set of what they approved; a file of verdicts, or the review with those
of a file.
"""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.places import Out, fail
from pipeline.errors import one_line
from pipeline.views.text import plain

verdicts = typer.Typer(no_args_is_help=True, help="Verdicts out to files of other tools, and in from them.")

Review = Annotated[
    str | None,
    typer.Option(
        "--database", help="The review's database, where it is not in DIR.", envvar="X2I_REVIEW_DATABASE", metavar="URL"
    ),
]


def release(
    out: Out,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write here (default: DIR/release).", metavar="FOLDER")
    ] = None,
    database: Review = None,
    drop: Annotated[
        list[str], typer.Option("--drop-lot", help="Leave a lot out; may be repeated.", metavar="MODE/SOURCE/GENERATOR")
    ] = [],  # noqa: B006
    screen: Annotated[
        list[str],
        typer.Option(
            "--screen-lot", help="Of a lot, release only what people accepted.", metavar="MODE/SOURCE/GENERATOR"
        ),
    ] = [],  # noqa: B006
    override: Annotated[
        str | None,
        typer.Option(help="Release although a lot or the checks fail; the card says why.", metavar="REASON"),
    ] = None,
    named: Annotated[bool, typer.Option("--named", help="Publish reviewers' names and notes.")] = False,
    push: Annotated[
        str | None, typer.Option(help="Then upload it to this repository of the Hugging Face Hub.", metavar="REPO")
    ] = None,
) -> None:
    """Write the rows that people approved as a data set of its own, with what they found."""
    import pyarrow as pa

    from pipeline.release.release import ReleaseOrder
    from pipeline.release.release import release as write_release

    target = to or out / "release"
    order = ReleaseOrder(out, target, database, tuple(drop), tuple(screen), override, named)
    try:
        summary = write_release(order)
    except (ValueError, LookupError, TypeError, pa.ArrowException) as error:  # damaged files
        fail(f"{out}: {one_line(error)}; x2i verify {out} tells more", 1)
    for line in (*summary.overridden, *summary.ignored):
        print(plain(line))
    why = ", ".join(f"{count} {reason}" for reason, count in summary.withdrawn.items())
    withdrawn = f"{summary.counts['withdrawn']:,} withdrawn" + (f" ({why})" if why else "")
    print(f"{target}: {summary.counts['released']:,} of {summary.counts['kept']:,} rows released, {withdrawn}")
    if push is not None:
        from pipeline.release.push import push as push_release

        print(push_release(target, push))


@verdicts.command(name="export")
def export_(
    out: Out,
    file: Annotated[
        Path, typer.Argument(help="Where to: .jsonl, .parquet, or .json for Label Studio.", metavar="FILE")
    ],
    database: Review = None,
    image_url: Annotated[
        str | None,
        typer.Option(help="Label Studio: what comes before an image's sha256 (default: images inside).", metavar="URL"),
    ] = None,
    with_verdicts: Annotated[
        bool, typer.Option("--with-verdicts", help="Label Studio: show what was said (others judge blindly).")
    ] = False,
) -> None:
    """Write all verdicts to a file; for Label Studio the items as tasks, and its labelling configuration beside them."""
    from pipeline.review.exchange.passing import export_verdicts

    count = export_verdicts(out, database, file, image_url, with_verdicts)
    if file.suffix == ".json":
        print(f"{file}: {count:,} tasks; the labelling configuration is {file.with_suffix('.xml')}")
    else:
        print(f"{file}: {count:,} verdicts")


@verdicts.command(name="import")
def import_(
    out: Out,
    file: Annotated[
        Path, typer.Argument(help="Verdicts: .jsonl, .parquet, or .json from Label Studio.", metavar="FILE")
    ],
    database: Review = None,
    by: Annotated[str, typer.Option("--by", help="Who imports, for the audit log.", metavar="NAME")] = "x2i",
) -> None:
    """Take in the verdicts of a file, each once; what is about other content is named and left out."""
    from pipeline.review.exchange.passing import import_verdicts

    taken = import_verdicts(out, database, file, by)
    for line in taken.left:
        print(plain(line))
    print(f"{file}: {taken.taken:,} verdicts taken, {taken.known:,} known before, {len(taken.left):,} left out")
