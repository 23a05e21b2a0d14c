"""The command that rewards: `x2i reward-server MANIFEST`.

In: a manifest, whose Analyzer judges, and how rewards are made of its judgements. Out: a server on this machine, until it is
stopped; what was asked and answered lies in a folder, and is never paid twice.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from pipeline.commands.places import ManifestPath, Overrides

if TYPE_CHECKING:
    from pipeline.manifest.spec import Manifest
    from pipeline.run.alone import Workplace
    from prompts.catalogue import Prompts
    from stages.records import Sample
    from training.rewards.settings import RewardSettings

PORT = 8110
GROUP_WAIT_S = 300.0
MOST_HELD = 4 * 2**30
"""Bytes of all bodies in hand: those of rollouts that wait for their group are many."""
LOCAL = ("127.0.0.1", "localhost", "::1")

Weight = Annotated[
    str,
    typer.Option(
        "--weights", help="How much outcome, format and steps weigh (steps 0: no text is judged).", metavar="O,F,S"
    ),
]
Eps = Annotated[float, typer.Option(help="How near to the best of a group a trajectory has to come to compete.", min=0)]
PenaltyKind = Annotated[
    Literal["multiply", "add", "off"],
    typer.Option(help="What N*/N does with the reward of those that compete: it multiplies it, or is added to it."),
]
Scale = Annotated[
    Literal["quarters", "fifths"],
    typer.Option(help="A score s as (s - 1) / 4, from 0 to 1, or as s / 5, from 0.2 to 1."),
]
MustPass = Annotated[bool, typer.Option("--must-pass", help="Only who passes competes for the fewest images.")]


def settings_of(weights: str, eps: float, penalty: str, scaling: str, must_pass: bool) -> "RewardSettings":
    """How rewards are made. Raises typer.BadParameter."""
    from pydantic import ValidationError

    from training.rewards.settings import RewardSettings

    try:
        outcome, form, steps = (float(part) for part in weights.split(","))
    except ValueError:
        raise typer.BadParameter(
            f"{weights!r} are not three numbers; write, say, 0.7,0.1,0.2", param_hint="--weights"
        ) from None
    try:
        return RewardSettings.model_validate(
            {
                "weights": {"outcome": outcome, "format": form, "steps": steps},
                "eps": eps,
                "penalty": penalty,
                "scaling": scaling,
                "competitive_requires_pass": must_pass,
            }
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise typer.BadParameter(f"{place}: {first['msg']}", param_hint="--weights or --eps") from None


def judges(manifest: "Manifest") -> list[str]:
    """The roles that judge."""
    return [role for role, _ in manifest.models if role in ("analyzer", "second_analyzer")]


def reward_server(
    manifest: ManifestPath,
    out: Annotated[
        Path | None, typer.Option(help="Where journal and images lie (default: build/NAME-rewards).", metavar="DIR")
    ] = None,
    port: Annotated[int, typer.Option(help="The port on this machine; 0 takes a free one.", min=0, max=65535)] = PORT,
    host: Annotated[
        str, typer.Option(help="The address to listen on; there is no key and no encryption.")
    ] = "127.0.0.1",
    group_wait: Annotated[
        float, typer.Option(help="How long a group waits for its next rollout, in seconds.", min=0.1, max=86400)
    ] = GROUP_WAIT_S,
    prompts: Annotated[
        Path | None,
        typer.Option(
            help="A build whose RL prompts may be named by their ids alone.",
            metavar="DIR",
            exists=True,
            file_okay=False,
        ),
    ] = None,
    weights: Weight = "0.7,0.1,0.2",
    eps: Eps = 0.05,
    penalty: PenaltyKind = "multiply",
    scaling: Scale = "quarters",
    must_pass: MustPass = False,
    set_: Overrides = [],  # noqa: B006
) -> None:
    """Reward groups of answers over HTTP, judged by the Analyzer of MANIFEST, until Ctrl-C."""
    from pipeline.backends.serving.listen import listen
    from pipeline.manifest.file import load
    from pipeline.manifest.identity import load_prompts
    from pipeline.run.alone import alone
    from prompts.rewards import BESIDE

    settings = settings_of(weights, eps, penalty, scaling, must_pass)
    read = load(manifest, set_)
    folder = out or Path("build") / f"{read.name}-rewards"
    words = load_prompts(read.recipe, further=[BESIDE])

    def tell(line: str) -> None:
        print(line, file=sys.stderr)

    if host not in LOCAL:
        tell(f"x2i: anybody who reaches {host} can have answers judged at your expense; there is no key")
    with alone(read, judges(read), folder, "rewards", tell) as site:
        asyncio.run(_try_to_open(site, words))
        known = {} if prompts is None else asyncio.run(_known(site, prompts))
        if known:
            tell(f"{len(known)} prompts of {prompts} may be named by their ids.")
        tell(f"Judged by {site.manifest.models.analyzer.model}; kept in {folder}.")
        listen(_app(site, words, settings, group_wait, known), port, host)


async def _try_to_open(site: "Workplace", words: "Prompts") -> None:
    """Raises BuildError where a model cannot be opened: before anybody is told an address."""
    async with site.open(words):
        pass


async def _known(site: "Workplace", folder: Path) -> dict[str, "Sample"]:
    """The RL prompts of a build by their ids, their references in the store. Raises typer.BadParameter."""
    from pipeline.backends.serving.shelf import Shelf
    from training.rewards.prompts import sample_of
    from training.rewards.rl_rows import RlProblem, read_prompts

    shelf = Shelf(site.surgery.store, passing=False)
    try:
        return {one.id: sample_of(one.asked, await shelf.take_in(one.references)) for one in read_prompts(folder)}
    except RlProblem as error:
        raise typer.BadParameter(str(error), param_hint="--prompts") from None


def _app(
    site: "Workplace", words: "Prompts", settings: "RewardSettings", wait_s: float, known: "dict[str, Sample]"
) -> Any:
    """The application, its errors in the form of the OpenAI API, its bodies limited."""
    from fastapi.responses import JSONResponse

    from pipeline.backends.serving.failures import problem_of
    from pipeline.backends.serving.limits import BodyLimit
    from pipeline.backends.serving.problems import RequestProblem, answer_errors_in_form
    from pipeline.backends.serving.shelf import Shelf
    from pipeline.errors import Drained
    from stages.errors import ModelError
    from training.rewards.server.app import RewardHouse, reward_app
    from training.rewards.server.problems import RewardProblem

    @asynccontextmanager
    async def opened() -> AsyncIterator[RewardHouse]:
        async with site.open(words) as desk:
            take_in = Shelf(desk.store, passing=False).take_in
            yield RewardHouse(desk.models, site.manifest.recipe, settings, take_in, wait_s, known)

    app = reward_app(opened)
    app.add_middleware(BodyLimit, most_held=MOST_HELD)
    answer_errors_in_form(app, "the reward server")

    @app.exception_handler(RewardProblem)
    async def unfit(_: Any, error: RewardProblem) -> JSONResponse:
        return RequestProblem(error.status, error.message, error.code, error.param).response

    @app.exception_handler(ModelError)
    async def not_judged(_: Any, error: ModelError) -> JSONResponse:
        return problem_of(error, has_worked=True).response

    @app.exception_handler(Drained)
    async def drained(_: Any, error: Drained) -> JSONResponse:
        return RequestProblem(503, f"no further answer is judged: {error}", "budget_spent").response

    return app
