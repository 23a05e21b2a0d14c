"""The commands that train: `x2i train sft` and `x2i train grpo`.

In: shards, a model, settings from a file and from KEY=VALUE words. Out: a folder of checkpoints; started again on it, a run goes
on.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from pipeline.commands.places import fail

if TYPE_CHECKING:
    from stages.rung import Recipe
    from training.grpo.judge import Judge

app = typer.Typer(no_args_is_help=True, help="Train an Emu3-style model on the shards.")

Answer = TypeVar("Answer")
Trained = Annotated[str, typer.Option(help="An Emu3-style model of transformers: a folder.", metavar="FOLDER")]
Into = Annotated[Path, typer.Option(help="Where checkpoints go; a run that was stopped goes on.", metavar="DIR")]
SettingsFile = Annotated[Path | None, typer.Option(help="A YAML file of settings.", metavar="FILE")]
Words = Annotated[
    list[str],
    typer.Option("--set", help="One setting; may be repeated: --set learning_rate=2e-5.", metavar="KEY=VALUE"),
]


@app.command()
def sft(
    shards: Annotated[
        str, typer.Argument(help="sft shards: a folder of one split, a pattern, a URL.", metavar="SHARDS")
    ],
    model: Trained,
    out: Into,
    config: SettingsFile = None,
    set_: Words = [],  # noqa: B006
) -> None:
    """Train a model on trajectories; masked segments get no loss."""
    with _in_one_line():
        from training.sft.run import train_sft
        from training.sft.settings import SftSettings
        from training.trainee.settings import read_settings

        last = train_sft(shards, model, out, read_settings(SftSettings, config, set_))
    print(f"Trained: {last}; {out}/log.jsonl and {out}/losses.png say how.")


@app.command()
def grpo(
    prompts: Annotated[
        Path, typer.Argument(help="The folder of a build that has RL prompts, or of rl files.", metavar="PROMPTS")
    ],
    model: Trained,
    out: Into,
    judge: Annotated[Path | None, typer.Option(help="A manifest, whose Analyzer judges.", metavar="MANIFEST")] = None,
    checker: Annotated[
        str | None, typer.Option(help="A function of your own that judges instead.", metavar="MODULE:FUNCTION")
    ] = None,
    config: SettingsFile = None,
    set_: Words = [],  # noqa: B006
) -> None:
    """Train a model by groups of its own answers; each has its reward, and needless images cost."""
    if (judge is None) == (checker is None):
        raise typer.BadParameter("say who judges: --judge MANIFEST or --checker MODULE:FUNCTION", param_hint="--judge")
    with _in_one_line():
        from training.grpo.run import train_grpo
        from training.grpo.settings import GrpoSettings
        from training.trainee.settings import read_settings

        settings = read_settings(GrpoSettings, config, set_)
        with _judge(judge, checker, out, settings.rewards.weights.steps > 0) as (judged, recipe):
            last = train_grpo(prompts, model, out, settings, judged, recipe=recipe)
    print(f"Trained: {last}; {out}/log.jsonl says how.")


@contextmanager
def _in_one_line() -> Iterator[None]:
    """What training refuses becomes one line and exit code 2; the progress bars of libraries stay away."""
    from training.trainee.problem import TrainProblem, check_installed

    try:
        check_installed()
    except TrainProblem as error:
        fail(error, 2)
    from pipeline.errors import Drained
    from stages.errors import ModelError
    from training.loader.problem import LoaderProblem
    from training.render.rendered import RenderProblem
    from training.rewards.rl_rows import RlProblem
    from training.rewards.score import Unscored
    from training.row import RowProblem
    from training.trainee.quiet import without_bars

    # the tokenizers library warns of every worker process otherwise
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        with without_bars():
            yield
    except (TrainProblem, LoaderProblem, RowProblem, RenderProblem, RlProblem, Unscored) as error:
        fail(error, 2)
    except ModelError as error:
        fail(f"the judge: {error}", 1)
    except Drained as error:
        fail(f"no further answer is judged: {error}", 1)


@contextmanager
def _judge(
    manifest: Path | None, checker: str | None, out: Path, with_steps: bool
) -> Iterator[tuple["Judge", "Recipe"]]:
    """Who judges, and the ladder whose answers are well formed."""
    from stages.policy import Policy
    from stages.rungs import read_recipe
    from training.grpo.judge import AnalyzerJudge, CheckerJudge, find_checker

    if manifest is None:
        assert checker is not None
        recipe = read_recipe(Policy())
        yield CheckerJudge(find_checker(checker), recipe), recipe
        return
    from pipeline.backends.serving.shelf import Shelf
    from pipeline.commands.rewarding import judges
    from pipeline.manifest.file import load
    from pipeline.manifest.identity import load_prompts
    from pipeline.run.alone import alone
    from prompts.rewards import BESIDE

    read = load(manifest, [])
    words = load_prompts(read.recipe, further=[BESIDE])
    with alone(read, judges(read), out / "judge", "rewards", _tell) as site, asyncio.Runner() as loop:
        # the models live on one event loop for as long as the run lasts
        opened = site.open(words)
        desk = loop.run(opened.__aenter__())
        try:
            take_in = Shelf(desk.store, passing=False).take_in
            yield AnalyzerJudge(desk.models, read.recipe, take_in, with_steps, _runs(loop)), read.recipe
        finally:
            loop.run(opened.__aexit__(None, None, None))


def _runs(loop: asyncio.Runner) -> Callable[[Coroutine[Any, Any, Answer]], Answer]:
    return lambda work: loop.run(work)


def _tell(line: str) -> None:
    print(line, file=sys.stderr)
