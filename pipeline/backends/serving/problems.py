"""Errors in the form of the OpenAI API.

In: a status, a message, a code, and the parameter at fault. Out: `RequestProblem`, and the JSON of every error of the server.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from stages.errors import Refused

LONGEST = 500
"""Characters of a message; a client's own words may be quoted in it."""
_CODES = {404: "unknown_url", 405: "unknown_url", 413: "request_too_large", 503: "overloaded"}


def _shown(text: str) -> str:
    """The text as one line that can be sent, at most LONGEST characters."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return line if len(line) <= LONGEST else line[: LONGEST - 2] + " …"


class RequestProblem(Exception):
    """A request that cannot be answered; `wait_s`: when to ask again, in seconds.

    All arguments go to the base class, so that it can be pickled out of a worker.
    """

    def __init__(
        self, status: int, message: str, code: str, param: str | None = None, wait_s: float | None = None
    ) -> None:
        super().__init__(status, message, code, param, wait_s)
        self.status, self.message, self.code, self.param, self.wait_s = status, message, code, param, wait_s

    @property
    def response(self) -> JSONResponse:
        """The JSON that the client receives."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        param = None if self.param is None else _shown(self.param)
        error = {"message": _shown(self.message), "type": kind, "param": param, "code": self.code}
        wait_s = 1 if self.status == 503 and self.wait_s is None else self.wait_s
        return JSONResponse({"error": error}, self.status, None if wait_s is None else {"Retry-After": f"{wait_s:g}"})


def invalid(message: str, param: str | None = None) -> RequestProblem:
    """The problem of a request with an invalid parameter: status 400."""
    return RequestProblem(400, message, "invalid_value", param)


def unfit(errors: list[Any]) -> RequestProblem:
    """The problem of a body that pydantic refuses: its first errors on one line."""
    problems = []
    for error in errors[:8]:
        place = ".".join(str(part) for part in error["loc"] if part != "body")
        problems.append((place, f"{place or 'the body'}: {error['msg']}"))
    return invalid("; ".join(dict.fromkeys(text for _, text in problems)), problems[0][0] or None)


def answer_errors_in_form(app: FastAPI, server: str) -> None:
    """Make `app` answer every error in the form of `RequestProblem`; `server` is who failed where nobody foresaw it."""

    @app.exception_handler(RequestProblem)
    async def problem(_: Request, error: RequestProblem) -> JSONResponse:
        return error.response

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return RequestProblem(400, error.text, "content_policy_violation").response

    @app.exception_handler(RequestValidationError)
    async def not_valid(_: Request, error: RequestValidationError) -> JSONResponse:
        return unfit(list(error.errors())).response

    @app.exception_handler(HTTPException)
    async def not_there(request: Request, error: HTTPException) -> JSONResponse:
        place = f"{request.method} {request.url.path}"
        code = _CODES.get(error.status_code, "invalid_value")
        return RequestProblem(error.status_code, f"{place}: {error.detail}", code).response

    @app.exception_handler(Exception)
    async def unforeseen(_: Request, error: Exception) -> JSONResponse:
        # the server's own log gets the traceback; the client is told no more than that it was not its fault
        return RequestProblem(500, f"{server} failed ({type(error).__name__}); its log says why", "failed").response
