"""A provider's batch API: a real local server with an errors file, expiry, partial results, lost answers and a kill in between."""

import base64
import io

import pytest
import yaml
from PIL import Image

from pipeline.errors import RunStopped, Waiting
from pipeline.forecast.rates import prices
from pipeline.models import identities
from tests.batches.api_server import Provider
from tests.batches.climbing import Place
from tests.serving import serving

MODEL = {"backend": "batch", "batch": "half", "model": "painter"}


@pytest.fixture(scope="module")
def served():
    provider = Provider()
    with serving(provider.app) as url:
        yield provider, f"{url}/v1"


@pytest.fixture
def provider(served):
    served[0].batches.clear()
    served[0].created = 0
    served[0].asked = 0
    return served[0]


@pytest.fixture
def at(served, provider, tmp_path):
    raw = {
        "name": "b",
        "seed": 3,
        "sources": [{"kind": "world", "name": "w", "count": 3, "size": 96}],
        "providers": {"vendor": {"base_url": served[1]}},
        "batches": {"half": {"kind": "openai", "provider": "vendor", "poll_s": 0.05, "wait_s": 0}},
        "models": {role: dict(MODEL) for role in ("baseline", "generator", "analyzer")},
        "prices": {"painter": {"image": 0.5, "input_per_million": 2.0}},
    }
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(raw))
    return Place(tmp_path / "m.yaml", tmp_path / "out", "run.retries=2")


def sent(at, left=3):
    assert at.climb() == left
    with pytest.raises(Waiting, match="the batch API of vendor"):
        at.office.exchange(left)


def picture():
    buffer = io.BytesIO()
    Image.new("RGB", (96, 96), "red").save(buffer, "PNG")
    body = {"created": 1, "data": [{"b64_json": base64.b64encode(buffer.getvalue()).decode()}]}
    return body | {"usage": {"input_tokens": 100, "output_tokens": 7}}


def line(request, body=None, status=200, error=None):
    response = None if body is None else {"status_code": status, "request_id": "r", "body": body}
    return {"id": "x", "custom_id": request["custom_id"], "response": response, "error": error}


def rows(at):
    with at.outcomes.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT outcome, usd, provider FROM ledger ORDER BY outcome, usd").all()


def batch_of(provider, path):
    (batch,) = [b for b in provider.out() if b["endpoint"] == path]
    return batch


def test_bodies_are_those_of_direct_calls_and_answers_cost_half(at, provider):
    sent(at)
    assert identities(at.manifest)["baseline"] == "openai/painter@1"
    assert prices(at.manifest)["baseline"].image == 0.25
    requests = [(b, r) for b in provider.out() for r in provider.requests(b)]
    assert len(requests) == 3
    for batch, request in requests:
        assert (request["method"], request["url"]) == ("POST", batch["endpoint"])
        body = request["body"]
        assert (body["model"], body["size"], body["n"]) == ("painter", "96x96", 1)
        assert ("images" in body) == (batch["endpoint"] == "/v1/images/edits")
        assert all(image["image_url"].startswith("data:image/png;base64,") for image in body.get("images", ()))
    for batch in provider.out():
        provider.end(batch, "completed", [line(r, picture()) for r in provider.requests(batch)])
    at.office.begin()
    assert rows(at) == [("ok", pytest.approx((0.5 + 100 * 2e-6) / 2), "vendor")] * 3
    assert at.count("letters") == 0
    sent(at)  # the verdicts are asked for
    (batch,) = provider.out()
    assert batch["endpoint"] == "/v1/chat/completions"
    assert all(r["body"]["response_format"]["type"] == "json_schema" for r in provider.requests(batch))


def test_errors_expiry_and_partial_results(at, provider):
    """One is answered, one is turned down, one expires: only the last goes out again."""
    sent(at)
    requests = [r for b in provider.out() for r in provider.requests(b)]
    fates = {
        requests[0]["custom_id"]: ("answered", line(requests[0], picture())),
        requests[1]["custom_id"]: (
            "failed",
            line(requests[1], {"error": {"code": "content_policy_violation", "message": "not this"}}, 400),
        ),
        requests[2]["custom_id"]: ("failed", line(requests[2], error={"code": "batch_expired", "message": "too late"})),
    }
    for batch in provider.out():
        lines = [fates[r["custom_id"]] for r in provider.requests(batch)]
        chosen = {kind: [text for fate, text in lines if fate == kind] for kind in ("answered", "failed")}
        provider.end(batch, "expired", **chosen)
    at.office.begin()
    assert [outcome for outcome, *_ in rows(at)] == ["Refused", "ok"]
    assert at.climb() == 2
    with pytest.raises(Waiting):
        at.office.exchange(2)
    again = [r["custom_id"] for b in provider.out() for r in provider.requests(b)]
    assert requests[2]["custom_id"] in again
    assert not {requests[0]["custom_id"], requests[1]["custom_id"]} & set(again)


