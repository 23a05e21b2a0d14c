"""Reward functions with the signatures of trainers, against a real reward server."""

import asyncio
import inspect
import io
import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from PIL import Image

from tests.training.rewards.world_answers import HALF, INSTRUCTION, PROMPT, picture, verdict
from training.rewards.adapters.client import RewardServerError, group_size
from training.rewards.adapters.parts import UnfitAnswer, encoded, parts_of, prompt_of
from training.rewards.adapters.trl import ladder_reward
from training.rewards.adapters.verl import compute_score, compute_scores

WHOLE, PART = picture(INSTRUCTION), picture(HALF)
TRUTH = json.dumps({**PROMPT, "explanation": None, "checker": {"style": "objects", "spec": {"include": []}}})
SAID = f"<image>{verdict(True)}"


@pytest.fixture(autouse=True)
def address(url, monkeypatch):
    monkeypatch.setenv("X2I_REWARD_URL", f"{url}/v1")
    monkeypatch.delenv("X2I_GROUP_SIZE", raising=False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)


def info(name, **more):
    return {"id": name, "task": "t2i", "category": "addition", **more}


def columns(names):
    return {
        "reward_model": [{"style": "model", "ground_truth": TRUTH} for _ in names],
        "extra_info": [info(name) for name in names],
        "images": [[] for _ in names],
    }


def test_trl_gets_a_reward_for_each_completion_and_logs_the_images():
    logged, metrics = {}, {}
    names = ["p", "p", "q", "q"]
    rewards = ladder_reward(
        prompts=["draw"] * 4,
        completions=[
            SAID,
            [
                {
                    "role": "assistant",
                    "content": [{"type": "image", "image": PART}, {"type": "text", "text": verdict(True)}],
                }
            ],
            SAID,
            "no image at all",
        ],
        completion_ids=[[1]] * 4,
        trainer_state=SimpleNamespace(global_step=3),
        log_extra=logged.__setitem__,
        log_metric=metrics.__setitem__,
        answer_images=[[WHOLE], None, [Image.open(io.BytesIO(WHOLE))], None],
        **columns(names),
    )
    assert rewards[0] == 1.0 > rewards[1] > 0
    assert rewards[2:] == [1.0, 0.0]
    assert logged["ladder_images"] == [1, 1, 1, 0]
    assert metrics["ladder/images"] == 0.75
    assert set(inspect.signature(ladder_reward).parameters) >= {
        "prompts",
        "completions",
        "completion_ids",
        "log_metric",
    }


def test_a_group_that_two_processes_share_is_whole_at_the_server(monkeypatch):
    monkeypatch.setenv("X2I_GROUP_SIZE", "2")
    monkeypatch.setenv("WORLD_SIZE", "2")

    def process(drawn):
        return ladder_reward(["draw"], [SAID], answer_images=[[drawn]], **columns(["shared"]))

    with ThreadPoolExecutor(2) as processes:
        (first,), (second,) = processes.map(process, [WHOLE, PART])
    assert first == 1.0 > second


def test_a_group_whose_size_nobody_knows_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(
        RewardServerError, match="X2I_GROUP_SIZE is not set, and a group may be spread over 2 processes"
    ):
        ladder_reward(["draw"], [SAID], answer_images=[[WHOLE]], **columns(["p"]))
    with pytest.raises(RewardServerError, match="X2I_GROUP_SIZE is not set, and answers come one at a time"):
        asyncio.run(compute_score("edits", SAID, TRUTH, info("p", answer_images=[WHOLE])))
    monkeypatch.setenv("X2I_GROUP_SIZE", "none")
    with pytest.raises(RewardServerError, match="'none'; it has to be a whole number above 0"):
        group_size(["p"], "p")


