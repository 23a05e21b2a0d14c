"""Does the mask teach a model when to think, and does the complexity penalty keep it from thinking needlessly? A tiny Emu3 shows
it.

In: seeds. Out: `modes.json`, `modes.svg` and a table: for each seed the share of held-out prompts whose mode suits them after
SFT; then a model that was taught to waste steps, before and after GRPO with and without the penalty: images per answer, outcome.

    python -m benchmarks.modes --seeds 0 1 2 --out build/modes
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.mode_plot import summarise
from stages.rungs import read_recipe
from tests.training.rows import POLICY
from tests.training.torch.planted import shades, tiny_trainee, written
from tests.training.torch.planted_modes import Prompt, Truth, World, rl_shards, scores, taught, world
from training.grpo.judge import CheckerJudge
from training.grpo.run import train_grpo
from training.grpo.sampling import Asking, sample
from training.grpo.settings import GrpoSettings
from training.grpo.writer import Canvas
from training.render.answer import ParsedAnswer
from training.render.parse import parse
from training.rewards.settings import RewardSettings, TermWeights
from training.sft.run import train_sft
from training.sft.settings import SftSettings
from training.trainee.checkpoint import newest
from training.trainee.log import read_log
from training.trainee.model import load_trainee, reseed

PIXELS = 32 * 32
SFT = SftSettings(
    batch=8, epochs=12, learning_rate=3e-3, final_learning_rate=1e-4, precision="fp32", pixels=PIXELS,
    gradient_checkpointing=False, save_every=200,
)  # fmt: skip
TIMES = 3
"""Trajectories of each prompt, each with images of its own. Many prompts teach more than many trajectories of few."""
STEPS = 15
TOKENS = 256
"""The longest taught answer has 199. A bound beside it makes long answers malformed, and teaches brevity by itself."""
WORLD = 0
"""The seed of the prompts, and of SFT; those of GRPO are given."""
TRIES = 8
"""Answers to each held-out prompt."""
TEMPERATURE = 0.5
"""Of rollouts, and of answers that are measured. At 1.0 a long answer of so small a model slips far more often than a short one,
so that brevity pays without any penalty."""
PENALTIES = {"with_penalty": True, "without_penalty": False}
WEIGHTS = TermWeights(steps=0.0)
"""Nobody judges intermediate texts here."""


@dataclass(frozen=True)
class SampledAnswers:
    """Means over answers to held-out prompts: images, outcome (0 to 1), the share whose mode suits the prompt, that are well
    formed. `outcome_direct`, `outcome_steps`: of easy prompts that were answered in this mode; NaN where none was.
    """

    images: float
    images_easy: float
    images_hard: float
    outcome: float
    suited: float
    formed: float
    outcome_direct: float
    outcome_steps: float


def answers(
    model: str, prompts: Sequence[Prompt], times: int, seed: int, temperature: float = TEMPERATURE
) -> SampledAnswers:
    """How a model answers `prompts`, `times` each."""
    trainee = load_trainee(model, PIXELS)
    trainee.model.eval()
    grammar, images = trainee.grammar, shades(trainee.processor.tokenizer)
    canvas = Canvas(grammar, *trainee.grid(32, 32))
    every = [prompt for prompt in prompts for _ in range(times)]
    asked = [Asking(tuple(grammar.turn([], prompt.words)), canvas) for prompt in every]
    reseed(seed, 0)
    sampled = sample(trainee, asked, tokens=TOKENS, temperature=temperature, together=160)
    read = [parse(one.answer, images, grammar, read_recipe(POLICY)) for one in sampled]
    count = np.array([len(answer.images) for answer in read])
    hard = np.array([prompt.hard for prompt in every])
    right = np.array([outcome_of(prompt, answer) for prompt, answer in zip(every, read, strict=True)])
    modes = np.array([str(answer.mode) for answer in read])
    return SampledAnswers(
        images=float(count.mean()),
        images_easy=float(count[~hard].mean()),
        images_hard=float(count[hard].mean()),
        outcome=float(right.mean()),
        suited=float(np.mean([answer.mode == prompt.mode for prompt, answer in zip(every, read, strict=True)])),
        formed=float(np.mean([answer.mode is not None for answer in read])),
        outcome_direct=mean_of(right[~hard & (modes == "direct")]),
        outcome_steps=mean_of(right[~hard & (modes == "multistep")]),
    )


def outcome_of(prompt: Prompt, answer: ParsedAnswer) -> float:
    """R_o of the last image, 0 to 1; 0 without one."""
    last = answer.images[-1] if answer.images else None
    return (scores(prompt, last)[0] - 1) / 4 if isinstance(last, bytes) else 0.0


def mean_of(values: NDArray[np.float64]) -> float:
    """The mean; NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def taught_model(here: World, wasteful: bool, seed: int, folder: Path) -> str:
    """A tiny model after SFT; the folder is that of its last checkpoint. What is done already is not done again."""
    last = newest(folder / "sft")
    if last and (folder / "sft" / "losses.png").exists():
        return str(last.folder)
    rows = taught(here.trained, wasteful, seed, TIMES)
    start = str(tiny_trainee(folder / "start", rows[::TIMES]))
    images = shades(load_trainee(start, PIXELS).processor.tokenizer)
    settings = SFT.model_copy(update={"seed": seed})
    return str(train_sft(written(folder / "shards", rows), start, folder / "sft", settings, images))