@pytest.mark.parametrize("lost", ["the answer", "the note of it"])
def test_a_batch_is_made_once_whatever_is_lost(at, provider, lost):
    provider.lose_answer = lost == "the answer"
    sent(at)
    made = provider.created
    if lost == "the note of it":
        with at.outcomes.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE batch_jobs SET state = 'making', remote = NULL")
    at.office.begin()
    at.office.begin()
    assert provider.created == made == len(provider.out())
    for batch in provider.out():
        provider.end(batch, "completed", [line(r, picture()) for r in provider.requests(batch)])
    at.office.begin()
    assert [outcome for outcome, *_ in rows(at)] == ["ok"] * 3


def test_a_job_that_was_written_down_and_never_sent_is_sent(at, provider):
    sent(at)
    provider.batches.clear()
    with at.outcomes.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE batch_jobs SET state = 'making', remote = NULL")
    before = provider.created
    at.office.begin()
    assert provider.created == 2 * before


def test_a_batch_that_is_turned_down_stops_the_run_with_the_reason(at, provider):
    sent(at)
    for batch in provider.out():
        batch["errors"] = {"object": "list", "data": [{"code": "invalid_model", "message": "no batches of painter"}]}
        provider.end(batch, "failed")
    with pytest.raises(RunStopped, match=r"batch half: the batch was turned down.*no batches of painter"):
        at.office.begin()
    assert at.outcomes.spent() < 1.5


def test_a_batch_that_was_cancelled_goes_out_again(at, provider):
    sent(at)
    for batch in provider.out():
        provider.end(batch, "cancelled")
    at.office.begin()
    sent(at)
    assert len([r for b in provider.out() for r in provider.requests(b)]) == 3
    assert rows(at) == []


def expire(provider):
    for batch in provider.out():
        provider.end(batch, "expired")


def test_requests_that_always_expire_fail_in_the_end_however_often_the_build_was_stopped(at, provider):
    for _ in range(3):
        sent(at)
        expire(provider)
        at.office.begin()
    made = provider.created
    assert at.climb() == 0
    assert {(t.status, t.reason) for t in at.outcomes.all()} == {("failed", "transport")}
    assert provider.created == made == 6
    at.outcomes.forget([t.sample.id for t in at.planned])
    at.office.begin()  # a build that is typed again tries them anew
    sent(at)
    assert provider.created == made + 2


def test_a_provider_without_room_is_no_try(at, provider):
    for _ in range(5):
        sent(at)
        for batch in provider.out():
            batch["errors"] = {"object": "list", "data": [{"code": "token_limit_exceeded", "message": "no room"}]}
            provider.end(batch, "failed")
        at.office.begin()
    sent(at)
    answer_all(at, provider)
    at.office.begin()
    assert [outcome for outcome, *_ in rows(at)] == ["ok"] * 3


def answer_all(at, provider):
    for batch in provider.out():
        provider.end(batch, "completed", [line(r, picture()) for r in provider.requests(batch)])


ANALYZER, *DIRECT = (
    f"models.{role}={{backend: openai, provider: vendor, model: painter}}"
    for role in ("analyzer", "baseline", "generator")
)


def test_a_model_that_is_asked_directly_from_now_on_is_not_asked_what_is_out(at, provider, tmp_path):
    sent(at)
    direct = Place(tmp_path / "m.yaml", tmp_path / "out", *DIRECT)
    direct.office.begin()
    assert direct.climb() == 3  # the server has no endpoint for images: a call would be an error
    answer_all(direct, provider)
    direct.office.exchange(3)
    assert [outcome for outcome, *_ in rows(direct)] == ["ok"] * 3
    assert provider.asked == 0


def test_what_expired_is_asked_directly_once_nobody_goes_by_the_batch(at, provider, tmp_path):
    sent(at)
    made = provider.created
    expire(provider)
    direct = Place(tmp_path / "m.yaml", tmp_path / "out", *DIRECT, ANALYZER)
    direct.office.begin()
    assert not direct.office.busy
    assert (direct.count("letters"), provider.created) == (0, made)


def test_a_batch_that_is_not_in_the_manifest_any_more_is_asked_for(at, provider, tmp_path):
    sent(at)
    direct = Place(tmp_path / "m.yaml", tmp_path / "out", *DIRECT, ANALYZER, "batches={}")
    direct.office.begin()
    assert direct.climb() == 3
    with pytest.raises(RunStopped, match=r"\(3 with half\); name it again"):
        direct.office.exchange(3)


def test_builds_of_one_database_leave_each_others_batches_alone(at, provider, tmp_path):
    """The other one asks the same questions: they are its own to take in, and nobody asks them twice."""
    database = f"sqlite:///{tmp_path / 'shared.db'}"
    mine, other = (
        Place(tmp_path / "m.yaml", tmp_path / name, database=database, run=name * 32) for name in ("aa", "bb")
    )
    sent(mine)
    made = provider.created
    with mine.outcomes.engine.begin() as connection:  # it is just about to send them
        connection.exec_driver_sql("UPDATE batch_jobs SET state = 'making'")
    other.office.begin()
    assert other.climb() == 3
    assert other.office.busy
    with pytest.raises(Waiting, match=r"another build of this database has sent \(.*/aa\); let that one go on"):
        other.office.exchange(3)
    assert provider.created == made
    answer_all(mine, provider)
    other.office.begin()
    assert rows(mine) == []
    mine.office.begin()
    mine.office.begin()
    assert [outcome for outcome, *_ in rows(mine)] == ["ok"] * 3
    assert provider.created == made
