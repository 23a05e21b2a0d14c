"""ms-swift's own scoring of a GRPO batch, with the reward loaded as it loads plugins."""

from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("swift")

import torch
from swift.rewards import orms
from swift.rl_core.data import GRPOSample
from swift.rl_core.grpo_algorithm import compute_rewards_per_func
from swift.utils import import_external_file

from tests.trainers.rewarded import check, rewarded

pytestmark = pytest.mark.slow
PLUGIN = Path(__file__).parents[2] / "training" / "rewards" / "adapters" / "swift.py"


def sample(row, answer):
    messages = [{"role": "user", "content": "draw"}, {"role": "assistant", "content": answer}]
    extra = {"reward_model": row["reward_model"], "extra_info": row["extra_info"]}
    return GRPOSample(messages=messages, extra=extra, prompt_id=row["extra_info"]["id"])


def test_a_batch_of_two_groups_is_scored(tmp_path):
    import_external_file(str(PLUGIN))
    with rewarded(tmp_path) as (answers, rows):
        reward = orms["x2i_ladder"](args=SimpleNamespace())
        samples = [sample(row, answer) for row in rows for answer in answers]
        state = SimpleNamespace(global_step=1)
        found = compute_rewards_per_func(samples, [reward], [None], torch.device("cpu"), state)
    rewards = found[:, 0].tolist()
    check(rewards[:4])
    check(rewards[4:])
