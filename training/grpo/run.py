"""A whole run of GRPO.

In: the folder of a build or of rl files, a model, a judge, a folder, settings. Out: the folder of the last checkpoint, the log
beside it.
"""

import os
from copy import deepcopy
from pathlib import Path

from accelerate import Accelerator

from stages.policy import Policy
from stages.rung import Recipe
from stages.rungs import read_recipe
from training.grpo.judge import Judge
from training.grpo.loop import GrpoLoop
from training.grpo.sampling import Asking
from training.grpo.settings import GrpoSettings
from training.grpo.writer import Canvas
from training.render.tokenizers import ImageTokenizer
from training.rewards.rl_rows import RlPrompt, read_prompts
from training.trainee.checkpoint import check_plan, newest
from training.trainee.model import Trainee, load_trainee, read_config
from training.trainee.problem import TrainProblem


def train_grpo(
    place: Path,
    model: str,
    out: Path,
    settings: GrpoSettings,
    judge: Judge,
    images: ImageTokenizer | None = None,
    recipe: Recipe | None = None,
) -> Path:
    """Trains `model` on the prompts at `place` and returns the folder of the last checkpoint. `model` is the reference, too.

    `images` makes tokens of images, and images of tokens, in place of the model's own vision part; `recipe`: the ladder whose
    answers are well formed, by default that of the default policy. Raises TrainProblem, RlProblem, Unscored, and what the
    judge raises.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise TrainProblem("this reference of GRPO runs in one process; start it without a launcher")
    prompts = sorted(read_prompts(place), key=lambda prompt: prompt.id)
    if not prompts:
        raise TrainProblem(f"{place}: no prompts in the rl files there; build some (splits.rl)")
    read_config(model)  # before the folder is this model's
    chosen = settings.model_dump(mode="json", exclude={"save_every", "keep"})
    check_plan(out, {"model": model, "prompts": [prompt.id for prompt in prompts], **chosen})
    accelerator = Accelerator(mixed_precision="bf16" if settings.precision == "bf16" else "no")
    last = newest(out)
    trainee = load_trainee(str(last.folder) if last else model, settings.pixels, copies=1)
    trainee.model.to(accelerator.device)
    reference = load_trainee(model, settings.pixels).model.to(accelerator.device) if last else deepcopy(trainee.model)
    reference.requires_grad_(False).eval()
    own = images or trainee.images
    asked = [(prompt, _asking(prompt, trainee, own)) for prompt in prompts]
    ladder = recipe or read_recipe(Policy())
    return GrpoLoop(accelerator, trainee, reference, asked, judge, own, ladder, settings, out).run().folder


def _asking(prompt: RlPrompt, trainee: Trainee, images: ImageTokenizer) -> Asking:
    try:
        references = [images.encode(image) for image in prompt.references]
    except ValueError as error:
        raise TrainProblem(f"prompt {prompt.id}: a reference cannot be made tokens: {error}") from error
    ids = tuple(trainee.grammar.turn(references, prompt.words))
    if len(ids) + 2 > trainee.longest:
        raise TrainProblem(
            f"prompt {prompt.id}: {len(ids)} tokens, and the model has {trainee.longest} positions; lower pixels"
        )
    return Asking(ids, Canvas(trainee.grammar, *trainee.grid(*prompt.asked.target)))
