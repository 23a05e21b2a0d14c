"""The errors of servers and of the client, turned into ours: by class, status and code; a plain 4xx also by its words.

In: what the client raised, or an error object in an answer. Out: one of `stages.errors`.

    429, or a code that says so                          RateLimited, with the wait the server asks for
    503, 529 with a Retry-After                          RateLimited
    408, 409, 425, 5xx, no connection, a broken answer   Transient
    no answer within our time                            TimedOut
    an answer that does not end                          Malformed: it was made, as one that is too long
    quota used up, 401, 402, 403, 404, unknown option    EngineDead: no further call can succeed
    413, or a code that says so                          TooLong
    a code of a content filter, or a flagged input       Refused
    any other 4xx                                        ModelError with a remedy; TooLong, Refused where its words say so
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import httpx2
from openai import APIError, APIStatusError, APITimeoutError

from pipeline.backends.openai.bodies import TooMuch
from pipeline.backends.openai.remedies import DECLINED, OF_OPTIONS, TOO_LONG, remedy_of
from pipeline.backends.openai.retry_after import retry_after
from stages.errors import Broken, EngineDead, Malformed, ModelError, RateLimited, Refused, TimedOut, TooLong, Transient

LONGEST_REFUSAL = 2000  # characters that are kept
SPENT = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "account_deactivated"})
SLOWER = frozenset({"rate_limit_exceeded", "rate_limit_error", "resource_exhausted", "too_many_requests"})
LONG = frozenset({"context_length_exceeded", "string_above_max_length", "request_too_large"})
REFUSED = frozenset(
    {
        "content_policy_violation",
        "moderation_blocked",
        "content_filter",
        "responsibleaipolicyviolation",
        "safety_violation",
        "content_moderation",
        "moderation_failed",
        "data_inspection_failed",
        "datainspectionfailed",
        "sensitivecontentdetected",
        "inputtextsensitivecontentdetected",
        "inputimagesensitivecontentdetected",
        "outputimagesensitivecontentdetected",
    }
)
UNKNOWN_OPTION = frozenset({"unknown_parameter", "unsupported_parameter", "unsupported_value"})
_DEAD = {
    401: "the key is not accepted; check api_key_env or api_key_file",
    402: "the account has no credit left; top it up",
    403: "the key may not do this; check the account's rights to the model",
    404: "there is no such model or address; check model and base_url",
}
_AGAIN = (408, 409, 425)
_IS_OF_A_ROW = re.compile(r"size|image|messages|input")  # parameters whose values differ from row to row
_LONG_PARAMS = frozenset({"input_tokens", "input_text"})  # how vLLM names what exceeds the context


@dataclass(frozen=True, slots=True)
class ServerError:
    """An error as the server describes it. `codes` in lower case; `flagged`: a moderator objects to the input."""

    status: int
    codes: frozenset[str] = frozenset()
    param: str = ""
    words: str = ""
    flagged: bool = False
    retry_after: float | None = None


class ErrorSource(Protocol):
    """The provider that an error comes from, and what makes its words fit to be kept."""

    @property
    def name(self) -> str:
        """The provider's name in the manifest."""
        ...

    def quoted(self, text: str) -> str:
        """`text` as one short line without keys."""
        ...

    def scrubbed(self, text: str) -> str:
        """`text` without keys."""
        ...


