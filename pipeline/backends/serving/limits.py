"""How much the server takes: bytes of a body and of all bodies at once, parts, texts and images.

In: an ASGI application. Out: the same behind `BodyLimit`, which answers 413 and 503 in the form of the OpenAI API.
"""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.backends.serving.problems import RequestProblem

MOST_BODY = 32 * 2**20
"""Bytes of one body; 8 images of 1024 x 1024 pixels, in base64, are fewer."""
MOST_HELD = 4 * MOST_BODY
"""Bytes of all bodies in hand."""
MOST_VALUES = 20_000
"""Values and containers in a JSON body: parsed, each takes many times its bytes."""
MOST_TEXT = 100_000
"""Characters of all messages of a request; the prompts have a tenth."""
MOST_IMAGES = 16
MOST_FIELDS = 100
MOST_IMAGE_PIXELS = 4096 * 4096
FORMATS = ("PNG", "JPEG", "WEBP")
TOO_LARGE = f"the body has more than {MOST_BODY // 2**20} MiB; send fewer or smaller images"


class BodyLimit:
    """An application that reads at most MOST_BODY bytes of a body, and `most_held` of all that are being answered."""

    def __init__(self, app: ASGIApp, most_held: int = MOST_HELD) -> None:
        self._app = app
        self._most_held = most_held
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if problem := self._problem(headers):
            await problem.response(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            size = len(message.get("body", b""))
            taken += size
            self._held += size
            if taken > MOST_BODY:
                raise HTTPException(413, TOO_LARGE)
            if self._held > self._most_held:
                raise HTTPException(503, "too many requests are in hand; ask again", {"Retry-After": "1"})
            return message

        try:
            await self._app(scope, counted, send)
        finally:
            self._held -= taken

    def _problem(self, headers: Headers) -> RequestProblem | None:
        """What is wrong with a request before a byte of its body is read."""
        length, coding = headers.get("content-length", "0"), headers.get("content-encoding", "identity")
        if coding.strip().lower() not in ("identity", ""):
            text = f"a body in content-encoding {coding} is not taken; send it as it is"
            return RequestProblem(415, text, "unsupported_encoding")
        if not length.isascii() or not length.isdigit() or len(length) > 18:
            return RequestProblem(400, "content-length is no whole number", "invalid_value")
        return RequestProblem(413, TOO_LARGE, "request_too_large") if int(length) > MOST_BODY else None
