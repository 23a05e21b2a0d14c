"""Offer one model of a backend on this machine until a signal stops it, or until its engine is gone.

In: the backend's name, the model's name, revision and options, and where to listen. Out: a server, whose URL is printed.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn

from pipeline.backends.contract import Access, BareModel
from pipeline.backends.registry import backend
from pipeline.backends.serving.app import ServedModel, model_app
from pipeline.backends.serving.listen import HOST, listen
from pipeline.backends.serving.shelf import Shelf
from pipeline.errors import BuildError, RunStopped
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool
from stages.errors import EngineDead


@dataclass(frozen=True)
class Offer:
    """What is offered, under which name, where. `store`: a folder or URL for its images; None for one that does not last."""

    access: Access
    name: str
    port: int
    host: str = HOST
    store: str | None = None
    workers: int = 1


def can_serve(name: str) -> bool:
    """Whether the backend called `name` runs models in a process of this machine."""
    return backend(name).engine != "no"


def problems(access: Access) -> list[str]:
    """What is wrong with an offer, each as "field: problem; remedy"."""
    return [f"{field}: {text}" for field, text in backend(access.backend).problems(access.model, access.options)]


def offer(what: Offer) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises BuildError when the model cannot be opened, RunStopped when the port cannot be used or the engine is gone.
    """
    ends: list[EngineDead] = []
    servers: list[uvicorn.Server] = []

    def died(error: EngineDead) -> None:
        ends.append(error)
        for server in servers:
            server.should_exit = True

    with _store(what.store) as (store, is_passing), _pool(what) as pool:
        served = ServedModel(
            what.name, _open(what.access, store, pool), Shelf(store, is_passing), _scores(what.access), died
        )
        listen(model_app(served), what.port, what.host, servers.append)
    if ends:
        raise RunStopped(f"the engine is gone: {ends[0]}")


def _open(access: Access, store: ImageStore, pool: Executor | None) -> BareModel:
    try:
        return backend(access.backend).open(access, store, pool)
    except EngineDead as error:
        raise BuildError(str(error)) from error


def _scores(access: Access) -> bool:
    return backend(access.backend).scores


@contextmanager
def _store(root: str | None) -> Iterator[tuple[ImageStore, bool]]:
    """The store, and whether it is one of our own, which is gone afterwards."""
    if root is not None:
        yield ImageStore(root if "://" in root else str(Path(root).absolute())), False
        return
    with TemporaryDirectory(prefix="x2i-serve-", ignore_cleanup_errors=True) as folder:
        yield ImageStore(folder), True


@contextmanager
def _pool(what: Offer) -> Iterator[Executor | None]:
    """Worker processes for a model that works in such; one that must run in an engine has a thread for each device."""
    if backend(what.access.backend).engine == "must":
        yield None
        return
    pool = process_pool(what.workers)
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def access_of(
    name: str, model: str, revision: str, options: Mapping[str, Any], batch: int = 1, batch_wait_s: float = 0.0
) -> Access:
    """A model of the backend called `name`, in this process."""
    return Access(name, name, None, model, revision, dict(options), batch, batch_wait_s)
