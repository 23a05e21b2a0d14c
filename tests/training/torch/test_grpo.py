"""GRPO runs: what is sampled is whole, what is trained is what was sampled, and a resume changes nothing."""

import numpy as np
import pytest
import torch

from stages.rungs import read_recipe
from tests.training.rows import POLICY, climbed
from tests.training.torch.planted import Shades, picture, shades, tiny_trainee
from tests.training.torch.planted_modes import Truth, rl_shards, world
from training.grpo.judge import CheckerJudge
from training.grpo.objective import chosen_logps, chosen_of, grpo_terms
from training.grpo.run import train_grpo
from training.grpo.sampling import Asking, sample
from training.grpo.settings import GrpoSettings
from training.grpo.writer import CODE, TEXT, Canvas, barred
from training.render.packing import packed
from training.render.parse import read_stretch
from training.render.tokenizers import ImageTokens
from training.trainee.log import read_log
from training.trainee.model import load_trainee, reseed
from training.trainee.problem import TrainProblem

pytestmark = pytest.mark.slow

RECIPE = read_recipe(POLICY)
HERE = world(0, trained=6, held_out=2)
SETTINGS = {
    "prompts": 3, "group": 4, "epochs": 2, "max_tokens": 120, "pixels": 1024, "precision": "fp32", "learning_rate": 1e-3,
    "save_every": 1, "rewards": {"weights": {"steps": 0}},
}  # fmt: skip
STARTS = {"<|image start|>": 6.0, "<|im_end|>": 5.0}
"""What an untrained model likes to say, so that its answers hold images and end."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return str(tiny_trainee(tmp_path_factory.mktemp("model"), [climbed(), climbed("multistep")], bias=STARTS))


@pytest.fixture(scope="module")
def trainee(model):
    return load_trainee(model, 1024)


def asking(trainee, words, rows, columns):
    grammar = trainee.grammar
    return Asking(tuple(grammar.turn([], words)), Canvas(grammar, rows, columns))


def test_every_image_that_is_begun_is_whole_whatever_its_size(trainee):
    reseed(0, 0)
    asked = [
        asking(trainee, "draw " * n, rows, columns) for n, (rows, columns) in enumerate([(1, 1), (2, 3), (4, 2)] * 8)
    ]
    found = sample(trainee, asked, tokens=200, temperature=1.0, together=10)
    sizes = {1: 0, 6: 0, 8: 0}
    for one, ask in zip(found, asked, strict=True):
        assert one.prompt == ask.ids
        stretch = read_stretch(one.answer, trainee.grammar)
        ended = one.answer[-1] == trainee.grammar.end[0]
        assert stretch.problem is None if ended else stretch.problem
        for part in stretch.parts:
            if isinstance(part, ImageTokens):
                assert (part.rows, part.columns) == (ask.canvas.rows, ask.canvas.columns)
                sizes[len(part.ids)] += 1
    assert min(sizes.values()) > 3
    assert any(one.answer[-1] == trainee.grammar.end[0] for one in found)


def test_side_by_side_is_as_alone_where_nothing_is_left_to_chance(trainee):
    asked = [asking(trainee, words, 2, 2) for words in ("a", "a much longer prompt than the other one", "b c")]
    together = sample(trainee, asked, tokens=60, temperature=0.0, together=3)
    alone = [one for ask in asked for one in sample(trainee, [ask], tokens=60, temperature=0.0, together=1)]
    assert [one.answer for one in together] == [one.answer for one in alone]


def test_probabilities_are_those_by_which_it_was_sampled(trainee):
    """Packed, all at once, as with a cache, one by one: and over what could have been chosen they add up to 1."""
    reseed(1, 0)
    found = sample(trainee, [asking(trainee, "draw", 2, 3)] * 4, tokens=60, temperature=1.0, together=4)
    rows = [one.rendered(str(n)) for n, one in enumerate(found)]
    one = packed(rows, sum(map(len, rows)))
    chosen = chosen_of(one, [each.chosen_from for each in found])
    bars = barred(trainee.grammar, trainee.model.config.text_config.vocab_size, "cpu")
    with torch.no_grad():
        logps = chosen_logps(trainee.model, one, chosen, bars, 1.0)
    assert set(chosen.chosen_from.tolist()) == {TEXT, CODE}
    for n, each in enumerate(found):
        ids = torch.tensor([[*each.prompt, *each.answer]])
        with torch.no_grad():
            logits = trainee.model(input_ids=ids).logits[0, len(each.prompt) - 1 : -1].float()
        own = []
        for token, kind, line in zip(each.answer, each.chosen_from, logits, strict=True):
            if kind in (TEXT, CODE):
                own.append(line.masked_fill(bars[kind], float("-inf")).log_softmax(-1)[token].item())
        np.testing.assert_allclose(logps.numpy()[chosen.answer == n], own, atol=1e-4)


def test_the_first_update_has_ratio_1_and_its_gradient_is_that_of_the_advantage():
    new = torch.tensor([-1.0, -2.0, -0.5], requires_grad=True)
    advantage, share = torch.tensor([1.0, 1.0, -2.0]), torch.tensor([0.25, 0.25, 0.5])
    terms = grpo_terms(new, new.detach(), new.detach(), advantage, share, 0.2, 0.01)
    terms.loss.backward()
    assert (terms.kl, terms.clipped) == (0.0, 0)
    np.testing.assert_allclose(new.grad, -share * advantage)


def test_beyond_the_clip_nothing_pushes_on_and_the_reference_pulls_back():
    old = torch.zeros(2)
    new = torch.tensor([0.5, -0.5], requires_grad=True)
    terms = grpo_terms(new, old, new.detach(), torch.tensor([1.0, -1.0]), torch.ones(2), 0.2, 0.0)
    terms.loss.backward()
    assert terms.clipped == 2
    np.testing.assert_allclose(new.grad, [0.0, 0.0])
    again = torch.tensor([0.5, -0.5], requires_grad=True)
    pulled = grpo_terms(again, again.detach(), old, torch.zeros(2), torch.ones(2), 0.2, 1.0)
    pulled.loss.backward()
    assert pulled.kl > 0
    assert again.grad[0] > 0 > again.grad[1]


def run(model, out, images, **changes):
    shards = rl_shards(out.parent / f"{out.name}-prompts", HERE.trained)
    judge = CheckerJudge(Truth(HERE.trained), RECIPE)
    return train_grpo(shards, model, out, GrpoSettings.model_validate({**SETTINGS, **changes}), judge, images, RECIPE)


def test_it_trains_logs_images_from_the_first_step_and_goes_on_exactly(model, trainee, tmp_path):
    images = shades(trainee.processor.tokenizer)
    run(model, tmp_path / "whole", images, updates=2)
    log = read_log(tmp_path / "whole" / "log.jsonl")
    assert [line["step"] for line in log] == [1, 2, 3, 4]
    assert log[0]["images"] > 0
    assert sum(log[0]["modes"].values()) == log[0]["answers"] == 12
    assert log[0]["kl"] == 0 < log[-1]["kl"]

    class Stops(CheckerJudge):
        def __call__(self, prompt, answers):
            if len(read_log(tmp_path / "cut" / "log.jsonl")) == 2:
                raise KeyboardInterrupt
            return super().__call__(prompt, answers)

    shards = rl_shards(tmp_path / "prompts", HERE.trained)
    settings = GrpoSettings.model_validate({**SETTINGS, "updates": 2})
    cut = (shards, model, tmp_path / "cut", settings)
    with pytest.raises(KeyboardInterrupt):
        train_grpo(*cut, Stops(Truth(HERE.trained), RECIPE), images, RECIPE)
    last = train_grpo(*cut, CheckerJudge(Truth(HERE.trained), RECIPE), images, RECIPE)
    assert read_log(tmp_path / "cut" / "log.jsonl") == log
    assert last.name == "checkpoint-000004"
    assert (last / "model.safetensors").read_bytes() == (
        tmp_path / "whole" / last.name / "model.safetensors"
    ).read_bytes()


def test_what_cannot_be_trained_with_is_named(model, trainee, tmp_path, monkeypatch):
    def give(scores):
        return CheckerJudge(lambda asked, answer: scores, RECIPE)

    shards = rl_shards(tmp_path / "prompts", HERE.trained)
    settings = GrpoSettings.model_validate(SETTINGS)
    with pytest.raises(TrainProblem, match="has to give scores of 1 to 5"):
        train_grpo(shards, model, tmp_path / "a", settings, give((7,)), shades(trainee.processor.tokenizer), RECIPE)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(TrainProblem, match="in one process"):
        train_grpo(shards, model, tmp_path / "b", settings, give((5,)))


def test_shades_are_read_as_they_were_drawn():
    codes = np.arange(32).reshape(4, 8)
    tokens = Shades(100).encode(picture(codes))
    assert (tokens.grid - 100).tolist() == codes.tolist()
    assert Shades(100).encode(Shades(100).decode(tokens)) == tokens
