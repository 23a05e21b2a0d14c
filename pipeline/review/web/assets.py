"""The style, the scripts and what else pages load, all of it from the package.

In: the looks of the build's modes. Out: the routes. Names are looked up in a table, so no path leads elsewhere.
"""

import hashlib
from importlib.resources import files

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline.views.looks import ModeLooks

_MEDIA = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_OWN = ("review.css", "review.js", "lead.js", "compare.js", "htmx.min.js", "icon.svg")


def asset_routes(looks: ModeLooks) -> APIRouter:
    """What pages load."""
    own = files("pipeline.review.web") / "static"
    assets = {name: (own / name).read_bytes() for name in _OWN}
    assets["report.css"] = (files("pipeline") / "templates" / "report.css").read_bytes() + looks.style.encode()
    tags = {name: f'"{hashlib.sha256(data).hexdigest()[:32]}"' for name, data in assets.items()}
    routes = APIRouter()

    @routes.get("/static/{name}")
    def asset(request: Request, name: str) -> Response:
        if name not in assets:
            return Response("there is no such file\n", 404, media_type="text/plain")
        headers = {"etag": tags[name], "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tags[name]:
            return Response(status_code=304, headers=headers)
        return Response(assets[name], media_type=_MEDIA[name.rpartition(".")[2]], headers=headers)

    return routes
