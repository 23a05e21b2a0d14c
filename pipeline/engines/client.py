"""A rung actor's end of the engines: a model that is hosted by one looks like any other.

In: requests. Out: replies and errors of the model in the engine. A call goes to the replica with the fewest calls of this process.
When a replica dies, Ray starts it again, and its calls are asked again: whoever asked sees one call that took longer. A call that
is cancelled here is cancelled there.
"""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pipeline.backends.contract import Access, BareModel
from pipeline.engines.actor import Opened, Reply
from pipeline.engines.spec import EngineSpec
from pipeline.errors import one_line
from stages.errors import EngineDead, ModelError
from stages.protocols import ImageReply, ImageRequest, Request, ScoreReply, ScoreRequest, TextReply, TextRequest

AGAIN_S = 0.2  # between two looks at a replica that is being started again


def key_of(at: Access) -> str:
    """What tells the models of an engine apart: equal ones share their weights."""
    return json.dumps([at.backend, at.model, at.revision, at.options], sort_keys=True)


@dataclass
class Replica:
    """One actor of an engine, the calls that this process has there, and its return where it died."""

    actor: Any
    calls: int = 0
    coming_back: asyncio.Task[None] | None = None


@dataclass
class Engine:
    """An engine that is ready: its replicas, and its models by key. `log` names its files for a person."""

    name: str
    spec: EngineSpec
    replicas: list[Replica]
    models: Mapping[str, Opened]
    log: str
    dead: str | None = None

    async def replica(self) -> Replica:
        """The replica with the fewest calls, once there is one. Raises EngineDead when one is gone for good."""
        while True:
            if self.dead is not None:
                raise EngineDead(self.dead)
            ready = [replica for replica in self.replicas if replica.coming_back is None]
            if ready:
                return min(ready, key=lambda replica: (replica.calls, random.random()))
            returns = [replica.coming_back for replica in self.replicas if replica.coming_back is not None]
            await asyncio.wait(returns, return_when=asyncio.FIRST_COMPLETED)

    def lost(self, replica: Replica) -> None:
        """A call found the replica dead or out of reach: no further call goes there until it is back."""
        if replica.coming_back is None:
            replica.coming_back = asyncio.create_task(self._await_return(replica))

    async def _await_return(self, replica: Replica) -> None:
        import ray.exceptions  # here, because the models of a manifest are looked at without Ray

        try:
            async with asyncio.timeout(self.spec.startup_s):
                while True:
                    try:
                        loaded = await replica.actor.load.remote()
                        break
                    except ray.exceptions.ActorDiedError:
                        self._give_up(f"died once more than the {self.spec.restarts} restarts it has")
                        return
                    except ray.exceptions.RayTaskError as error:  # it would be the same the next time
                        cause = error.cause if isinstance(error.cause, Exception) else error
                        self._give_up(f"died and cannot start again: {one_line(cause)}")
                        return
                    except ray.exceptions.RayError:  # it died again while it was starting, or cannot be reached
                        await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            self._give_up(f"died and was not ready again within {self.spec.startup_s:g} s")
            return
        if isinstance(loaded, ModelError):
            self._give_up(f"died and cannot start again: {loaded}")
            return
        replica.coming_back = None

    def _give_up(self, what: str) -> None:
        self.dead = f"the engine {self.name} {what}; its words are in {self.log}"


@dataclass
class Fleet:
    """The engines of a run, by name. May be pickled where no call was made through it yet."""

    engines: dict[str, Engine] = field(default_factory=dict)

    def hosts(self, at: Access) -> bool:
        """Whether the model is in one of these engines."""
        return at.provider is None and at.name in self.engines

    def model(self, at: Access) -> BareModel:
        """The model, which is used on one event loop. Raises KeyError where no engine hosts it."""
        engine, key = self.engines[at.name], key_of(at)
        return EngineModel(engine, key, engine.models[key])


@dataclass(frozen=True)
class EngineModel:
    """A model in an engine, in any of the protocols that it serves there."""

    engine: Engine
    key: str
    opened: Opened

    @property
    def identity(self) -> str:
        """The identity of the model in the engine."""
        return self.opened.identity

    @property
    def max_output_tokens(self) -> int | None:
        """As of the model in the engine."""
        return self.opened.max_output_tokens

    async def ask(self, request: TextRequest) -> TextReply:
        """As the model in the engine; EngineDead also where the engine is gone for good."""
        return cast(TextReply, await self._call(request))

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the model in the engine; EngineDead also where the engine is gone for good."""
        return cast(ImageReply, await self._call(request))

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """As the model in the engine; EngineDead also where the engine is gone for good."""
        return cast(ScoreReply, await self._call(request))

    async def _call(self, request: Request) -> Reply:
        deaths = 0
        while True:
            try:
                replica = await self.engine.replica()
            except EngineDead as error:
                raise _blaming(error, request, deaths) from None
            reply = await self._ask_once(replica, request)
            if reply is not None:
                break
            deaths += 1
        if isinstance(reply, ModelError):
            raise reply
        return reply

    async def _ask_once(self, replica: Replica, request: Request) -> Reply | ModelError | None:
        """What the replica answers; None where it died before it did."""
        import ray

        answer = replica.actor.call.remote(self.key, request)
        replica.calls += 1
        try:
            return cast(Reply | ModelError, await answer)
        except asyncio.CancelledError:
            ray.cancel(answer)
            raise
        except (
            ray.exceptions.RayTaskError
        ) as error:  # Ray wraps what the engine raised; whoever asked wants the error itself
            raise error.cause if isinstance(error.cause, Exception) else error from None
        except ray.exceptions.RayError:
            self.engine.lost(replica)
            return None
        finally:
            replica.calls -= 1


def _blaming(error: EngineDead, request: Request, deaths: int) -> EngineDead:
    """The error, with a word on a call that was under way at more than one death: it may be what kills the engine."""
    if deaths < 2:
        return error
    return EngineDead(
        f"{error}; the call {request.schema} with seed {request.seed} was under way at {deaths} of its deaths and may be the cause"
    )
