"""Mode proof: after SFT a tiny model chooses the mode by the prompt; the complexity penalty saves images at equal outcome."""

import pytest

from benchmarks.modes import WORLD, after_grpo, answers, taught_model
from tests.training.torch.planted_modes import world

pytestmark = pytest.mark.slow

HERE = world(WORLD)


def test_after_sft_the_mode_is_chosen_by_the_prompt(tmp_path):
    model = taught_model(HERE, False, WORLD, tmp_path)
    likeliest = answers(model, HERE.held_out, 1, WORLD, temperature=0.0)
    print(likeliest)
    assert likeliest.suited >= 0.9
    assert not {prompt.words for prompt in HERE.held_out} & {prompt.words for prompt in HERE.trained}


def test_with_the_penalty_there_are_fewer_images_than_without_at_equal_outcome(tmp_path):
    waste = taught_model(HERE, True, WORLD, tmp_path / "start")
    with_penalty, without = (
        answers(after_grpo(HERE, waste, penalty, 0, tmp_path / "grpo"), HERE.held_out, 8, 0)
        for penalty in (True, False)
    )
    print(with_penalty, without)
    assert with_penalty.images < without.images - 0.1
    assert with_penalty.outcome > without.outcome - 0.05
