"""Errors in the form of the OpenAI API.

In: a status, a message, a code, and the parameter at fault. Out: `RequestProblem`, and the JSON of every error of the server.
"""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from stages.errors import Refused


class RequestProblem(Exception):
    """A request that cannot be answered. All arguments go to the base class, so that it can be pickled out of a worker."""

    def __init__(self, status: int, message: str, code: str, param: str | None = None) -> None:
        super().__init__(status, message, code, param)
        self.status, self.message, self.code, self.param = status, message, code, param

    @property
    def response(self) -> JSONResponse:
        """The JSON that the client receives."""
        kind = "invalid_request_error" if self.status < 500 else "server_error"
        error = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return JSONResponse({"error": error}, self.status)


def invalid(message: str, param: str | None = None) -> RequestProblem:
    """The problem of a request with an invalid parameter: status 400."""
    return RequestProblem(400, message, "invalid_value", param)


def unfit(errors: list[Any]) -> RequestProblem:
    """The problem of a body that pydantic refuses: all its errors on one line."""
    problems = []
    for error in errors:
        place = ".".join(str(part) for part in error["loc"] if part != "body")
        problems.append((place, f"{place or 'the body'}: {error['msg']}"))
    return invalid("; ".join(dict.fromkeys(text for _, text in problems)), problems[0][0] or None)


def answer_errors_in_form(app: FastAPI) -> None:
    """Make `app` answer every error in the form of `RequestProblem`."""

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
