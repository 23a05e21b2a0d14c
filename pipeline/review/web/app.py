"""The app of a review, put together: routes, what errors become, and the guard around it.

In: a desk, an address, a way to count the lead's figures. Out: an ASGI application.
"""

from collections.abc import Callable
from functools import partial

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from pipeline.errors import one_line
from pipeline.review.errors import ClaimLost, ReviewError
from pipeline.review.web.address import ReviewAddress
from pipeline.review.web.assets import asset_routes
from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.figures import LeadFigures, lead_figures
from pipeline.review.web.guard import Guard
from pipeline.review.web.inviting import inviting_routes
from pipeline.review.web.joining import joining_routes
from pipeline.review.web.lead_room import LeadRoom
from pipeline.review.web.leading import leading_routes
from pipeline.review.web.learning import learning_routes
from pipeline.review.web.rendering import page
from pipeline.review.web.reviewing import reviewer_routes
from pipeline.review.web.settling import settling_routes
from pipeline.review.web.showing import image_routes
from pipeline.review.web.visitor import NotAllowed, Stranger


def review_app(desk: ReviewDesk, at: ReviewAddress, count: Callable[[], LeadFigures] | None = None) -> ASGIApp:
    """The app that people of this review use at `at`. `count` gives the lead's figures; None counts them where the pages are made,
    which a large review is too slow for.
    """
    room = LeadRoom(desk, at, count or partial(lead_figures, desk))
    app = FastAPI(title="review", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(asset_routes(desk.looks))
    app.include_router(joining_routes(desk.store, at, desk.name))
    app.include_router(reviewer_routes(desk))
    app.include_router(image_routes(desk))
    app.include_router(learning_routes(desk))
    app.include_router(settling_routes(desk))
    app.include_router(leading_routes(room))
    app.include_router(inviting_routes(room))
    _answer_errors(app)
    return Guard(app, at.origins)


def _answer_errors(app: FastAPI) -> None:
    """Each kind of error has a status; a person reads one line of it."""

    @app.exception_handler(Stranger)
    def stranger(request: Request, _: Exception) -> Response:
        return _said(request, 401, "You are not signed in. Open the link that the lead of this review gave you.")

    @app.exception_handler(NotAllowed)
    def not_allowed(request: Request, error: Exception) -> Response:
        return _said(request, 403, str(error))

    @app.exception_handler(ClaimLost)
    def claim_lost(request: Request, error: Exception) -> Response:
        return _said(request, 409, str(error))

    @app.exception_handler(ReviewError)
    def refused(request: Request, error: Exception) -> Response:
        return _said(request, 400, str(error))

    @app.exception_handler(HTTPException)
    def not_found(request: Request, error: HTTPException) -> Response:
        return _said(
            request,
            error.status_code,
            "There is nothing at this address." if error.status_code == 404 else error.detail,
        )

    @app.exception_handler(RequestValidationError)
    def malformed(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"][1:])
        return _said(request, 422, f"{place}: {first['msg']}")

    @app.exception_handler(SQLAlchemyError)
    def database(request: Request, error: Exception) -> Response:
        return _said(request, 503, f"the review's database did not answer ({one_line(error)}); try again")


def _said(request: Request, status: int, words: str) -> Response:
    """A page for a person who came by link, a line for a script."""
    if request.headers.get("sec-fetch-mode") == "navigate":
        return HTMLResponse(page("review_refused.html.j2", {"words": words, "signed_in": status != 401}), status)
    return PlainTextResponse(f"{words}\n", status)
