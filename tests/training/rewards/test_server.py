"""The reward server, over HTTP: whole groups, rollouts that wait for each other, and everything that may be wrong with them."""

import json
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import pyarrow.parquet as pq
import pytest

from tests.training.rewards.rewarding import reward_server
from tests.training.rewards.world_answers import HALF, INSTRUCTION, PROMPT, direct, picture, planned, reflected, text

WHOLE, PART = picture(INSTRUCTION), picture(HALF)
REFLECTED = reflected(
    PART, WHOLE, "The small blue square is missing at the bottom.", "Add a small blue square at the bottom."
)
PLANNED = planned(PART, [(HALF, PART), ("Add a small blue square at the bottom", WHOLE)])


def post(url, path, body, raw=None):
    data = json.dumps(body).encode() if raw is None else raw
    request = urllib.request.Request(f"{url}{path}", data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)["error"]


def group(*rollouts, **more):
    return {"prompt": PROMPT, "rollouts": [{"parts": parts} for parts in rollouts], **more}


def test_a_whole_group(url):
    status, found = post(url, "/v1/groups", group(direct(WHOLE), REFLECTED, PLANNED, direct(PART), [text("no")]))
    assert status == 200
    best, mended, stepped, half, nothing = found["rollouts"]
    assert [r["letters"] for r in found["rollouts"]] == ["G+", "G-RG+", "G-PSG+SG+", "G+", "W"]
    assert [r["images"] for r in found["rollouts"]] == [1, 2, 3, 1, 0]
    assert (best["total"], best["reward"], best["steps"]) == (1.0, 1.0, None)
    assert (mended["outcome"], mended["steps"], mended["reward"]) == (1.0, 1.0, 0.5)
    assert (stepped["outcome"], stepped["format"], stepped["steps"]) == (1.0, 1.0, 1.0)
    assert stepped["reward"] == pytest.approx(1 / 3)
    assert half["passed"] is False
    assert half["outcome"] < 1
    assert half["reward"] == half["total"]
    assert (nothing["reward"], nothing["format"], nothing["competitive"]) == (0.0, 0.0, False)
    assert sum(r["advantage"] for r in found["rollouts"]) == pytest.approx(0, abs=1e-9)


def test_the_same_group_again_gets_the_same(url):
    body = group(direct(WHOLE), direct(PART))
    assert post(url, "/v1/groups", body) == post(url, "/v1/groups", body)


def test_a_text_that_is_wrong_about_the_picture_is_worth_less(url):
    wrong = reflected(PART, WHOLE, "The light is too dim.", "Make it brighter.")
    _, found = post(url, "/v1/groups", group(REFLECTED, wrong))
    right, other = found["rollouts"]
    assert right["steps"] > other["steps"]
    assert right["total"] > other["total"]


def one(parts, name, group_name, size, prompt=PROMPT):
    return {"prompt": prompt, "rollout": {"id": name, "parts": parts}, "group": group_name, "group_size": size}


def test_rollouts_that_come_alone_wait_for_each_other(url):
    bodies = [one(direct(WHOLE), "a", "g1", 3), one(REFLECTED, "b", "g1", 3), one(direct(PART), "c", "g1", 3)]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda body: post(url, "/v1/rollouts", body), bodies))
    assert [status for status, _ in found] == [200] * 3
    _, whole = post(url, "/v1/groups", group(direct(WHOLE), REFLECTED, direct(PART)))
    assert [r["reward"] for _, r in found] == [r["reward"] for r in whole["rollouts"]]
    assert [r["advantage"] for _, r in found] == [r["advantage"] for r in whole["rollouts"]]
    # sent once more, a rollout gets what it got, without the others
    assert post(url, "/v1/rollouts", bodies[1]) == found[1]


def test_an_incomplete_group_is_an_error_for_all_of_it(hasty_url):
    bodies = [one([text("no")], "a", "g2", 3), one([text("nor this")], "b", "g2", 3)]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda body: post(hasty_url, "/v1/rollouts", body), bodies))
    for status, error in found:
        assert (status, error["code"], error["param"]) == (408, "group_incomplete", "group_size")
        assert "of 3 rollouts came, and no further one for 0.3 s, so nobody of it has a reward" in error["message"]
    assert json.load(urllib.request.urlopen(f"{hasty_url}/health"))["waiting"] == 0


def test_a_group_of_the_same_name_begins_anew_once_one_is_whole(url):
    assert post(url, "/v1/rollouts", one([text("no")], "a", "g4", 1))[0] == 200
    assert post(url, "/v1/rollouts", one([text("nor this")], "b", "g4", 1))[0] == 200


def test_a_group_has_one_size_one_prompt_and_ids_of_its_own(url):
    first = threading.Thread(target=post, args=(url, "/v1/rollouts", one(direct(WHOLE), "a", "g3", 2)))
    first.start()
    while json.load(urllib.request.urlopen(f"{url}/health"))["waiting"] == 0:
        pass
    other = {**PROMPT, "instruction": HALF}
    for body, param in (
        (one(direct(PART), "b", "g3", 4), "group_size"),
        (one(direct(PART), "b", "g3", 2, other), "prompt"),
        (one(direct(PART), "a", "g3", 2), "rollout.id"),
    ):
        status, error = post(url, "/v1/rollouts", body)
        assert (status, error["code"], error["param"]) == (409, "group_conflict", param)
    assert post(url, "/v1/rollouts", one(direct(PART), "b", "g3", 2))[0] == 200
    first.join()
    status, error = post(url, "/v1/rollouts", one(direct(WHOLE), "b", "g3", 2))
    assert (status, error["param"]) == (409, "rollout.id")


