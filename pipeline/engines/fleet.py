"""Starts the engines of a run, in the driver, before the first call.

In: engines, the models that each hosts, the image store, a folder for what they print. Out: a `Fleet`, each of whose models is
loaded, or RunStopped with the engine's own words. `ray.init` must have been called; the engines end with the session.
"""

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import ray
import ray.exceptions

from pipeline.backends.contract import Access
from pipeline.engines.actor import EngineActor, Opened, remote
from pipeline.engines.client import Engine, Fleet, Replica
from pipeline.engines.spec import EngineSpec
from pipeline.errors import RunStopped, one_line
from stages.errors import ModelError

LOOK_S = 1.0
TELL_S = 30.0
OWN_CPUS = 1.0  # of those that Ray has: for the workers that draw, look and write, and for the actors that only wait
ROUNDING = 1e-6  # three shares of 0.2 and one of 0.4 are one device
_CALLS_AT_ONCE = 10_000  # calls wait inside an engine for their turn; its concurrency must never hold them up
Tell = Callable[[str], None]


def start(
    engines: Mapping[str, EngineSpec],
    hosted: Mapping[str, Mapping[str, Access]],
    store: str,
    folder: Path,
    tell: Tell,
    grows: bool = False,
    taken: Mapping[str, float] | None = None,
    withheld: Collection[str] = (),
    actor: type[EngineActor] = EngineActor,
) -> Fleet:
    """The engines, ready. `hosted`: the models of each engine, by key. `tell` gets a line of progress now and then.

    `grows`: the cluster may get nodes that it does not have yet; `taken`: what servers of this run hold already, as Ray counts it;
    `withheld`: variables of the environment that engines do not see. Raises RunStopped.
    """
    if not engines:
        return Fleet()
    if not grows:
        _refuse_what_does_not_fit(engines, taken or {})
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    actors = {
        name: _make(actor, name, spec, folder, (dict(hosted[name]), store), withheld) for name, spec in engines.items()
    }
    return Fleet(
        {name: _wait_for(name, spec, actors[name], str(folder), begun, tell) for name, spec in engines.items()}
    )


def _make(
    actor: type[EngineActor],
    name: str,
    spec: EngineSpec,
    folder: Path,
    work: tuple[dict[str, Access], str],
    withheld: Collection[str],
) -> list[Any]:
    options = {
        "num_gpus": spec.gpus,
        "num_cpus": spec.cpus,
        "resources": spec.resources,
        "scheduling_strategy": "SPREAD" if spec.placement == "spread" else "DEFAULT",
        "max_restarts": spec.restarts,
        "max_concurrency": _CALLS_AT_ONCE,
    }
    made = remote(actor, name, options)
    return [made.remote(*work, str(_log(folder, name, number)), tuple(withheld)) for number in range(spec.replicas)]


def _log(folder: Path, name: str, number: int | str) -> Path:
    return folder / f"{name}-{number}.log"


def _wait_for(name: str, spec: EngineSpec, actors: list[Any], folder: str, begun: float, tell: Tell) -> Engine:
    log, last_line_at, opened = str(_log(Path(folder), name, "*")), begun, dict[str, Opened]()
    waiting = [actor.load.remote() for actor in actors]
    while waiting:
        ready, waiting = ray.wait(waiting, timeout=LOOK_S)
        for one in ready:
            opened = _result(name, one, log)
        now = time.monotonic()
        count = f"{len(actors) - len(waiting)} of {len(actors)} replicas"
        if waiting and now - begun > spec.startup_s:
            raise RunStopped(
                f"the engine {name} was not ready within {spec.startup_s:g} s: {count} are up; raise startup_s, ask for less, "
                f"or read {log}"
            )
        if waiting and now - last_line_at > TELL_S:
            last_line_at = now
            tell(f"Engine {name}: {count} are ready after {now - begun:.0f} s.")
    tell(f"Engine {name} is ready.")
    return Engine(name, spec, [Replica(actor) for actor in actors], opened, log)


def _result(name: str, one: Any, log: str) -> dict[str, Opened]:
    try:
        loaded: dict[str, Opened] | ModelError = ray.get(one)
    except ray.exceptions.RayTaskError as error:
        cause = error.cause if isinstance(error.cause, Exception) else error
        raise RunStopped(f"the engine {name} cannot start: {one_line(cause)}; its words are in {log}") from error
    except ray.exceptions.RayError as error:
        raise RunStopped(f"the engine {name} died while it started; its words are in {log}") from error
    if isinstance(loaded, ModelError):
        raise RunStopped(f"the engine {name} cannot start: {loaded}")
    return loaded


def _refuse_what_does_not_fit(engines: Mapping[str, EngineSpec], taken: Mapping[str, float]) -> None:
    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    needs = {"GPU": 0.0, "CPU": OWN_CPUS}
    for spec in engines.values():
        for what, share in ({"GPU": spec.gpus, "CPU": spec.cpus} | spec.resources).items():
            needs[what] = needs.get(what, 0.0) + share * spec.replicas
    for what, need in needs.items():
        held = taken.get(what, 0.0)
        if need + held > there.get(what, 0.0) + ROUNDING and need > (OWN_CPUS if what == "CPU" else 0.0):
            own = f", with {OWN_CPUS:g} for the build itself" if what == "CPU" else ""
            others = f", of which servers hold {held:g}" if held else ""
            raise RunStopped(
                f"the engines {', '.join(engines)} need {need:g} {what}{own}, and there are {there.get(what, 0.0):g}{others}; "
                f"lower their replicas or what each asks for"
            )
