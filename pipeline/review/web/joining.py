"""How a person comes in: a link that works once becomes a session in a cookie.

In: a store, an address. Out: the routes. Only a click redeems the link, for programs that preview links open them, too.
"""

from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from pipeline.review.store import ReviewStore
from pipeline.review.web.address import ReviewAddress
from pipeline.review.web.rendering import page
from pipeline.review.web.visitor import NotAllowed, let_in


def joining_routes(store: ReviewStore, at: ReviewAddress, name: str) -> APIRouter:
    """The two steps of coming in."""
    routes = APIRouter()

    @routes.get("/join/{invitation}")
    def offer(invitation: str) -> HTMLResponse:
        return HTMLResponse(page("review_join.html.j2", {"invitation": invitation, "build": name}))

    @routes.post("/join")
    def join(invitation: Annotated[str, Form(max_length=100)]) -> Response:
        session = store.redeem(invitation)
        if session is None:
            raise NotAllowed("this link was used already, or is no longer valid; ask the lead for a new one")
        response = RedirectResponse("/", 303)
        let_in(response, store, session, at.secure)
        return response

    return routes


def join_link(at: ReviewAddress, invitation: str) -> str:
    """The link to send to a person."""
    return f"{at.link}/join/{invitation}"
