"""How a person learns to review: the guideline, their keys, and the entry test on items whose answer is known.

In: a desk. Out: the routes. The test takes known items from the end of the queue: those planted among the work come from its
beginning.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from pipeline.review.errors import ReviewError
from pipeline.review.records import Opinion
from pipeline.review.taxonomy import TAXONOMY
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.forms import EntryForm, KeysForm
from pipeline.review.web.keys import checked_keys
from pipeline.review.web.rendering import page
from pipeline.review.web.reviewing import shown_page
from pipeline.review.web.visitor import Visitor, visitor

ENTRY_ITEMS = 5
LEAST_KNOWN = 3
"""With fewer known answers there is no test."""


def learning_routes(desk: ReviewDesk) -> APIRouter:
    """Guideline, keys, entry test."""
    routes = APIRouter()
    store = desk.store

    @routes.get("/guide")
    def guide(request: Request) -> HTMLResponse:
        who = visitor(store, request)
        values = {"guideline": store.settings().guideline, "taxonomy": TAXONOMY, "known": len(store.gold())}
        return shown_page(desk, who, "review_guide.html.j2", **values)

    @routes.post("/keys")
    def keys(request: Request, form: KeysForm) -> Response:
        who = visitor(store, request)
        store.save_keys(who.name, checked_keys(form.keys))
        return Response(status_code=204)

    @routes.get("/entry")
    def entry(request: Request) -> HTMLResponse:
        who = visitor(store, request)
        items = [desk.story(store.item(name)) for name in entry_items(desk, who)]
        asked = [{"id": story.id, "strip": desk.strip(story, "words")} for story in items]
        return shown_page(desk, who, "review_entry.html.j2", asked=asked, least=LEAST_KNOWN)

    @routes.post("/entry")
    def answered(request: Request, form: EntryForm) -> HTMLResponse:
        who = visitor(store, request)
        names = entry_items(desk, who)
        if len(names) < LEAST_KNOWN or set(form.answers) != set(names):
            raise ReviewError("answer every item of the test; load it again if items came or went meanwhile")
        known = store.gold()
        right = sum(form.answers[name] == known[name] for name in names)
        store.save_entry(who.name, right, len(names))
        rows = [_outcome(desk, name, form.answers[name], known[name]) for name in names]
        return HTMLResponse(page("review_entered.html.j2", {"rows": rows, "right": right, "of": len(names)}))

    return routes


def entry_items(desk: ReviewDesk, who: Visitor) -> list[str]:
    """The items of a person's test: known ones that they have not judged, the last of the queue first."""
    known = desk.store.gold()
    seen = {verdict.sample_id for verdict in desk.store.last(who.name, 1_000_000)}
    names = [item.sample_id for item in desk.store.items() if item.sample_id in known and item.sample_id not in seen]
    return names[: -ENTRY_ITEMS - 1 : -1]


def _outcome(desk: ReviewDesk, name: str, given: Opinion, known: Opinion) -> dict[str, Any]:
    story = desk.story(desk.store.item(name))
    why = [v for v in desk.store.verdicts() if v.sample_id == name and v.adjudicates and not v.withdrawn]
    return {
        "asked": story.sample.instruction,
        "given": given,
        "known": known,
        "note": why[-1].note if why else "",
    }
