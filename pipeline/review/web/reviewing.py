"""What a reviewer asks of the app: items, verdicts, undo, skip, images, what they said last.

In: a desk. Out: the routes. A write is answered with the markup that the page puts in place; an item's markup holds nothing of the
Analyzer's verdict before the person's own.
"""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from pipeline.review.errors import ReviewError
from pipeline.review.records import HumanVerdict
from pipeline.review.taxonomy import REASONS, TAXONOMY
from pipeline.review.web.desk import Asked, ReviewDesk, analyzer_word, has_reasoning, result_label
from pipeline.review.web.forms import SaidResult, SaidSkip, SaidVerdict
from pipeline.review.web.keys import ACTIONS, keys_of
from pipeline.review.web.pictures import WebPicture
from pipeline.review.web.rendering import page
from pipeline.review.web.visitor import Visitor, visitor
from pipeline.views.story import Story

LAST = 10
_FOR_GOOD = "private, max-age=31536000, immutable"
_SHA256 = r"^[0-9a-f]{64}$"


def reviewer_routes(desk: ReviewDesk) -> APIRouter:
    """Everything under the reviewer's page."""
    routes = APIRouter()
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
            desk, who, "review_item.html.j2", items=items, last=_last(desk, who.name), done=done, known=known
        )

    @routes.get("/items")
    def items(request: Request) -> HTMLResponse:
        who = visitor(store, request)
        return _part("review_items.html.j2", items=desk.asked(who.name), **of_items())

    @routes.post("/result")
    def result(request: Request, said: SaidResult) -> HTMLResponse:
        """The result is judged, so what was said of it may be read; the scores wait for the verdict."""
        who = visitor(store, request)
        return words_of(desk, desk.story(desk.held(who.name, said.token, said.sample)))

    @routes.post("/verdict")
    def verdict(request: Request, said: SaidVerdict) -> Response:
        who = visitor(store, request)
        item = store.item(said.sample)
        story = desk.story(item)
        if (said.reasoning is None) == has_reasoning(story):
            raise ReviewError(
                "the reasoning is to be judged where a text is trained, and nowhere else; load the page again"
            )
        store.record(said.verdict(who.name, item, result_label(story)), said.token)
        return Response(status_code=204)  # the next item is not to wait for the list of the last ones

    @routes.get("/last")
    def last(request: Request) -> HTMLResponse:
        return _part("review_last.html.j2", last=_last(desk, visitor(store, request).name))

    @routes.post("/undo")
    def undo(request: Request) -> Response:
        who = visitor(store, request)
        if store.undo(who.name) is None:
            raise ReviewError("there is nothing of yours to take back")
        return Response(status_code=204)

    @routes.post("/skip")
    def skip(request: Request, said: SaidSkip) -> Response:
        store.skip(visitor(store, request).name, said.token, said.reason)
        return Response(status_code=204)

    @routes.post("/leave")
    def leave(request: Request) -> Response:
        """A person ends their turn: what they hold goes to others at once."""
        store.release_claims(visitor(store, request).name)
        return Response(status_code=204)

    @routes.get("/verdicts/{name}")
    def again(request: Request, name: str) -> HTMLResponse:
        """A verdict to correct, now that the scores are known."""
        who = visitor(store, request)
        said = next((v for v in store.last(who.name, 1_000_000) if v.id == name), None)
        if said is None:
            raise ReviewError(
                "this verdict is not yours, or was taken back or corrected since; look at the newest ones"
            )
        item = store.item(said.sample_id)
        story = desk.story(item)
        again = Asked(item.sample_id, item.content_hash, "", desk.strip(story, "all"), story.sample.applicable_axes)
        return shown_page(
            desk, who, "review_again.html.j2", item=again, said=said, reasoning=has_reasoning(story),
            word=analyzer_word(story),
        )  # fmt: skip

    @routes.get("/image/{sample}/{sha256}/small")
    def small(request: Request, sample: str, sha256: str = Path(pattern=_SHA256)) -> Response:
        visitor(store, request)
        return _image(request, f'"{sha256}-512"', sample, sha256, desk.pictures.small)

    @routes.get("/image/{sample}/{sha256}/whole")
    def whole(request: Request, sample: str, sha256: str = Path(pattern=_SHA256)) -> Response:
        visitor(store, request)
        return _image(request, f'"{sha256}"', sample, sha256, desk.pictures.whole)

    def _image(
        request: Request, tag: str, sample: str, sha256: str, made: Callable[[str], WebPicture | None]
    ) -> Response:
        if not desk.shows(sample, sha256):
            return Response("there is no such image in this review\n", 404, media_type="text/plain")
        headers = {"etag": tag, "cache-control": _FOR_GOOD}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        picture = made(sha256)
        if picture is None:
            return Response("this image is not in the store\n", 404, media_type="text/plain")
        return Response(picture.data, media_type=picture.media, headers=headers)

    return routes


def shown_page(desk: ReviewDesk, who: Visitor, template: str, **values: Any) -> HTMLResponse:
    """A whole page for a person."""
    return HTMLResponse(page(template, {"who": who, "build": desk.name, **of_items(), **of_keys(who), **values}))


def words_of(desk: ReviewDesk, story: Story) -> HTMLResponse:
    """A story with what was said of its result, and without the scores."""
    return _part("review_strip.html.j2", strip=desk.strip(story, "words"), reasoning=has_reasoning(story))


def of_items() -> dict[str, Any]:
    """What the markup of an item needs beside the item."""
    return {"taxonomy": TAXONOMY}


def of_keys(who: Visitor) -> dict[str, Any]:
    """The keys of a person, for the page's script and its help."""
    return {"keys": keys_of(who.person.keys), "actions": ACTIONS}


def _part(template: str, **values: Any) -> HTMLResponse:
    return HTMLResponse(page(template, values))


def _last(desk: ReviewDesk, name: str) -> list[dict[str, Any]]:
    """What a person said last, beside what the Analyzer had said."""
    return [_beside(desk, said) for said in desk.store.last(name, LAST)]


def _beside(desk: ReviewDesk, said: HumanVerdict) -> dict[str, Any]:
    reasons = [(REASONS[mark.code].title if mark.code in REASONS else mark.code, mark.segment) for mark in said.reasons]
    try:
        story = desk.story(desk.store.item(said.sample_id))
    except ReviewError:  # drawn no more
        return {"said": said, "reasons": reasons, "asked": said.sample_id, "word": None}
    return {"said": said, "reasons": reasons, "asked": story.sample.instruction, "word": analyzer_word(story)}
