"""Settings of training: read from a file and from words, and refused in one line."""

import re

import pytest

from training.grpo.settings import GrpoSettings
from training.sft.settings import SftSettings
from training.trainee.problem import TrainProblem
from training.trainee.settings import read_settings


def test_defaults_are_the_papers_recipe():
    sft, grpo = SftSettings(), GrpoSettings()
    assert (sft.batch, sft.epochs, sft.learning_rate, sft.final_learning_rate, sft.warm_up) == (128, 1, 1e-5, 1e-6, 0.1)
    assert (sft.precision, sft.pixels) == ("bf16", 512 * 512)
    assert (grpo.group, grpo.temperature, grpo.kl, grpo.learning_rate) == (8, 1.0, 1e-2, 1e-6)


def test_words_change_what_a_file_says(tmp_path):
    file = tmp_path / "settings.yaml"
    file.write_text("learning_rate: 1e-4\nrewards: {penalty: off, eps: 0.1}\n")
    found = read_settings(GrpoSettings, file, ["rewards.eps=0.2", "gradient_checkpointing=false", "steps=7"])
    assert (found.learning_rate, found.rewards.penalty, found.rewards.eps) == (1e-4, "off", 0.2)
    assert (found.gradient_checkpointing, found.steps, found.group) == (False, 7, 8)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["batch"], "--set batch: write KEY=VALUE, say learning_rate=1e-5"),
        (["=3"], "--set =3: write KEY=VALUE"),
        (["batch=0"], "batch: Input should be greater than or equal to 1, and it is 0"),
        (["btach=3"], "btach: there is no such setting; there are seed, epochs"),
        (["batch=[1"], "--set batch=[1: [1 is no YAML value; quote it"),
        (["learning_rate=.nan"], "learning_rate: Input should be"),
        (["batch=2", "batch.size=3"], "--set batch.size=3: batch holds a value, no settings"),
    ],
)
def test_a_wrong_word_is_named_in_one_line(words, says):
    with pytest.raises(TrainProblem, match="^" + re.escape(says)) as caught:
        read_settings(SftSettings, None, words)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "says"), [("- 1", "it holds a list"), ("a: [", "no YAML"), (None, "No such file")])
def test_a_wrong_file_is_named_in_one_line(tmp_path, text, says):
    file = tmp_path / "settings.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(TrainProblem, match=says) as caught:
        read_settings(SftSettings, file, [])
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)
