"""The command that measures how hard RL prompts are for a model: `x2i difficulty DIR`.

In: a build with RL prompts, and a model. Out: Parquet files beside the build; what was asked and answered lies with them, and is
never paid twice.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from pipeline.commands.places import Out, Overrides, fail

if TYPE_CHECKING:
    from pipeline.manifest.spec import Manifest, ModelSpec
    from pipeline.run.alone import Workplace
    from prompts.catalogue import Prompts
    from training.rewards.difficulty import Difficulty

PROVIDER = "measured"
"""The name of the provider that --model is asked at."""
PROGRESS_EVERY_S = 5.0


def difficulty(
    out: Out,
    model: Annotated[
        str | None, typer.Option(help="The address of a server whose model is measured.", metavar="URL")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="The model's name there (default: the only one that it lists).", metavar="NAME")
    ] = None,
    key_env: Annotated[
        str | None, typer.Option(help="The variable that holds the server's key.", metavar="VARIABLE")
    ] = None,
    option: Annotated[
        list[str],
        typer.Option("--option", help="An option of that model: --option images=chat.", metavar="KEY=VALUE"),
    ] = [],  # noqa: B006
    role: Annotated[
        str | None, typer.Option(help="Measure the model that plays this role in the manifest.", metavar="ROLE")
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option(help="Who judges, and the ladder (default: as in DIR).", metavar="MANIFEST")
    ] = None,
    rollouts: Annotated[int, typer.Option("-n", help="Rollouts of each prompt.", min=4, max=64)] = 4,
    limit: Annotated[int | None, typer.Option(help="Only so many prompts, the first ones.", min=1)] = None,
    budget: Annotated[float | None, typer.Option(help="US dollars that this may cost in all.", min=0)] = None,
    into: Annotated[
        Path | None, typer.Option(help="Where the files lie (default: DIR/difficulty/NAME).", metavar="FOLDER")
    ] = None,
    set_: Overrides = [],  # noqa: B006
) -> None:
    """Let a model try each RL prompt of DIR several times up the ladder, judged, and write how hard each is for it."""
    from pipeline.manifest.file import load
    from pipeline.manifest.identity import load_prompts
    from pipeline.models import identity
    from pipeline.run.alone import alone
    from training.rewards.difficulty import write

    if set_ and manifest is None:
        raise typer.BadParameter("the manifest of a finished build is as it is; name one with --manifest to change it")
    if model is not None and role is not None:
        raise typer.BadParameter("--model and --role both name who is measured; give one of them")
    read = _of_build(out) if manifest is None else load(manifest, set_)
    spec = None
    if model is not None:
        read, spec = _at(read, model, name, key_env, option)
    elif role is not None:
        spec = _in_role(read, role)
    read = _played_by(read, spec, budget)
    measured = identity(read, read.models.baseline)
    title = spec.model if spec is not None else read.models.baseline.model
    folder = into or out / "difficulty" / title.replace("/", "_")
    words = load_prompts(read.recipe, kits=read.models.kits.values())
    console = Console(stderr=True)

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    with alone(read, [who for who, _ in read.models], folder, _meaning(read, words), tell) as site:
        difficulties = asyncio.run(_measure(site, words, out, rollouts, limit, measured, tell))
        files = write(difficulties, folder)
    print(_summary(difficulties, title))
    print("\n".join(map(str, files)))


def _in_role(manifest: "Manifest", role: str) -> "ModelSpec":
    """The model that plays `role`. Raises typer.BadParameter."""
    models: dict[str, ModelSpec] = dict(iter(manifest.models))
    if (spec := models.get(role)) is None:
        raise typer.BadParameter(f"there is no {role}; the manifest has {', '.join(models)}", param_hint="--role")
    return spec


def _of_build(out: Path) -> "Manifest":
    """The manifest of a build, which judges as it judged there. Raises SystemExit."""
    from pipeline.replay.place import place

    try:
        return place(out).manifest
    except LookupError as error:
        fail(f"{error.args[0]}; or name a manifest with --manifest", 2)


def _at(
    manifest: "Manifest", url: str, name: str | None, key_env: str | None, options: Sequence[str]
) -> "tuple[Manifest, ModelSpec]":
    """The manifest with the server at `url` among its providers, and the model there. Raises typer.BadParameter, SystemExit."""
    from pydantic import ValidationError

    from pipeline.backends.openai.check import look
    from pipeline.backends.openai.spec import Provider
    from pipeline.backends.registry import backend
    from pipeline.commands.serving import _read_option
    from pipeline.manifest.spec import ModelSpec

    try:
        provider = Provider(base_url=url, api_key_env=key_env)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint="--model") from None
    seen = asyncio.run(look(PROVIDER, provider))
    if seen.problem is not None:
        fail(f"--model: {seen.problem}", 1)
    if name is None:
        if len(seen.models) != 1:
            listed = ", ".join(seen.models) or "no model at all"
            raise typer.BadParameter(f"{url} lists {listed}; say which with --name", param_hint="--name")
        (name,) = seen.models
    given = dict(map(_read_option, options))
    if wrong := list(backend("openai").problems(name, given)):
        fail("\n".join(f"--option {field}: {text}" for field, text in wrong), 2)
    spec = ModelSpec(backend="openai", provider=PROVIDER, model=name, options=given)
    return manifest.model_copy(update={"providers": {**manifest.providers, PROVIDER: provider}}), spec


def _played_by(manifest: "Manifest", spec: "ModelSpec | None", budget: float | None) -> "Manifest":
    """The manifest with `spec` as everybody who draws, and its budget."""
    run = manifest.run.model_copy(
        update={"budget_usd": budget or manifest.run.budget_usd, "database": None, "store": None}
    )
    if spec is None:
        return manifest.model_copy(update={"run": run})
    generators = dict.fromkeys(manifest.models.generators, spec)
    drawn = {"baseline": spec, "generator": spec, "generators": generators}
    return manifest.model_copy(update={"run": run, "models": manifest.models.model_copy(update=drawn)})


def _meaning(manifest: "Manifest", words: "Prompts") -> str:
    """All that a rollout follows from beside its prompt: another model, policy or prompt file makes other rollouts."""
    from pipeline.models import identities
    from stages.identity import digest

    named = sorted(identities(manifest).items())
    hashes = sorted(words.hashes.items())
    return digest(
        "difficulty", [list(pair) for pair in named], manifest.policy.model_dump_json(), [list(h) for h in hashes]
    )


async def _measure(
    site: "Workplace", words: "Prompts", out: Path, n: int, limit: int | None, model: str, tell: Any
) -> "list[Difficulty]":
    """Every prompt with its rollouts. Raises RunStopped, SystemExit."""
    from itertools import islice

    from pipeline.backends.serving.shelf import Shelf
    from pipeline.run.rollouts import climb_many
    from training.rewards.difficulty import measure, rollouts_of
    from training.rewards.prompts import sample_of
    from training.rewards.rl_rows import RlProblem, read_prompts

    shelf, prompts = Shelf(site.surgery.store, passing=False), {}
    try:
        for one in islice(read_prompts(out), limit):
            prompts[one.id] = rollouts_of(sample_of(one.asked, await shelf.take_in(one.references)), n)
    except RlProblem as error:
        fail(error, 2)
    todo = [t for climbing in prompts.values() for t in climbing]
    tell(f"{len(prompts):,} prompts, {n} rollouts each, by {model}.")
    async with site.open(words) as desk:
        progress = _Progress(len(todo), desk, tell)
        done = {t.sample.id: t for t in await climb_many(todo, desk, progress.add)}
        progress.tell()
    recipe = site.manifest.recipe
    return [measure(name, model, [done[t.sample.id] for t in ts], recipe) for name, ts in prompts.items()]


class _Progress:
    """Says every few seconds how far the rollouts are."""

    def __init__(self, whole: int, desk: Any, tell: Any) -> None:
        self._whole, self._desk, self._tell = whole, desk, tell
        self._done = 0
        self._told = time.monotonic()

    def add(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        if time.monotonic() - self._told >= PROGRESS_EVERY_S:
            self.tell()

    def tell(self) -> None:
        """One line."""
        self._told = time.monotonic()
        counts, spent = self._desk.counts, self._desk.spent()
        money = f", ${spent:.2f}" if spent else ""
        self._tell(
            f"{self._done:,} of {self._whole:,} rollouts, {counts['calls']:,} calls, {counts['images']:,} images{money}"
        )


def _summary(difficulties: "Sequence[Difficulty]", model: str) -> str:
    """What was found, in a few lines."""
    from training.rewards.difficulty import NEVER, UNMEASURED

    always = sum(one.passes == one.n > 0 for one in difficulties)
    never = sum(one.file == NEVER for one in difficulties)
    lost = sum(one.file == UNMEASURED for one in difficulties)
    rungs: dict[str, int] = {}
    for one in difficulties:
        if one.rung is not None:
            rungs[one.rung] = rungs.get(one.rung, 0) + 1
    lines = [f"{len(difficulties):,} prompts by {model}: {always:,} always solved (kept), {never:,} never (apart)"]
    if lost:
        lines.append(f"{lost:,} could not be measured: no rollout of them came to a verdict (apart)")
    lines += [f"{count:,} by {rung} at the cheapest" for rung, count in rungs.items()]
    return "\n".join(lines)
