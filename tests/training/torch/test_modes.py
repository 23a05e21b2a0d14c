"""Mode proof: after SFT a tiny model chooses the mode by the prompt; the complexity penalty keeps it from needless steps."""

import pytest

from benchmarks.modes import WORLD, after_grpo, answers, taught_model
from tests.training.torch.planted_modes import world

pytestmark = pytest.mark.slow

HERE = world(WORLD)


def test_after_sft_the_mode_is_chosen_by_the_prompt(tmp_path):
    model = taught_model(HERE, False, WORLD, tmp_path)
    likeliest = answers(model, HERE.held_out, 1, WORLD, temperature=0.0)
    sampled = answers(model, HERE.held_out, 4, WORLD)
    print(likeliest, sampled)
    assert likeliest.suited >= 0.9
    assert sampled.suited >= 0.75
    assert not {prompt.words for prompt in HERE.held_out} & {prompt.words for prompt in HERE.trained}


def test_the_penalty_lowers_images_at_equal_outcome_and_nothing_else_does(tmp_path):
    waste = taught_model(HERE, True, WORLD, tmp_path / "start")
    with_penalty, without = (
        answers(after_grpo(HERE, waste, penalty, 0, tmp_path / "grpo"), HERE.held_out, 8, 0)
        for penalty in (True, False)
    )
    print(with_penalty, without)
    assert with_penalty.images_easy < without.images_easy - 0.4
    assert with_penalty.outcome > without.outcome - 0.05
    assert with_penalty.images_hard > 2.5
