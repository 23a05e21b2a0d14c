"""What a reviewer asks of the app: items, verdicts, undo, skip, what they said last.

In: a desk. Out: the routes. A write is answered with the markup that the page puts in place; an item's markup holds nothing of the
Analyzer's verdict before the person's own.
"""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from pipeline.review.errors import ReviewError
from pipeline.review.records import HumanVerdict
from pipeline.review.taxonomy import REASONS, TAXONOMY
from pipeline.review.web.desk import AskedItem, ReviewDesk, analyzer_word, has_reasoning, result_label
from pipeline.review.web.forms import ResultForm, SkipForm, VerdictForm
from pipeline.review.web.keys import ACTIONS, keys_of
from pipeline.review.web.rendering import page, part
from pipeline.review.web.visitor import Visitor, visitor
from pipeline.views.story import Story

LAST = 10


def reviewer_routes(desk: ReviewDesk) -> APIRouter:
    """Everything under the reviewer's page."""
    routes = APIRouter()
    _add_pages(routes, desk)
    _add_writes(routes, desk)
    return routes


def _add_pages(routes: APIRouter, desk: ReviewDesk) -> None:
    """What is read."""
    store = desk.store

    @routes.get("/")
    def enter(request: Request) -> Response:
        place = visitor(store, request).person.place
        return RedirectResponse("/lead" if place == "lead" else "/review", 303)

    @routes.get("/review")
    def review(request: Request) -> HTMLResponse:
        who = visitor(store, request)
        items = desk.asked(who.name, 1)
        done = len(store.last(who.name, 1_000_000))
        known = len(store.gold())
        return shown_page(
            desk, who, "review_item.html.j2", items=items, last=_last(desk, who.name), done=done, known=known,
            left=_left(desk),
        )  # fmt: skip

    @routes.get("/items")
    def items(request: Request) -> HTMLResponse:
        who = visitor(store, request)
        return part("review_items.html.j2", items=desk.asked(who.name), **of_items())

    @routes.get("/last")
    def last(request: Request) -> HTMLResponse:
        return part("review_last.html.j2", last=_last(desk, visitor(store, request).name), left=_left(desk))

    @routes.get("/verdicts/{name}")
    def again(request: Request, name: str) -> HTMLResponse:
        """A verdict to correct, now that the scores are known."""
        who = visitor(store, request)
        verdict = next((v for v in store.last(who.name, 1_000_000) if v.id == name), None)
        if verdict is None:
            raise ReviewError(
                "this verdict is not yours, or was taken back or corrected since; look at the newest ones"
            )
        item = store.item(verdict.sample_id)
        story = desk.story(item)
        item_again = AskedItem(
            item.sample_id, item.content_hash, "", desk.strip(story, "all"), story.sample.applicable_axes
        )
        return shown_page(
            desk, who, "review_again.html.j2", item=item_again, verdict=verdict, reasoning=has_reasoning(story),
            word=analyzer_word(story),
        )  # fmt: skip


def _add_writes(routes: APIRouter, desk: ReviewDesk) -> None:
    """What a person does."""
    store = desk.store

    @routes.post("/result")
    def result(request: Request, form: ResultForm) -> HTMLResponse:
        """The result is judged, so what was said of it may be read; the scores wait for the verdict."""
        who = visitor(store, request)
        return words_of(desk, desk.story(desk.held(who.name, form.token, form.sample)))

    @routes.post("/verdict")
    def verdict(request: Request, form: VerdictForm) -> Response:
        who = visitor(store, request)
        item = store.item(form.sample)
        story = desk.story(item)
        if (form.reasoning is None) == has_reasoning(story):
            raise ReviewError(
                "the reasoning is to be judged where a text is trained, and nowhere else; load the page again"
            )
        store.record(form.verdict(who.name, item, result_label(story)), form.token)
        return Response(status_code=204)  # the next item is not to wait for the list of the last ones

    @routes.post("/undo")
    def undo(request: Request) -> Response:
        who = visitor(store, request)
        if store.undo(who.name) is None:
            raise ReviewError("there is nothing of yours to take back")
        return Response(status_code=204)

    @routes.post("/skip")
    def skip(request: Request, form: SkipForm) -> Response:
        store.skip(visitor(store, request).name, form.token, form.reason)
        return Response(status_code=204)

    @routes.post("/leave")
    def leave(request: Request) -> Response:
        """A person ends their turn: what they hold goes to others at once."""
        store.release_claims(visitor(store, request).name)
        return Response(status_code=204)


def shown_page(desk: ReviewDesk, who: Visitor, template: str, **values: Any) -> HTMLResponse:
    """A whole page for a person."""
    return HTMLResponse(page(template, {"who": who, "build": desk.name, **of_items(), **of_keys(who), **values}))


def words_of(desk: ReviewDesk, story: Story) -> HTMLResponse:
    """A story with what was said of its result, and without the scores."""
    return part("review_strip.html.j2", strip=desk.strip(story, "words"), reasoning=has_reasoning(story))


def of_items() -> dict[str, Any]:
    """What the markup of an item needs beside the item."""
    return {"taxonomy": TAXONOMY}


def of_keys(who: Visitor) -> dict[str, Any]:
    """The keys of a person, for the page's script and its help."""
    return {"keys": keys_of(who.person.keys), "actions": ACTIONS}


def _left(desk: ReviewDesk) -> int:
    """How many items still wait for somebody who judges; those that wait for a lead do not count."""
    return sum(r.opinion is None and not r.disputed for r in desk.store.resolutions())


def _last(desk: ReviewDesk, name: str) -> list[dict[str, Any]]:
    """What a person said last, beside what the Analyzer had said."""
    return [_beside(desk, verdict) for verdict in desk.store.last(name, LAST)]


def _beside(desk: ReviewDesk, verdict: HumanVerdict) -> dict[str, Any]:
    reasons = [
        (REASONS[mark.code].title if mark.code in REASONS else mark.code, mark.segment) for mark in verdict.reasons
    ]
    try:
        story = desk.story(desk.store.item(verdict.sample_id))
    except ReviewError:  # drawn no more
        return {"verdict": verdict, "reasons": reasons, "asked": verdict.sample_id, "word": None}
    return {"verdict": verdict, "reasons": reasons, "asked": story.sample.instruction, "word": analyzer_word(story)}
