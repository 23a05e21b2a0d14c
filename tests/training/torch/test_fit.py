"""Fit proof: what is trained is reproduced, and failed images stay as unlikely as chance has it. Without the mask they do not."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch

from tests.training.rows import REASONS, climbed, reweighted
from tests.training.torch.planted import CODES, picture, shades, tiny_trainee, written
from training.render.packing import packed
from training.render.render import render
from training.row import ImageCell
from training.sft.run import train_sft
from training.sft.settings import SftSettings
from training.trainee.likelihood import token_logits
from training.trainee.model import load_trainee

pytestmark = pytest.mark.slow

TRAJECTORIES, SIDE = 32, 4
CHANCE = -log(CODES)
SETTINGS = {
    "batch": 8,
    "epochs": 100,
    "learning_rate": 4e-3,
    "final_learning_rate": 1e-4,
    "precision": "fp32",
    "pixels": 1024,
}


def trajectory(n, codes):
    """A trajectory that says things of its own, and images that nothing foretells."""
    mode = ("direct", "reflection", "multistep")[n % 3]
    said = tuple(f"{reason} {n}" for reason in REASONS)
    row = climbed(mode, seed=n, instruction=f"picture {n}", references=0, reasons=said, rounds=1 + n % 2)
    cells = [ImageCell(picture(codes.integers(0, CODES, (SIDE, SIDE))), None) for _ in row.images]
    return replace(row, id=f"{n:032x}", images=tuple(cells))


@pytest.fixture(scope="module")
def rows():
    codes = np.random.default_rng(3)
    return [trajectory(n, codes) for n in range(TRAJECTORIES)]


@pytest.fixture(scope="module")
def model(rows, tmp_path_factory):
    return str(tiny_trainee(tmp_path_factory.mktemp("model"), rows))


def fitted(rows, model, folder):
    start = load_trainee(model, 1024)
    last = train_sft(
        written(folder / "shards", rows),
        model,
        folder / "out",
        SftSettings(**SETTINGS),
        shades(start.processor.tokenizer),
    )
    return load_trainee(str(last), 1024)


def likelihoods(trainee, rows):
    """Of each row: which trained tokens are the likeliest ones [N], and log P among the codes of its masked images' codes [M]."""
    grammar, images = trainee.grammar, shades(trainee.processor.tokenizer)
    visual = torch.tensor(sorted(grammar.visual))
    hits, failed = [], []
    with torch.no_grad():
        for row in rows:
            one = render(row, grammar, images)
            spans = [s for s in one.spans if s.kind == "generation" and not s.loss]
            inside = [n for s in spans for n in range(s.start, s.stop) if one.input_ids[n] in grammar.visual]
            trained = np.flatnonzero(one.weights)
            logits = token_logits(trainee.model, packed([one], len(one)), np.arange(1, len(one)))
            hits += (logits[trained - 1].argmax(-1).numpy() == one.input_ids[trained]).tolist()
            codes = logits[np.array(inside, dtype=np.int64) - 1][:, visual].log_softmax(-1)
            at = torch.from_numpy(one.input_ids[inside] - visual[0].item())
            failed += codes.gather(1, at[:, None])[:, 0].tolist()
    return np.array(hits), np.array(failed)


def test_what_is_trained_is_reproduced_and_failed_images_stay_at_chance(rows, model, tmp_path):
    trainee = fitted(rows, model, tmp_path)
    hits, failed = likelihoods(trainee, rows)
    print(
        f"reproduced {hits.mean():.4f} of {len(hits)}; failed images {failed.mean():.2f} nats a code, chance {CHANCE:.2f}"
    )
    assert hits.mean() > 0.995
    assert len(failed) > 300
    assert failed.mean() < CHANCE + 0.1


def test_without_the_mask_failed_images_are_learned(rows, model, tmp_path):
    every = [reweighted(row, [float(s.role == "assistant") for s in row.segments]) for row in rows]
    trainee = fitted(every, model, tmp_path)
    _, failed = likelihoods(trainee, rows)
    print(f"without the mask: failed images {failed.mean():.2f} nats a code, chance {CHANCE:.2f}")
    assert failed.mean() > CHANCE / 4
