"""The lead's page: how far the review is, who does what, and whom to ask.

In: a desk, an address. Out: the routes. The page asks for its figures again every few seconds; they are counted at most once in
`_STALE_S` seconds, however many look, and nobody waits for it but who looks first.
"""

import threading
import time
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, Response

from pipeline.review.claims import lot_code
from pipeline.review.errors import ReviewError
from pipeline.review.people import checked_name
from pipeline.review.records import LotKey
from pipeline.review.settings import ReviewSettings
from pipeline.review.web.address import ReviewAddress
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.figures import LeadFigures, lead_figures, planned
from pipeline.review.web.forms import SaidSettings, SaidTeam
from pipeline.review.web.joining import join_link
from pipeline.review.web.rendering import page
from pipeline.review.web.reviewing import shown_page
from pipeline.review.web.visitor import Visitor, lead
from stages.identity import digest

_STALE_S = 2.0
_AUDIT = 30
Name = Annotated[str, Form(max_length=200)]
Lots = Annotated[list[str] | None, Form()]


class LeadRoom:
    """The figures of a review. Those older than `_STALE_S` seconds are shown once more while new ones are counted."""

    def __init__(self, desk: ReviewDesk) -> None:
        self.desk = desk
        self._counting = threading.Lock()
        self._counted: tuple[float, LeadFigures] | None = None

    def figures(self) -> LeadFigures:
        """The figures of now, or of the last look."""
        counted = self._counted
        if counted is None:
            with self._counting:
                return self._count()
        if time.monotonic() - counted[0] > _STALE_S and self._counting.acquire(blocking=False):
            threading.Thread(target=self._count_beside, daemon=True).start()
        return counted[1]

    def _count(self) -> LeadFigures:
        self.desk.look_again()
        figures = lead_figures(self.desk)
        self._counted = (time.monotonic(), figures)
        return figures

    def _count_beside(self) -> None:
        """Count while pages go on. Where that fails, the next look counts, and says why."""
        counted = False
        try:
            self._count()
            counted = True
        finally:
            if not counted:
                self._counted = None
            self._counting.release()

    def forget(self) -> None:
        """Count again at the next look."""
        with self._counting:
            self._counted = None

    def lots(self, codes: list[str] | None) -> list[LotKey]:
        """The lots behind the codes of a form. Raises ReviewError for one that there is not."""
        known = {lot_code(p.key): p.key for p in self.desk.store.populations()}
        try:
            return [known[code] for code in codes or ()]
        except KeyError as error:
            raise ReviewError("one of these lots is not in this review any more; load the page again") from error

    def people(self, who: Visitor, link: str = "", invited: str = "") -> HTMLResponse:
        """The list of people, with a new link if there is one."""
        return _part("review_people.html.j2", who=who, link=link, invited=invited, **self.people_values())

    def people_values(self) -> dict[str, Any]:
        """What the list of people shows."""
        lots = [(lot_code(p.key), p.key) for p in self.desk.store.populations()]
        return {"people": self.desk.store.people(), "lots": lots}

    def configure(self, settings: ReviewSettings, who: Visitor) -> None:
        """Change the settings and draw by them. Where nothing can be drawn, they stay as they were."""
        store = self.desk.store
        before = store.settings()
        store.configure(settings, who.name)
        try:
            self.desk.redraw()
        except ReviewError:
            store.configure(before, who.name)
            raise
        self.forget()

    def live(self) -> str:
        """The figures as markup, marked by what they are, so that a page which has them is sent nothing."""
        values = {"figures": self.figures(), "looks": self.desk.looks, "entries": self.desk.store.audit(_AUDIT)}
        told = page("review_live.html.j2", values)
        return page("review_polled.html.j2", {"told": told, "seen": digest("live", str(told))[:16]})


def leading_routes(desk: ReviewDesk, at: ReviewAddress) -> APIRouter:
    """Everything under the lead's page."""
    routes, store, room = APIRouter(), desk.store, LeadRoom(desk)

    @routes.get("/lead")
    def overview(request: Request) -> HTMLResponse:
        who = lead(store, request)
        values = {"live": room.live(), "settings": store.settings(), "link": "", "invited": "", **room.people_values()}
        return shown_page(desk, who, "review_lead.html.j2", **values)

    @routes.get("/lead/live")
    def live(request: Request, seen: str = "") -> Response:
        lead(store, request)
        told = room.live()
        return Response(status_code=204) if seen and f"seen={seen}" in told else HTMLResponse(told)

    @routes.post("/lead/settings")
    def settings(request: Request, asked: Annotated[SaidSettings, Form()]) -> Response:
        """Change what is drawn and how it is asked; items follow at once."""
        who = lead(store, request)
        room.configure(asked.settings(store.settings()), who)
        return HTMLResponse("Saved; the queue is drawn anew.")

    @routes.get("/lead/plan")
    def plan(request: Request, team: Annotated[SaidTeam, Query()]) -> HTMLResponse:
        """What a team could decide in its time."""
        lead(store, request)
        return _part("review_plan.html.j2", looks=desk.looks, **planned(desk, room.figures(), team))

    @routes.post("/lead/screen")
    def screen(request: Request, lot: Lots = None) -> HTMLResponse:
        """Ask about every row of these lots, too."""
        who = lead(store, request)
        before = store.settings()
        room.configure(replace(before, screened=tuple({*before.screened, *room.lots(lot)})), who)
        return HTMLResponse(room.live())

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
        return room.people(who, join_link(at, token), name)

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


def _part(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(page(template, values))