def after_grpo(here: World, model: str, penalty: bool, seed: int, folder: Path) -> str:
    """The model after GRPO with the truth as its judge."""
    place = folder / "prompts"
    shards = place if place.exists() else rl_shards(place, here.trained)
    rewards = RewardSettings(weights=WEIGHTS, penalty="multiply" if penalty else "off")
    settings = GrpoSettings(
        seed=seed, epochs=100, steps=STEPS, prompts=6, learning_rate=2e-4, max_tokens=TOKENS, pixels=PIXELS, rewards=rewards,
        precision="fp32", gradient_checkpointing=False, length=1024, save_every=1000, temperature=TEMPERATURE,
    )  # fmt: skip
    judge = CheckerJudge(Truth(here.trained), read_recipe(POLICY))
    images = shades(load_trainee(model, PIXELS).processor.tokenizer)
    return str(train_grpo(shards, model, folder / f"grpo-{penalty}", settings, judge, images, read_recipe(POLICY)))


def measure_sft(folder: Path) -> dict[str, dict[str, float]]:
    """How a model answers that was taught the mode that suits each prompt."""
    here = world(WORLD)
    suited = taught_model(here, False, WORLD, folder / "suited")
    return {
        "sft": asdict(answers(suited, here.held_out, TRIES, WORLD)),
        "sft_likeliest": asdict(answers(suited, here.held_out, 1, WORLD, temperature=0.0)),
    }


def measure_grpo(seed: int, folder: Path) -> dict[str, Any]:
    """Answers before GRPO, and after it with and without the penalty, for one seed. What lies in `folder` is not measured again."""
    done = folder / f"seed-{seed}" / "found.json"
    if done.exists():
        before: dict[str, Any] = json.loads(done.read_text("utf-8"))
        return before
    here = world(WORLD)
    waste = taught_model(here, True, WORLD, folder / "wasteful")
    sampled: dict[str, Any] = {"seed": seed, "before": asdict(answers(waste, here.held_out, TRIES, seed))}
    for name, penalty in PENALTIES.items():
        model = after_grpo(here, waste, penalty, seed, done.parent)
        sampled[name] = asdict(answers(model, here.held_out, TRIES, seed))
        log = read_log(done.parent / f"grpo-{penalty}" / "log.jsonl")
        sampled[f"{name}_steps"] = [line["images"] for line in log]
        print(seed, name, sampled["before"], sampled[name], flush=True)
    done.write_text(json.dumps(sampled), "utf-8")
    return sampled


def main() -> None:
    """The command line."""
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    reader.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    reader.add_argument("--out", type=Path, default=Path("build/modes"))
    asked = reader.parse_args()
    sampled = [measure_grpo(seed, asked.out) for seed in asked.seeds]
    every = {**measure_sft(asked.out), "seeds": sampled}
    (asked.out / "modes.json").write_text(json.dumps(every, indent=1), "utf-8")
    print(summarise(every, asked.out / "modes.svg"))


if __name__ == "__main__":
    main()
