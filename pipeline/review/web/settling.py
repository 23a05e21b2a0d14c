"""Where a lead settles what judges disagree about or are unsure of.

In: a desk. Out: the routes: the list of disputes, and one of them with both verdicts side by side.
"""

from dataclasses import replace

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from pipeline.review.errors import ReviewError
from pipeline.review.records import Resolution
from pipeline.review.taxonomy import REASONS
from pipeline.review.web.desk import AskedItem, ReviewDesk, has_reasoning, result_label
from pipeline.review.web.forms import SettledResultForm, VerdictForm
from pipeline.review.web.reviewing import shown_page, words_of
from pipeline.review.web.visitor import lead


def settling_routes(desk: ReviewDesk) -> APIRouter:
    """Everything under the lead's page of disputes."""
    routes = APIRouter()
    store = desk.store

    @routes.get("/disputes")
    def disputes(request: Request) -> HTMLResponse:
        who = lead(store, request)
        rows = [{"of": resolution, "asked": _instruction(desk, resolution)} for resolution in store.disputes()]
        return shown_page(desk, who, "review_disputes.html.j2", rows=rows)

    @routes.get("/disputes/{sample}")
    def dispute(request: Request, sample: str) -> HTMLResponse:
        who = lead(store, request)
        resolution = next((r for r in store.resolutions() if r.item.sample_id == sample), None)
        if resolution is None:
            raise ReviewError("this item is not in the queue any more; go back to the list")
        story = desk.story(resolution.item)
        # a lead judges as blindly as a judge: first the image, then the words, never the scores
        item_asked = AskedItem(
            sample, resolution.item.content_hash, "", desk.strip(story, "result"), story.sample.applicable_axes
        )
        others = [r.item.sample_id for r in store.disputes() if r.item.sample_id != sample]
        return shown_page(
            desk, who, "review_dispute.html.j2", resolution=resolution, item=item_asked,
            titles={code: reason.title for code, reason in REASONS.items()}, following=others[0] if others else "",
        )  # fmt: skip

    @routes.post("/settle/result")
    def result(request: Request, form: SettledResultForm) -> HTMLResponse:
        """The result is judged, so what was said of it may be read."""
        lead(store, request)
        return words_of(desk, desk.story(store.item(form.sample)))

    @routes.post("/settle")
    def settle(request: Request, form: VerdictForm) -> Response:
        who = lead(store, request)
        item = store.item(form.sample)
        story = desk.story(item)
        if (form.reasoning is None) == has_reasoning(story):
            raise ReviewError("the reasoning is to be judged where a text is trained, and nowhere else")
        verdict = form.verdict(who.name, item, result_label(story))
        store.adjudicate(replace(verdict, supersedes=None, adjudicates=True))
        return Response(status_code=204)

    return routes


def _instruction(desk: ReviewDesk, resolution: Resolution) -> str:
    try:
        return desk.story(resolution.item).sample.instruction
    except ReviewError:
        return resolution.item.sample_id
