"""The server of a review: a port, the links of those who are invited, and an end by Ctrl-C.

In: a desk, host and port, who is invited. Out: lines on standard output with a link for each person, and a server until it is
stopped. Whoever has come in before keeps their session; a second server of the same review may run beside the first.
"""

import signal
import socket
from collections.abc import Sequence
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from pipeline.errors import RunStopped
from pipeline.review.people import checked_name
from pipeline.review.store import ReviewStore
from pipeline.review.web.address import ReviewAddress, address
from pipeline.review.web.app import review_app
from pipeline.review.web.counting import FiguresProcess, ReviewPlace
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.joining import join_link

_PATIENCE_S = 5


def serve_review(
    desk: ReviewDesk,
    place: ReviewPlace,
    host: str,
    port: int,
    origin: str | None,
    lead: str,
    invited: Sequence[str] = (),
) -> None:
    """Serve until SIGINT or SIGTERM; port 0 takes a free one. Raises RunStopped when the port cannot be used, ReviewError."""
    listening = _listen(host, port)
    at = address(host, listening.getsockname()[1], origin)
    desk.look_up()  # before anybody waits for it
    for line in links(desk.store, at, lead, invited):
        print(line, flush=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # SIGTERM ends it as Ctrl-C does
    with (
        listening,
        FiguresProcess(place) as count,
        suppress(KeyboardInterrupt),
    ):  # uvicorn raises it again once all has ended
        uvicorn.Server(_configure(review_app(desk, at, count))).run(sockets=[listening])


def _configure(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,  # it would hold the tokens of links
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_PATIENCE_S,
    )


def links(store: ReviewStore, at: ReviewAddress, lead: str, invited: Sequence[str]) -> list[str]:
    """A line for the lead, and one for each who is invited. Only a lead who has never come in, or is invited anew, gets a link."""
    people = {person.name: person for person in store.people()}
    lead = checked_name(lead)
    lines = [f"Review at {at.link}/ (stop it with Ctrl-C; nothing is lost)"]
    if not store.items():
        lines.append("Nothing can be judged as yet: no row of the build is drawn (RL prompts are with --prompts)")
    known = people.get(lead)
    if known is None or not known.joined or known.revoked or lead in invited:
        lines.append(f"{lead} (lead): {join_link(at, store.invite(lead, 'lead'))}")
    else:
        lines.append(f"{lead} (lead): is signed in already; --invite {lead} makes a new link")
    for name in dict.fromkeys(map(checked_name, invited)):
        if name == lead:
            continue
        before = people.get(name)
        token = store.invite(name, before.place if before else "reviewer", before.lots if before else ())
        lines.append(f"{name}: {join_link(at, token)}")
    return lines


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise RunStopped(f"port {port} cannot be used ({error}); name another one with --port") from error
