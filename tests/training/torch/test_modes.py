"""Mode proof: after SFT a tiny model chooses the mode by the prompt; the complexity penalty saves images at equal outcome."""

import pytest

from benchmarks.mode_plot import interval
from benchmarks.modes import WORLD, answers, measure_grpo, taught_model
from tests.training.torch.planted_modes import world

pytestmark = pytest.mark.slow

HERE = world(WORLD)
SEEDS = (0, 1, 2)
SAME_OUTCOME = 0.05
"""Outcomes, 0 to 1, that differ by less are equal."""
SAME_IMAGES = 0.1
"""Images per answer that differ by less are equal: a fifth of those that are needless."""


def test_after_sft_the_mode_is_chosen_by_the_prompt(tmp_path):
    model = taught_model(HERE, False, WORLD, tmp_path)
    likeliest = answers(model, HERE.held_out, 1, WORLD, temperature=0.0)
    print(likeliest)
    assert likeliest.suited >= 0.9
    assert not {prompt.words for prompt in HERE.held_out} & {prompt.words for prompt in HERE.trained}


def test_the_penalty_lowers_images_at_equal_outcome_and_without_it_they_stay(tmp_path):
    seeds = [measure_grpo(seed, tmp_path) for seed in SEEDS]

    def change(way, measure):
        return interval([one[way][measure] - one["before"][measure] for one in seeds])

    saved, half = change("with_penalty", "images")
    assert saved + half < 0
    assert change("with_penalty", "outcome")[0] > -SAME_OUTCOME
    assert change("without_penalty", "images")[0] > -SAME_IMAGES
    assert change("without_penalty", "outcome")[0] > -SAME_OUTCOME
