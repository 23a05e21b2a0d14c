"""Who may speak to the app at all: exact hosts and origins, small requests, and headers that leave a browser no room.

In: an ASGI application and the origins that people reach it by. Out: the same application behind a `Guard`. What a request is
refused for is said in one line of plain text. Who the person is, is asked later (`pipeline.review.web.visitor`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 262_144
"""Bytes of the largest request: a note of 10,000 characters, escaped, with room to spare."""
_SAFE = ("GET", "HEAD")
_HEADERS = {
    "content-security-policy": "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer a browser sends forms without their origin
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request goes no further: the HTTP status, and a line."""

    status: int
    words: str


class Guard:
    """The application behind its walls. `origins` are like `https://review.example.org` or `http://127.0.0.1:8200`."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._hosts = {urlsplit(origin).netloc: origin for origin in self._origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through, or refuse it. Every answer carries the headers."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self.refusal(scope["method"], Headers(scope=scope))
        app = self._app if refusal is None else PlainTextResponse(f"{refusal.words}\n", refusal.status)
        await app(scope, receive, send_with_headers)

    def refusal(self, method: str, headers: Headers) -> Refusal | None:
        """Why a request with these headers is refused; None where it is not."""
        host = headers.getlist("host")
        if len(host) != 1 or host[0] not in self._hosts:
            return Refusal(421, "this review is not served under that name; use the address that its lead gave you")
        if method in _SAFE:
            foreign = headers.get("sec-fetch-site") == "cross-site" and headers.get("sec-fetch-mode") != "navigate"
            return Refusal(403, "another site may not read this review") if foreign else None
        if method != "POST":
            return Refusal(405, "use GET or POST")
        if headers.get("origin") != self._hosts[host[0]]:
            return Refusal(403, "another site may not write to this review")
        size = headers.get("content-length", "")
        if not size.isascii() or not size.isdigit():
            return Refusal(411, "say how long the request is")
        if int(size[:12]) > LARGEST_BODY:
            return Refusal(413, f"the request is larger than {LARGEST_BODY:,} bytes; shorten the note")
        return None
