"""The lead's page: how far the review is, what is asked, and what a team could decide.

In: a lead's room. Out: the routes. The page asks for its figures again every few seconds.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from pipeline.review.web.figures import planned
from pipeline.review.web.forms import SettingsForm, TeamForm
from pipeline.review.web.lead_room import LeadRoom
from pipeline.review.web.rendering import part
from pipeline.review.web.reviewing import shown_page
from pipeline.review.web.visitor import lead

Lots = Annotated[list[str] | None, Form()]


def leading_routes(room: LeadRoom) -> APIRouter:
    """The lead's page, and what it changes of the review."""
    routes, desk = APIRouter(), room.desk
    store = desk.store

    @routes.get("/lead")
    def overview(request: Request) -> HTMLResponse:
        who = lead(store, request)
        values = {"live": room.live(), "settings": store.settings(), "link": "", "invited": "", **room.people_values()}
        return shown_page(desk, who, "review_lead.html.j2", **values)

    @routes.get("/lead/live")
    def live(request: Request, seen: str = "") -> Response:
        lead(store, request)
        markup = room.live()
        return Response(status_code=204) if seen and f"seen={seen}" in markup else HTMLResponse(markup)

    @routes.post("/lead/settings")
    def settings(request: Request, form: Annotated[SettingsForm, Form()]) -> Response:
        """Change what is drawn and how it is asked; items follow at once."""
        who = lead(store, request)
        room.configure(form.settings(store.settings()), who)
        return HTMLResponse("Saved; the queue is drawn anew.")

    @routes.get("/lead/plan")
    def plan(request: Request, team: Annotated[TeamForm, Query()]) -> HTMLResponse:
        """What a team could decide in its time."""
        lead(store, request)
        return part("review_plan.html.j2", looks=desk.looks, **planned(desk, room.figures(), team))

    @routes.post("/lead/screen")
    def screen(request: Request, lot: Lots = None) -> HTMLResponse:
        """Ask about every row of these lots, too."""
        who = lead(store, request)
        before = store.settings()
        room.configure(replace(before, screened=tuple({*before.screened, *room.lots(lot)})), who)
        return HTMLResponse(room.live())

    return routes
