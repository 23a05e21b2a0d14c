"""The images of a review's items, small and whole.

In: a desk. Out: the routes. An image is sent where an item of the review shows it, and to people who take part alone; its address
holds its hash, so that a browser keeps it for good.
"""

from collections.abc import Callable

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from pipeline.review.web.desk import ReviewDesk
from pipeline.review.web.pictures import WebPicture
from pipeline.review.web.visitor import visitor

_FOR_GOOD = "private, max-age=31536000, immutable"
_SHA256 = r"^[0-9a-f]{64}$"


def image_routes(desk: ReviewDesk) -> APIRouter:
    """Everything under /image."""
    routes = APIRouter()

    @routes.get("/image/{sample}/{sha256}/small")
    def small(request: Request, sample: str, sha256: str = Path(pattern=_SHA256)) -> Response:
        visitor(desk.store, request)
        return _send(desk, request, f'"{sha256}-512"', sample, sha256, desk.pictures.small)

    @routes.get("/image/{sample}/{sha256}/whole")
    def whole(request: Request, sample: str, sha256: str = Path(pattern=_SHA256)) -> Response:
        visitor(desk.store, request)
        return _send(desk, request, f'"{sha256}"', sample, sha256, desk.pictures.whole)

    return routes


def _send(
    desk: ReviewDesk,
    request: Request,
    tag: str,
    sample: str,
    sha256: str,
    read: Callable[[str], WebPicture | None],
) -> Response:
    """The image, or 304 where the browser has the one with this `tag` already."""
    if not desk.shows(sample, sha256):
        return Response("there is no such image in this review\n", 404, media_type="text/plain")
    headers = {"etag": tag, "cache-control": _FOR_GOOD}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    picture = read(sha256)
    if picture is None:
        return Response("this image is not in the store\n", 404, media_type="text/plain")
    return Response(picture.data, media_type=picture.media, headers=headers)
