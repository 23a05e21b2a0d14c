"""Who takes part: the lead invites, revokes, and assigns lots.

In: a lead's room. Out: the routes, each of which answers with the list of people.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse

from pipeline.review.errors import ReviewError
from pipeline.review.people import checked_name
from pipeline.review.web.joining import join_link
from pipeline.review.web.lead_room import LeadRoom
from pipeline.review.web.leading import Lots
from pipeline.review.web.visitor import lead

Name = Annotated[str, Form(max_length=200)]


def inviting_routes(room: LeadRoom) -> APIRouter:
    """What changes the list of people."""
    routes, store = APIRouter(), room.desk.store

    @routes.post("/lead/invite")
    def invite(
        request: Request,
        name: Name,
        place: Annotated[str, Form()] = "reviewer",
        lot: Lots = None,
        again: Annotated[bool, Form()] = False,
    ) -> HTMLResponse:
        """A link for somebody new; with `again` for who is there, whose sessions it ends."""
        who = lead(store, request)
        if place not in ("reviewer", "lead"):
            raise ReviewError("a person is a reviewer or a lead")
        if not again and checked_name(name) in {person.name for person in store.people()}:
            raise ReviewError(
                f"{name}: takes part already; press New link in that row, or add to the name of this person"
            )
        token = store.invite(name, "lead" if place == "lead" else "reviewer", room.lots(lot), who.name)
        return room.people(who, join_link(room.at, token), name)

    @routes.post("/lead/revoke")
    def revoke(request: Request, name: Name) -> HTMLResponse:
        who = lead(store, request)
        if name == who.name:
            raise ReviewError("you cannot revoke yourself; another lead can")
        store.revoke(name, who.name)
        return room.people(who)

    @routes.post("/lead/assign")
    def assign(request: Request, name: Name, lot: Lots = None) -> HTMLResponse:
        who = lead(store, request)
        store.assign(name, room.lots(lot), who.name)
        return room.people(who)

    return routes
