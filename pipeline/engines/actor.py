"""An engine's process: opens its models once, and answers the calls of all rungs.

In: the models to open, requests. Out: replies, whose images lie in the store; a ModelError is a value here, because Ray would wrap
what is raised. Run as an async Ray actor by `pipeline.engines.fleet`; after its death Ray makes it anew, and the models are opened
at the first call. It ends itself when its device is lost. What libraries print goes to a file of the engine.
"""

import asyncio
import os
import sys
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

from pipeline.backends.contract import Access, BareModel, DeviceLost
from pipeline.backends.registry import backend
from pipeline.engines.environment import withhold
from pipeline.storage.image_store import ImageStore
from stages.errors import ModelError
from stages.protocols import ImageReply, ImageRequest, Request, ScoreReply, TextReply, TextRequest

Reply: TypeAlias = TextReply | ImageReply | ScoreReply


@dataclass(frozen=True)
class Opened:
    """What is known of a model once it is open."""

    identity: str
    max_output_tokens: int | None


class EngineActor:
    """One replica of an engine. `models`: what to open, by key; `log`: where it prints, if that place can be written here.

    `withheld`: variables of the environment that are removed before any library is imported.
    """

    def __init__(self, models: Mapping[str, Access], store: str, log: str, withheld: Collection[str] = ()) -> None:
        withhold(withheld)
        self._models = models
        self._store = ImageStore(store)
        self._opening: asyncio.Task[dict[str, BareModel]] | None = None
        with suppress(OSError):  # on another machine the folder may be missing: then Ray keeps what is printed
            _print_into(log)

    async def load(self) -> dict[str, Opened] | ModelError:
        """Open all models, in a thread; what came of it. Raises ValueError for options that a backend does not know."""
        try:
            opened = await self._opened()
        except ModelError as error:
            return error
        return {key: Opened(model.identity, model.max_output_tokens) for key, model in opened.items()}

    async def call(self, key: str, request: Request) -> Reply | ModelError:
        """The answer of the model under `key`. Raises OSError where the store cannot be read or written."""
        try:
            model = (await self._opened())[key]
            if isinstance(request, TextRequest):
                return await model.ask(request)
            if isinstance(request, ImageRequest):
                return await model.draw(request)
            return await model.score(request)
        except DeviceLost as error:
            _end(error)
        except ModelError as error:
            return error

    async def _opened(self) -> dict[str, BareModel]:
        if self._opening is None:
            self._opening = asyncio.create_task(asyncio.to_thread(self._open))
        # a call that is cancelled must not end what others wait for
        return await asyncio.shield(self._opening)

    def _open(self) -> dict[str, BareModel]:
        return {key: backend(at.backend).open(at, self._store, None) for key, at in self._models.items()}


def _end(error: DeviceLost) -> NoReturn:
    """End this process, for Ray to start another one: a device that is lost is lost to all calls here."""
    print(f"process {os.getpid()} ends: {error}", flush=True)
    os._exit(1)


def _print_into(log: str) -> None:
    """Send what this process prints to the end of the file `log`."""
    with open(log, "ab") as file:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number in (1, 2):
            os.dup2(file.fileno(), number)
    print(f"process {os.getpid()} begins", flush=True)


def remote(actor: type[EngineActor], name: str, options: Mapping[str, Any]) -> Any:
    """An actor's class for an engine, as Ray makes it; `name` shows in its dashboard and in the titles of processes."""
    import ray  # here, because models may be opened without Ray

    named = type(f"Engine_{name}", (actor,), {"__module__": __name__})
    made: Any = ray.remote(named)
    return made.options(**options)
