"""Who is at the other end: a cookie that names a session, and for writes a second token that only our own pages know.

In: a request. Out: a `Visitor`, or one of the refusals below. A cookie belongs to a build, not to a port, so that a second server
of the same review knows it, and a review of another build on the same machine does not overwrite it.
"""

import hashlib
import hmac
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from pipeline.review.people import ReviewPerson
from pipeline.review.store import ReviewStore

WRITE_HEADER = "x-review-token"
_A_YEAR_S = 31_536_000


class Stranger(Exception):
    """No session, or one that has ended."""


class NotAllowed(Exception):
    """A person asked for what is not theirs; the message says what."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person, and the token that their writes carry."""

    person: ReviewPerson
    token: str

    @property
    def name(self) -> str:
        """The person's name."""
        return self.person.name


def cookie_name(fingerprint: str) -> str:
    """The cookie of this review."""
    return f"x2i_review_{fingerprint[:12]}"


def visitor(store: ReviewStore, request: Request) -> Visitor:
    """Who asks. Raises Stranger; NotAllowed for a write without the page's token."""
    session = request.cookies.get(cookie_name(store.fingerprint), "")
    person = store.person(session) if session else None
    if person is None:
        raise Stranger
    token = hashlib.sha256(b"review write " + session.encode("utf-8", "surrogatepass")).hexdigest()
    if request.method == "POST" and not hmac.compare_digest(
        request.headers.get(WRITE_HEADER, "").encode(), token.encode()
    ):
        raise NotAllowed("this request does not come from a page of this review; load the page again")
    return Visitor(person, token)


def lead(store: ReviewStore, request: Request) -> Visitor:
    """As `visitor`. Raises NotAllowed for who is no lead."""
    asking = visitor(store, request)
    if asking.person.place != "lead":
        raise NotAllowed("this page is the lead's; ask the lead for what you need of it")
    return asking


def let_in(response: Response, store: ReviewStore, session: str, secure: bool) -> None:
    """Give the browser the session."""
    response.set_cookie(
        cookie_name(store.fingerprint),
        session,
        max_age=_A_YEAR_S,
        path="/",
        secure=secure,
        httponly=True,
        samesite="strict",
    )