def test_verl_scores_one_response_at_a_time_and_all_at_once(monkeypatch):
    monkeypatch.setenv("X2I_GROUP_SIZE", "3")

    async def batch():
        drawn = [WHOLE, PART, None]
        return await asyncio.gather(
            *(
                compute_score(
                    "edits",
                    "nothing" if data is None else SAID,
                    TRUTH,
                    info("v", answer_images=None if data is None else [data], num_turns=1),
                    reward_router_address=None,
                )
                for data in drawn
            )
        )

    found = asyncio.run(batch())
    assert found[0]["score"] == 1.0 > found[1]["score"] > found[2]["score"] == 0.0
    assert [one["images"] for one in found] == [1.0, 1.0, 0.0]
    assert len({tuple(one) for one in found}) == 1


def test_verl_scores_a_batch(monkeypatch):
    parts = [{"type": "image", "image": WHOLE}, {"type": "text", "text": verdict(True)}]
    infos = [info("w", answer_parts=parts), info("w", answer_images=[PART])]
    found = compute_scores(["edits"] * 2, ["", SAID], [TRUTH] * 2, infos)
    assert found[0]["score"] == 1.0 > found[1]["score"]


def test_a_prompt_is_named_where_its_references_are_not_at_hand():
    edit = json.dumps({**PROMPT, "applicable_axes": ["instruction", "consistency"]})
    assert prompt_of(edit, None, "abc", {"task": "edit"}) == "abc"
    assert prompt_of(TRUTH, None, "abc", {"task": "t2i"})["references"] == []
    assert prompt_of(edit, [WHOLE], "abc")["references"] == [encoded(WHOLE)]
    with pytest.raises(UnfitAnswer, match="keep the columns reward_model, extra_info and images"):
        prompt_of(None, None, None)
    with pytest.raises(UnfitAnswer, match="no JSON"):
        prompt_of("{", [], "abc")


def test_images_in_every_form(tmp_path):
    file = tmp_path / "x.png"
    file.write_bytes(WHOLE)
    once = encoded(WHOLE)
    assert (
        encoded({"bytes": WHOLE, "path": None}) == encoded({"bytes": None, "path": str(file)}) == encoded(file) == once
    )
    assert encoded(f"data:image/png;base64,{once}").endswith(once)
    for wrong in ("/etc/passwd", "http://x/y.png", 7, tmp_path / "none.png"):
        with pytest.raises(UnfitAnswer):
            encoded(wrong)


def test_markers_and_images_must_be_as_many():
    assert [p["type"] for p in parts_of("a<image>b<image>", [WHOLE, PART])] == ["text", "image", "text", "image"]
    assert parts_of("a<image>b") == [{"type": "text", "text": "a<image>b"}]
    with pytest.raises(UnfitAnswer, match="has no image"):
        parts_of("<image><image>", [WHOLE])
    with pytest.raises(UnfitAnswer, match="1 images stand at no"):
        parts_of("<image>", [WHOLE, PART])
    blocks = [{"type": "image"}, {"type": "text", "text": "b"}]
    assert [p["type"] for p in parts_of(blocks, [WHOLE])] == ["image", "text"]


def test_what_the_server_says_reaches_the_trainer(monkeypatch, hasty_url):
    with pytest.raises(
        RewardServerError, match=r"the reward server: prompt unknown is not known.*\(prompt_not_found\)"
    ):
        ladder_reward(["draw"], [SAID], answer_images=[[WHOLE]], id=["unknown"])
    monkeypatch.setenv("X2I_GROUP_SIZE", "2")
    monkeypatch.setenv("X2I_REWARD_URL", f"{hasty_url}/v1")
    with pytest.raises(RewardServerError, match=r"1 of 2 rollouts came.*\(group_incomplete\)"):
        ladder_reward(["draw"], ["nothing"], **columns(["alone"]))
    monkeypatch.setenv("X2I_REWARD_URL", "")
    with pytest.raises(RewardServerError, match="X2I_REWARD_URL is not set"):
        ladder_reward(["draw"], [SAID], answer_images=[[WHOLE]], **columns(["alone"]))
