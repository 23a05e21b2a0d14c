"""The servers that a manifest has the build start, for the length of a climb.

In: a manifest, the output folder, a console; Ray must be up. Out: the manifest as the climb sees it, each provider at an address,
and servers that run until the context ends.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.engines.environment import keys_named
from pipeline.engines.servers.launch import Servers, running
from pipeline.manifest.spec import Manifest
from pipeline.run.providers import check_providers, providers_asked, to_be_started

FOLDER = "servers"
"""Of the output: a log for each replica."""


@dataclass(frozen=True)
class ServedRun:
    """`manifest` with the addresses of what was started: for this run alone, it is written nowhere."""

    manifest: Manifest
    servers: Servers | None = None

    @property
    def held(self) -> dict[str, float]:
        """What Ray lends to the servers, by its name."""
        return {} if self.servers is None else self.servers.held

    @property
    def keys(self) -> frozenset[str]:
        """The variables of the environment in which keys of providers stand."""
        return keys_named(self.manifest.providers.values())

    def end_with(self, hub: Any) -> None:
        """From here on, the run that `hub` counts ends when a provider has no replica left."""
        if self.servers is not None:
            self.servers.on_failure(lambda words: hub.stopped.remote(words))


@contextmanager
def serving(
    manifest: Manifest, out: Path, tell: Callable[[str], None], warn: Callable[[str], None]
) -> Iterator[ServedRun]:
    """The servers that a role may ask, started, found to know their models, and ended. Raises RunStopped."""
    names = to_be_started(manifest)
    if not names:
        yield ServedRun(manifest)
        return
    for name in sorted(names):
        tell(f"Starting the server {name} ...")
    asked = {name: manifest.providers[name] for name in sorted(providers_asked(manifest))}
    keys = keys_named(manifest.providers.values())
    with running(asked, out / FOLDER, manifest.run.address, tell, keys) as servers:
        started = manifest.model_copy(update={"providers": manifest.providers | servers.providers})
        check_providers(started, warn, names)
        yield ServedRun(started, servers)
