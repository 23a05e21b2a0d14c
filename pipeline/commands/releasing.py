"""Commands that hand a data set on: `x2i release`.

In: the folder of a build that people reviewed. Out: a data set of what they approved.
"""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.commands.places import Out, fail
from pipeline.errors import one_line

Review = Annotated[
    str | None,
    typer.Option(
        "--database", help="The review's database, where it is not in DIR.", envvar="X2I_REVIEW", metavar="URL"
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
) -> None:
    """Write the rows that people approved as a data set of its own, with what they found."""
    import pyarrow as pa

    from pipeline.release.release import ReleaseOrder
    from pipeline.release.release import release as write_release

    target = to or out / "release"
    order = ReleaseOrder(out, target, database, tuple(drop), tuple(screen), override, named)
    try:
        said = write_release(order)
    except (ValueError, LookupError, TypeError, pa.ArrowException) as error:  # damaged files
        fail(f"{out}: {one_line(error)}; x2i verify {out} tells more", 1)
    for line in (*said.overridden, *said.ignored):
        print(line)
    why = ", ".join(f"{count} {reason}" for reason, count in said.withdrawn.items())
    withdrawn = f"{said.counts['withdrawn']:,} withdrawn" + (f" ({why})" if why else "")
    print(f"{target}: {said.counts['released']:,} of {said.counts['kept']:,} rows released, {withdrawn}")
