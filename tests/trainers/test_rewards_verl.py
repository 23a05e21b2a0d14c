"""verl's own reward loop with our `compute_score`: all responses of a batch at once, so that they wait for each other."""

import asyncio
from types import SimpleNamespace

import pytest

pytest.importorskip("verl")

import numpy as np
import torch
from verl import DataProto
from verl.experimental.reward_loop.reward_manager.naive import NaiveRewardManager
from verl.utils.import_utils import load_extern_object

from tests.trainers.rewarded import check, rewarded

pytestmark = pytest.mark.slow


def batch(answers, row):
    infos = [{**row["extra_info"], "answer_parts": answer} for answer in answers]
    tokens = {name: torch.ones((len(answers), 4), dtype=torch.long) for name in ("prompts", "responses")}
    tokens["attention_mask"] = torch.ones((len(answers), 8), dtype=torch.long)
    columns = {
        "data_source": [row["data_source"]] * len(answers),
        "reward_model": [row["reward_model"]] * len(answers),
        "extra_info": infos,
    }
    return DataProto.from_dict(tokens, {name: np.array(column, dtype=object) for name, column in columns.items()})


def test_the_reward_loop_scores_a_group(tmp_path):
    score = load_extern_object("pkg://training.rewards.adapters.verl", "compute_score")

    async def scored(data):
        tokenizer = SimpleNamespace(decode=lambda *_, **__: "decoded")
        manager = NaiveRewardManager(SimpleNamespace(), tokenizer, score)
        manager.loop = asyncio.get_running_loop()
        return await asyncio.gather(*(manager.run_single(data[n : n + 1]) for n in range(len(data))))

    with rewarded(tmp_path) as (answers, rows):
        found = asyncio.run(scored(batch(answers, rows[0])))
    check([one["reward_score"] for one in found])
    assert [one["reward_extra_info"]["images"] for one in found] == [1, 1, 2, 0]