def test_what_is_wrong_with_one_rollout_concerns_it_alone(url):
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(post, url, "/v1/rollouts", one(direct(WHOLE), "a", "g5", 2))
        broken = [{"type": "image", "image": "aGk="}]
        assert post(url, "/v1/rollouts", one(broken, "b", "g5", 2))[0] == 400
        assert post(url, "/v1/rollouts", one(direct(PART), "b", "g5", 2))[0] == 200
        assert first.result()[0] == 200


@pytest.mark.parametrize(
    "address",
    [
        *("/etc/passwd", "../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/x.png", "C:\\x.png", "~/x.png"),
        *("data:text/plain;base64,aGk=", "./x.png"),
    ],
)
def test_nothing_is_read_or_fetched(url, address):
    parts = [{"type": "image", "image": address}, text("<Evaluate Quality>: fine ✓")]
    status, error = post(url, "/v1/groups", group(parts))
    assert (status, error["param"]) == (400, "rollout.parts.0.image")
    assert "paths and addresses are not fetched" in error["message"]


def test_a_prompt_may_be_named_where_the_server_knows_it(url):
    rollouts = [{"parts": direct(WHOLE)}, {"parts": direct(PART)}]
    _, named = post(url, "/v1/groups", {"prompt_id": "first", "rollouts": rollouts})
    _, given = post(url, "/v1/groups", group(direct(WHOLE), direct(PART)))
    assert [r["reward"] for r in named["rollouts"]] == [r["reward"] for r in given["rollouts"]]
    status, error = post(url, "/v1/groups", {"prompt_id": "other", "rollouts": rollouts})
    assert (status, error["code"], error["param"]) == (404, "prompt_not_found", "prompt_id")
    status, error = post(url, "/v1/groups", {"rollouts": rollouts})
    assert (status, "give either prompt or prompt_id" in error["message"]) == (400, True)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rollouts": []}, "rollouts"),
        ({"prompt": {**PROMPT, "instruction": ""}}, "prompt.instruction"),
        ({"prompt": {**PROMPT, "target": [0, 9]}}, "prompt.target.0"),
        ({"prompt": {**PROMPT, "applicable_axes": ["beauty"]}}, "prompt.applicable_axes.0"),
        ({"unknown": 1}, "unknown"),
        ({"rollouts": [{"id": "a", "parts": []}, {"id": "a", "parts": []}]}, "two rollouts have one id"),
        ({"rollouts": [{"parts": [{"type": "text", "image": "aGk="}]}]}, "holds 'text' and nothing else"),
        ({"rollouts": [{"parts": [{"type": "image", "image": "aGk="}]}]}, "image 1 cannot be read"),
        ({"rollouts": [{"parts": [{"type": "image", "image": "é"}]}]}, "no base64"),
    ],
)
def test_wrong_bodies_are_named(url, change, words):
    status, error = post(url, "/v1/groups", group(direct(WHOLE)) | change)
    assert (status, error["type"]) == (400, "invalid_request_error")
    assert words in error["message"]


def test_bodies_have_limits_and_a_form(url):
    assert post(url, "/v1/groups", None, b"{")[1]["code"] == "invalid_value"
    connection = HTTPConnection(url.removeprefix("http://"))
    connection.putrequest("POST", "/v1/groups")
    connection.putheader("Content-Length", str(33 * 2**20))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, json.load(answer)["error"]["code"]) == (413, "request_too_large")
    connection.close()
    assert post(url, "/v1/nothing", {})[0] == 404


@pytest.mark.slow
def test_nothing_is_paid_twice_across_restarts(tmp_path):
    body = group(direct(WHOLE), REFLECTED)
    with reward_server(tmp_path) as url:
        first = post(url, "/v1/groups", body)
    calls = pq.read_table(tmp_path / "ledger.parquet").num_rows
    assert calls == 2  # one image and one text: the two answers end with the same image
    with reward_server(tmp_path) as url:
        assert post(url, "/v1/groups", body) == first
    assert pq.read_table(tmp_path / "ledger.parquet").num_rows == calls


def test_a_judge_that_cannot_be_reached_is_an_error_in_form(tmp_path):
    dead = [
        'providers={gone: {base_url: "http://127.0.0.1:1/v1", timeout_s: 1}}',
        "models.analyzer={backend: openai, provider: gone, model: m}",
        *("run.retries=0", "run.retry_deadline_s=1"),
    ]
    with reward_server(tmp_path, sets=dead) as url:
        status, error = post(url, "/v1/groups", group(direct(WHOLE)))
        assert (status, error["type"]) == (500, "server_error")
        assert post(url, "/v1/groups", group(direct(WHOLE)))[0] == 500
