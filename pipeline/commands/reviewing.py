"""The command of the reviewers: `x2i review DIR`.

In: the folder of a build, finished or at work. Out: a web app on this machine, until it is stopped.
"""

from dataclasses import replace
from typing import Annotated, Any

import typer

from pipeline.commands.places import Out

PORT = 8300


def review(
    out: Out,
    database: Annotated[
        str | None,
        typer.Option(
            help="Where the review is kept, as a URL (default: DIR/review/review.sqlite).",
            envvar="X2I_REVIEW_DATABASE",
            metavar="URL",
        ),
    ] = None,
    build_database: Annotated[
        str | None,
        typer.Option(help="The build's own database, while it is at work.", envvar="X2I_DATABASE", metavar="URL"),
    ] = None,
    port: Annotated[int, typer.Option(help="The port; 0 takes a free one.", min=0, max=65535)] = PORT,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    origin: Annotated[
        str | None, typer.Option(help="The address that people type, behind a TLS proxy: https://review.example.org.")
    ] = None,
    plain_http: Annotated[bool, typer.Option("--plain-http", help="Let others in without encryption.")] = False,
    lead: Annotated[str, typer.Option(help="Who leads the review: settles, invites, sees all.")] = "lead",
    invite: Annotated[
        list[str], typer.Option(help="Print a new link for this person; may be repeated.", metavar="NAME")
    ] = [],  # noqa: B006
    per_lot: Annotated[int | None, typer.Option(help="Items drawn from each lot (100).")] = None,
    floor: Annotated[int | None, typer.Option(help="Items of each cell of a lot at least (2).")] = None,
    lost: Annotated[int | None, typer.Option(help="Items of each lot of lost samples (30).")] = None,
    overlap: Annotated[float | None, typer.Option(help="Of which share several people are asked (0.2).")] = None,
    judges: Annotated[int | None, typer.Option(help="How many people are asked of those (2).")] = None,
    limiting: Annotated[
        float | None, typer.Option("--limiting", help="A lot with this share of wrong rows must be rejected (0.1) ...")
    ] = None,
    confidence: Annotated[float | None, typer.Option(help="... with this probability (0.95).")] = None,
    gold_share: Annotated[float | None, typer.Option(help="Share of items whose answer is known (0.05).")] = None,
    claim_seconds: Annotated[float | None, typer.Option(help="How long an item is kept for a person (1800).")] = None,
    prompts: Annotated[
        bool | None, typer.Option(help="Ask about RL prompts, too, by the image of their direct try.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed that shuffles the queue (7).")] = None,
) -> None:
    """Review a build in a browser: draw a sample, judge it by keyboard, settle disagreements, decide lot by lot."""
    from pipeline.review.database import default_url
    from pipeline.review.preparing import prepare, refresh
    from pipeline.review.web.address import check_host
    from pipeline.review.web.counting import ReviewPlace
    from pipeline.review.web.desk import ReviewDesk
    from pipeline.review.web.serving import serve_review

    check_host(host, origin, plain_http)
    changes = _named(per_lot=per_lot, floor=floor, lost=lost, overlap=overlap, judges=judges, seed=seed) | _named(
        limiting=limiting, confidence=confidence, gold_share=gold_share, claim_seconds=claim_seconds, prompts=prompts
    )
    with prepare(out, database, database=build_database) as store:
        if changes:
            store.configure(replace(store.settings(), **changes))
            refresh(out, store, build_database)
        place = ReviewPlace(database or default_url(out), store.fingerprint, out, build_database)
        serve_review(ReviewDesk(store, out, build_database), place, host, port, origin, lead, invite)


def _named(**settings: Any) -> dict[str, Any]:
    """The settings that somebody named; the others stay as they were set before."""
    return {name: value for name, value in settings.items() if value is not None}
