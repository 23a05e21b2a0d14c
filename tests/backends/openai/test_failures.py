"""Foreign errors become ours by class, status and code."""

import asyncio
import math
from email.utils import formatdate

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import APITimeoutError

from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.client import Wire
from pipeline.backends.openai.failures import failure
from pipeline.backends.openai.retry_after import LONGEST_S, retry_after
from pipeline.backends.openai.spec import Provider
from stages.errors import Broken, EngineDead, ModelError, RateLimited, Refused, TimedOut, TooLong, Transient
from tests.backends.openai.gateway import Answer, chat, error, hanging_up, picture, question, run, says
from tests.serving import serving

QUOTA = {"details": [{"@type": "google.rpc.RetryInfo", "retryDelay": "21.5s"}], "status": "RESOURCE_EXHAUSTED"}
CASES = [
    (error(429, retry_after="3"), RateLimited),
    (error(429), RateLimited),
    (error(429, code="insufficient_quota", retry_after="3"), EngineDead),
    (error(400, code="billing_hard_limit_reached"), EngineDead),
    (error(401, code="invalid_api_key"), EngineDead),
    (error(402), EngineDead),
    (error(403), EngineDead),
    (error(404, code="model_not_found"), EngineDead),
    (error(403, metadata={"reasons": ["violence"], "flagged_input": "..."}), Refused),
    (error(400, code="content_policy_violation"), Refused),
    (error(400, code="moderation_blocked"), Refused),
    (error(400, code="x", innererror={"code": "ResponsibleAIPolicyViolation"}), Refused),
    (error(400, code="context_length_exceeded"), TooLong),
    (error(400, code=400, param="input_tokens", type="BadRequestError"), TooLong),
    (error(413), TooLong),
    (error(400, param="response_format"), EngineDead),
    (error(400, param="seed", code="unknown_parameter"), EngineDead),
    (error(400), ModelError),
    (error(422), ModelError),
    (error(408), Transient),
    (error(409), Transient),
    (error(500), Transient),
    (error(502), Transient),
    (error(503), Transient),
    (error(503, retry_after="1"), RateLimited),
    (error(529, retry_after="1"), RateLimited),
    (Answer(b"", 500), Transient),
    (Answer(b"<html>Bad gateway</html>", 502, {"content-type": "text/html"}), Transient),
    (Answer(b"", 200), Broken),
    (Answer(b"<html>Welcome</html>", 200, {"content-type": "text/html"}), Broken),
    (Answer(b'{"choices": [{"mess', 200), Broken),
    (Answer(b"[" * 100_000, 200), Broken),
    (Answer(chat("fine").content, short_of=10), Broken),
    (says([{"error": {"code": 429, "message": "slow", **QUOTA}}], 429), RateLimited),
    (says({"detail": "Not Found"}, 404), EngineDead),
    (says({"error": {"code": 429, "message": "upstream is busy"}}), RateLimited),
    (says({"error": {"code": "insufficient_quota", "message": "none left"}}), EngineDead),
    (says({"choices": [{"error": {"code": 403, "metadata": {"reasons": ["gore"]}, "message": "flagged"}}]}), Refused),
]


BOTH = [
    pytest.param(what, answer, kind, id=f"{what}-{answer.status}-{answer.content[:60]!r}")
    for what in ("ask", "draw")
    for answer, kind in CASES
    if what == "ask" or b"choices" not in answer.content
]


@pytest.mark.parametrize(("what", "answer", "kind"), BOTH)
def test_each_failure_is_classified_by_status_and_code(gateway, store, what, answer, kind):
    gateway.play(answer)
    model = gateway.model(store)
    with pytest.raises(ModelError) as caught:
        run(model.ask(question()) if what == "ask" else model.draw(picture()))
    assert type(caught.value) is kind
    assert len(gateway.asked) == 1  # the client itself never tries again
    assert len(str(caught.value)) < 600
    assert str(caught.value).isprintable()


def test_a_refusal_by_status_keeps_its_lines(gateway, store):
    gateway.play(error(400, "I cannot.\n" + "why " * 200, code="content_policy_violation"))
    with pytest.raises(Refused) as caught:
        run(gateway.model(store).draw(picture()))
    assert caught.value.text == ("I cannot.\n" + "why " * 200).strip()


