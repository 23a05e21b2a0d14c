"""The servers of a run: started before it, watched while it lasts, ended with it.

In: providers, some of which have a `server`; Ray must be up. Out: the same providers, each at the addresses of its
replicas. A server that cannot start ends the run before it begins, in its own last words; one that dies is started again, and
the run ends when none of its replicas is left.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import ray
import ray.exceptions

from pipeline.backends.openai.secrets import key_of, scrubbed
from pipeline.backends.openai.server import ServerSpec
from pipeline.backends.openai.spec import Provider, Started
from pipeline.engines.environment import kept_variables, keys_named
from pipeline.engines.servers.actor import ServerReport, start_actor
from pipeline.engines.servers.process import ServerReplica, ServerState, in_short
from pipeline.errors import RunStopped

LOOK_S = 0.5
TELL_S = 30.0
ASK_S = 10.0
LOCAL = "127.0.0.1"
Tell = Callable[[str], None]
_RAY: Any = ray  # parts of it have no types


@dataclass
class _Kept:
    """A replica and the actor that keeps it now. `deaths`: how many of its actors died."""

    replica: ServerReplica
    actor: Any
    latest: ServerReport | None = None
    deaths: int = 0
    failure: str | None = None


class Servers:
    """All servers of a run. Made by `running`."""

    def __init__(
        self, providers: Mapping[str, Provider], folder: Path, host: str, tell: Tell, keys: frozenset[str]
    ) -> None:
        self._providers = providers
        self._tell = tell
        self._over = threading.Event()
        self._failed: Tell = lambda _: None
        self._watch = threading.Thread(target=self._keep_watch, daemon=True)
        self._kept: list[_Kept] = []
        kept = kept_variables()
        for name, provider in providers.items():
            for number in range(provider.server.replicas if provider.server else 0):
                assert provider.server is not None
                log = str(folder / f"{name}-{number}.log")
                others = keys - keys_named([provider])
                replica = ServerReplica(
                    name, number, provider.server, log, os.getcwd(), host, kept, provider.api_key_env, others
                )
                self._kept.append(_Kept(replica, None))

    @property
    def providers(self) -> dict[str, Provider]:
        """The providers, those with a server at the addresses where it answers."""
        addresses = {name: tuple(map(_address, self._of(name))) for name in {k.replica.name for k in self._kept}}
        return {
            name: Started.of(provider, addresses[name]) if name in addresses else provider
            for name, provider in self._providers.items()
        }

    @property
    def held(self) -> dict[str, float]:
        """What Ray lends to all of them together, by its name."""
        amounts: dict[str, float] = {}
        for spec in (kept.replica.spec for kept in self._kept):
            for what, amount in {"GPU": spec.gpus, "CPU": spec.cpus, **spec.resources}.items():
                amounts[what] = amounts.get(what, 0.0) + amount
        return amounts

    def on_failure(self, failed: Tell) -> None:
        """From here on, `failed` gets the reason, on one line, when a provider has no replica left."""
        self._failed = failed

    def start(self) -> None:
        """Start all, and return when all answer. Raises RunStopped with the words of one that does not."""
        for kept in self._kept:
            _refuse_unknown_resources(kept.replica)
        for kept in self._kept:
            kept.actor = start_actor(kept.replica)
        began = last_line_at = time.monotonic()
        waited_for = list(self._kept)
        while waited_for:
            for kept in list(waited_for):
                self._look(kept)
                if kept.failure is not None:
                    raise RunStopped(kept.failure)
                if kept.latest is not None and kept.latest.state.kind == "ready":
                    waited_for.remove(kept)
                    self._tell(f"{_title(kept)} is ready at {_address(kept)} after {time.monotonic() - began:.0f} s.")
                elif kept.latest is None and time.monotonic() - began > kept.replica.spec.startup_s:
                    raise RunStopped(f"{_title(kept)} waits for {_needs(kept.replica.spec)}; Ray has {_free()} free")
            if time.monotonic() - last_line_at > TELL_S:
                last_line_at = time.monotonic()
                for kept in waited_for:
                    self._tell(f"{_title(kept)} is starting since {last_line_at - began:.0f} s: {_waits_for(kept)}")
            time.sleep(LOOK_S / 2 if waited_for else 0)
        self._watch.start()

    def stop(self) -> None:
        """End all; returns when nothing of them is left, or their node is gone."""
        self._over.set()
        if self._watch.is_alive():
            self._watch.join()
        stopping = [(kept, kept.actor.stop.remote()) for kept in self._kept if kept.actor is not None]
        for kept, stopped in stopping:
            try:
                ray.get(stopped, timeout=kept.replica.spec.stop_s + ASK_S)
            except ray.exceptions.RayError:  # it ends with its actor
                continue
            finally:
                ray.kill(kept.actor)

    def _of(self, name: str) -> list[_Kept]:
        return [kept for kept in self._kept if kept.replica.name == name]

    def _keep_watch(self) -> None:
        while not self._over.wait(LOOK_S):
            for kept in self._kept:
                if kept.failure is None:
                    before = kept.latest
                    self._look(kept)
                    self._report(kept, before)

    def _report(self, kept: _Kept, before: ServerReport | None) -> None:
        if kept.failure is None:
            now = kept.latest
            if now and before and (now.state.kind, now.state.restarts) != (before.state.kind, before.state.restarts):
                # its words pass on while it starts: the reason stands in the first state after it ended
                why = f": {now.state.words}" if now.state.words and now.state.kind == "restarting" else ""
                self._tell(f"{_title(kept)} is {now.state.kind}{why}")
        elif all(other.failure for other in self._of(kept.replica.name)):
            self._failed(kept.failure)
        else:
            self._tell(f"{kept.failure}; its other replicas go on")

    def _look(self, kept: _Kept) -> None:
        """Ask a replica how it fares; start its actor again where that is gone."""
        try:
            report: ServerReport = ray.get(kept.actor.report.remote(), timeout=ASK_S if kept.latest else LOOK_S)
        except ray.exceptions.GetTimeoutError:
            return  # it waits for its resources, or its node is slow
        except ray.exceptions.RayError:
            self._start_again(kept)
            return
        # a server may print its key, and these words are shown
        state = replace(report.state, words=self._clean(kept, report.state.words))
        kept.latest = replace(report, state=state)
        if state.kind == "failed":
            kept.failure = state.words

    def _start_again(self, kept: _Kept) -> None:
        kept.deaths += 1
        nodes = {node["NodeID"] for node in _RAY.nodes() if node["Alive"]}
        if kept.latest is None or kept.latest.node not in nodes:
            kept.failure = f"{_title(kept)} is gone with its node"
        elif kept.deaths > kept.replica.spec.restarts:
            kept.failure = f"{_title(kept)} died with its actor {kept.deaths} times; see {kept.replica.log}"
        else:
            # those who call it know this address
            kept.replica = replace(kept.replica, port=kept.latest.state.port)
            kept.actor = start_actor(kept.replica, kept.latest.node)
            kept.latest = replace(kept.latest, state=ServerState("restarting", kept.replica.port, "its actor died"))

    def _clean(self, kept: _Kept, words: str) -> str:
        return words and in_short(scrubbed(words, (key_of(kept.replica.name, self._providers[kept.replica.name]),)))


@contextmanager
def running(
    providers: Mapping[str, Provider],
    folder: Path,
    address: str | None,
    tell: Tell,
    keys: frozenset[str] = frozenset(),
) -> Iterator[Servers]:
    """The servers of these providers, running; their logs lie in `folder`. `address` as `ray.init` was given it: None means that
    all happens on this machine. `keys`: the variables with keys of any provider, of which a server gets its own. Raises RunStopped.
    """
    servers = Servers(providers, folder, LOCAL if address is None else "", tell, keys)
    try:
        servers.start()
        yield servers
    finally:
        servers.stop()


def _title(kept: _Kept) -> str:
    return kept.replica.title


def _address(kept: _Kept) -> str:
    assert kept.latest is not None
    host = f"[{kept.latest.host}]" if ":" in kept.latest.host else kept.latest.host
    return f"http://{host}:{kept.latest.state.port}/v1"


def _waits_for(kept: _Kept) -> str:
    if kept.latest is None:
        return f"it waits for {_needs(kept.replica.spec)}"
    return kept.latest.state.words or "its log is empty"


def _needs(spec: ServerSpec) -> str:
    needs = {"GPU": spec.gpus, "CPU": spec.cpus, **spec.resources}
    return ", ".join(f"{amount:g} {name}" for name, amount in needs.items() if amount) or "a place"


def _free() -> str:
    free = _RAY.available_resources()
    return ", ".join(f"{free.get(name, 0):g} {name}" for name in ("GPU", "CPU"))


def _refuse_unknown_resources(replica: ServerReplica) -> None:
    """A resource that no node has at all is asked for in vain. Raises RunStopped."""
    spec = replica.spec
    for name, amount in {"GPU": spec.gpus, "CPU": spec.cpus, **spec.resources}.items():
        most = max((node["Resources"].get(name, 0) for node in _RAY.nodes() if node["Alive"]), default=0)
        if amount > most:
            raise RunStopped(
                f"{replica.title} needs {amount:g} {name} on one node, and none has more than {most:g}; "
                f"lower it under providers.{replica.name}.server, or start the build where they are"
            )