def failure(error: APIError | TimeoutError, by: ErrorSource, draws: bool = False) -> ModelError:
    """What the client raised, as one of `stages.errors`. `draws`: an image of a certain size was asked for."""
    if isinstance(error, APIStatusError):
        headers = error.response.headers
        return classified(server_error(error.status_code, headers, _body(error)), by, draws)
    cause = error.__cause__
    if isinstance(cause, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return Transient(f"{by.name}: no connection in time")  # nothing was sent, so nothing can have been paid
    if isinstance(error, TimeoutError | APITimeoutError):
        return TimedOut(f"{by.name}: no answer in time; raise timeout_s where calls take longer")
    if isinstance(cause, TooMuch):
        return Malformed("", f"{by.name}: the answer has {cause}")
    if not isinstance(cause, httpx2.ConnectError):  # the request was sent, and perhaps answered
        return Broken(f"{by.name}: the connection broke ({type(cause or error).__name__})")
    return Transient(f"{by.name}: no connection ({type(cause).__name__})")


def _body(error: APIStatusError) -> Any:
    """The whole body: the client unwraps one layer of those it knows."""
    try:
        return error.response.json()
    except (ValueError, RecursionError):
        return error.body


def server_error(status: int, headers: Mapping[str, str], body: Any) -> ServerError:
    """An error's body in any of the forms that servers use: {"error": {...}}, a list of one, a bare text."""
    if isinstance(body, list) and body:
        body = body[0]
    inner = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(inner, dict):
        return ServerError(status, words=str(inner or ""), retry_after=retry_after(headers))
    deeper = inner.get("innererror")
    named = [inner.get(k) for k in ("code", "type", "status")]
    named += [deeper.get("code")] if isinstance(deeper, dict) else []
    metadata = inner.get("metadata")
    return ServerError(
        status,
        frozenset(str(code).lower() for code in named if isinstance(code, str | int)),
        str(inner.get("param") or ""),
        str(inner.get("message") or inner.get("detail") or ""),
        isinstance(metadata, dict) and bool(metadata.get("reasons") or metadata.get("flagged_input")),
        retry_after(headers, inner.get("details")),
    )


def error_in_answer(error: Any, by: ErrorSource) -> ModelError:
    """An error object in an answer of status 200: so do gateways pass on the errors of the servers behind them."""
    code = str(error.get("code")) if isinstance(error, dict) else ""
    described = server_error(int(code) if re.fullmatch(r"[45][0-9]{2}", code) else 502, {}, {"error": error})
    # without a code the words are all there is: a decline is no broken server
    if described.status == 502 and remedy_of(described.words) in (DECLINED, TOO_LONG):
        described = replace(described, status=400)
    return classified(described, by)


def classified(error: ServerError, by: ErrorSource, draws: bool = False) -> ModelError:
    """The one of `stages.errors` that a server's error amounts to."""
    status, codes = error.status, error.codes

    def words(hint: str = "") -> str:
        remedy = f"; {hint}" if hint else ""
        quote = f" ({by.quoted(error.words)})" if error.words else ""
        return f"{by.name}: status {status}{remedy}{quote}"

    if codes & SPENT:
        return EngineDead(words("the account's quota is used up; raise it"))
    if codes & REFUSED or error.flagged:
        return Refused(by.scrubbed(error.words).strip()[:LONGEST_REFUSAL] or words())
    if codes & LONG or (status == 400 and error.param in _LONG_PARAMS):
        return TooLong(words())
    if status == 413:
        return TooLong(words("give rows fewer or smaller images, or raise the server's limit on bodies"))
    if status == 429 or codes & SLOWER or (status in (503, 529) and error.retry_after is not None):
        return RateLimited(words(), error.retry_after)
    if status in _DEAD:
        return EngineDead(words(_DEAD[status]))
    if status in _AGAIN or status >= 500:
        return Transient(words())
    if error.param.startswith("response_format"):
        return EngineDead(words("the server knows no such response_format; say options.structured: none"))
    remedy = remedy_of(error.words, error.param, draws)
    if codes & UNKNOWN_OPTION and not (_IS_OF_A_ROW.search(error.param) and "unsupported_value" in codes):
        unknown = f"the server does not take {by.quoted(error.param) or 'an option'}"
        return EngineDead(words(f"{unknown}; {remedy if remedy in OF_OPTIONS else 'change the options'}"))
    if remedy == DECLINED:
        return Refused(by.scrubbed(error.words).strip()[:LONGEST_REFUSAL])
    if remedy == TOO_LONG:
        return TooLong(words())
    return ModelError(words(remedy or ""))