def test_words_decide_nothing(gateway, store):
    gateway.play(error(500, "maximum context length exceeded; insufficient_quota; content_filter; 429"))
    with pytest.raises(Transient) as caught:
        run(gateway.model(store).ask(question()))
    assert type(caught.value) is Transient


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (error(429, retry_after="2.5"), 2.5),
        (error(429, retry_after="soon"), None),
        (error(429), None),
        (says({}, 429, retry_after_ms="150", retry_after="9"), 0.15),
        (says([{"error": {"code": 429, **QUOTA}}], 429), 21.5),
        (error(503, retry_after="0"), 0.0),
    ],
)
def test_the_wait_asked_for_is_passed_on(gateway, store, answer, seconds):
    gateway.play(answer)
    with pytest.raises(RateLimited) as caught:
        run(gateway.model(store).ask(question()))
    assert caught.value.retry_after == seconds


def test_no_answer_in_time_is_timed_out_even_when_bytes_trickle(gateway, store):
    async def trickle(scope, receive, send):
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(40):
                await asyncio.sleep(0.1)
                await send({"type": "http.response.body", "body": b" ", "more_body": True})

    gateway.play(Answer(after_s=2.0))
    with pytest.raises(TimedOut, match="timeout_s"):
        run(gateway.model(store, gateway.provider(timeout_s=0.3)).ask(question()))
    with serving(trickle) as url:
        provider = Provider(base_url=f"{url}/v1", timeout_s=0.4)
        with pytest.raises(TimedOut, match="timeout_s"):
            run(OpenAIModel("m", "1", {}, "slow", provider, store).ask(question()))


def test_a_connection_that_is_refused_or_dropped_is_transient(store):
    with hanging_up() as url:
        model = OpenAIModel("m", "1", {}, "gate", Provider(base_url=url), store)
        with pytest.raises(Transient) as dropped:
            run(model.ask(question()))
    with pytest.raises(Transient) as refused:  # nobody listens there any more
        run(model.ask(question()))
    assert (type(dropped.value), type(refused.value)) == (
        Broken,
        Transient,
    )  # what was sent may have been answered, and paid
    assert "gate: no connection" in str(refused.value)


def test_a_request_that_was_never_sent_is_not_timed_out():
    """Such a call cost nothing."""
    error = APITimeoutError(httpx2.Request("POST", "http://127.0.0.1/v1"))
    error.__cause__ = httpx2.ConnectTimeout("late")
    gate = Wire("gate", Provider(base_url="http://127.0.0.1/v1"))
    assert type(failure(error, gate)) is Transient
    error.__cause__ = httpx2.ReadTimeout("late")
    assert type(failure(error, gate)) is TimedOut


def test_an_unclear_400_before_any_answer_names_the_remedy_and_later_does_not(gateway, store):
    model = gateway.model(store)
    gateway.play(error(400, "bad"))
    with pytest.raises(ModelError, match="structured: none"):
        run(model.ask(question()))
    gateway.play(chat("fine"), error(400, "bad"))
    run(model.ask(question()))
    with pytest.raises(ModelError) as caught:
        run(model.ask(question()))
    assert "structured" not in str(caught.value)
    with pytest.raises(ModelError) as caught:
        run(gateway.model(store, structured="none").ask(question()))
    assert "structured" not in str(caught.value)


def test_a_foreign_error_does_not_travel_with_ours(gateway, store):
    gateway.play(error(500))
    with pytest.raises(Transient) as caught:
        run(gateway.model(store).ask(question()))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@given(st.floats(-1e12, 1e12) | st.integers(-(10**40), 10**40))
def test_any_number_of_seconds_is_bounded(seconds):
    assert retry_after({"retry-after": str(seconds)}) == min(max(float(seconds), 0.0), LONGEST_S)


@given(st.integers(0, 2**32), st.integers(-5000, 5000))
def test_an_http_date_is_a_wait_from_now(now, ahead):
    wait_s = retry_after({"retry-after": formatdate(max(now + ahead, 0), usegmt=True)}, now=float(now))
    assert wait_s == min(max(max(now + ahead, 0) - now, 0), LONGEST_S)


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text(max_size=40)), st.text(max_size=9))
def test_any_words_give_a_usable_wait_or_none(headers, delay):
    for details in (None, [delay], [{"retryDelay": delay}], [{"retryDelay": delay + "s"}]):
        wait_s = retry_after(headers, details)
        assert wait_s is None or (math.isfinite(wait_s) and 0 <= wait_s <= LONGEST_S)
