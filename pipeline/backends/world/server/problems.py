"""What a request may be told instead of an answer, in the form in which the OpenAI API tells it.

In: a status, words, a code, and the parameter they are about. Out: `RequestProblem`, and the JSON of any error the server can meet.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from stages.errors import Refused


class RequestProblem(Exception):
    """A request that gets no answer. It crosses process borders, as what it was made of."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None) -> None:
        super().__init__(status, message, code, param)
        self.status, self.message, self.code, self.param = status, message, code, param

    @property
    def response(self) -> JSONResponse:
        """As the client reads it."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return JSONResponse({"error": error}, self.status)


def invalid(message: str, param: str | None = None) -> RequestProblem:
    """A request that cannot be followed as it stands."""
    return RequestProblem(400, message, "invalid_value", param)


def unfit(errors: list[Any]) -> RequestProblem:
    """All that pydantic finds wrong with a body, on one line."""
    told = []
    for error in errors:
        place = ".".join(str(part) for part in error["loc"] if part != "body")
        told.append((place, f"{place or 'the body'}: {error['msg']}"))
    return invalid("; ".join(dict.fromkeys(text for _, text in told)), told[0][0] or None)


def told_in_form(app: FastAPI) -> None:
    """Lets `app` answer every error in that form."""

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
        return RequestProblem(error.status_code, f"{place}: {error.detail}", "unknown_url").response
