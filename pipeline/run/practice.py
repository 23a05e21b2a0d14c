"""What an examination needs that a build has too: Ray, engines and servers, where a model lives in one.

In: a manifest, and who is examined. Out: a function that opens a model at its place, while the block lasts. Engines are started
together, as in a build; where that fails, each by itself, so that one that cannot start does not hinder the others.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.backends.contract import Access, BareModel
from pipeline.doctor.patients import Patient
from pipeline.engines import fleet
from pipeline.engines.client import Fleet
from pipeline.engines.environment import keys_named
from pipeline.errors import RunStopped
from pipeline.manifest.spec import Manifest
from pipeline.models import build, hosted
from pipeline.run.servers import serving
from pipeline.run.session import session
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool

MOST_WORKERS = 4
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Surgery:
    """Where models are opened: the manifest with the addresses of its servers, engines by name, and why others are not up."""

    manifest: Manifest
    store: ImageStore
    pool: Executor
    fleets: Mapping[str, Fleet]
    problems: Mapping[str, str]

    def open(self, at: Access) -> BareModel:
        """The model there. Raises RunStopped where its engine or server is not up, stages.errors.EngineDead, ValueError."""
        if at.name in self.problems:
            raise RunStopped(self.problems[at.name])
        if at.provider is not None:
            at = replace(at, provider=self.manifest.providers[at.name])
        return build(at, self.store, self.pool, self.fleets.get(at.name))


@contextmanager
def surgery(
    manifest: Manifest, patients: Sequence[Patient], store: ImageStore, folder: Path, tell: Tell
) -> Iterator[Surgery]:
    """Ray, engines and servers, as far as these patients need them, up for the length of the block."""
    engines = {p.access.name for p in patients if p.access.provider is None and p.access.name in manifest.engines}
    servers = {
        p.access.name for p in patients if p.access.provider is not None and p.access.provider.server is not None
    }
    pool = process_pool(min(MOST_WORKERS, os.cpu_count() or 1))
    problems: dict[str, str] = {}
    fleets: dict[str, Fleet] = {}
    taken: dict[str, float] = {}
    try:
        with ExitStack() as up:
            if engines or servers:
                tell("Starting Ray ...")
                up.enter_context(session(manifest.run.address, folder / "ray.log"))
            if servers:
                try:
                    served = up.enter_context(serving(manifest, folder, tell, tell))
                    manifest, taken = served.manifest, served.held
                except RunStopped as error:
                    problems |= dict.fromkeys(servers, str(error))
            if engines:
                fleets = _start(manifest, engines, store, folder, tell, problems, taken)
            yield Surgery(manifest, store, pool, fleets, problems)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _start(
    manifest: Manifest,
    engines: set[str],
    store: ImageStore,
    folder: Path,
    tell: Tell,
    problems: dict[str, str],
    taken: Mapping[str, float],
) -> dict[str, Fleet]:
    """The engines that are up; `problems` gets why the others are not."""
    specs = {name: spec for name, spec in manifest.engines.items() if name in engines}

    def start(*names: str) -> Fleet:
        chosen = {name: specs[name] for name in names}
        grows = manifest.run.address is not None
        keys = keys_named(manifest.providers.values())
        return fleet.start(chosen, hosted(manifest), store.root, folder / "engines", tell, grows, taken, keys)

    try:
        return dict.fromkeys(specs, start(*specs))
    except RunStopped as error:
        if len(specs) == 1:
            problems |= dict.fromkeys(specs, str(error))
            return {}
        tell(f"{error}. Starting each engine by itself.")
    fleets: dict[str, Fleet] = {}
    for name in specs:
        try:
            fleets[name] = start(name)
        except RunStopped as error:
            problems[name] = str(error)
    return fleets
