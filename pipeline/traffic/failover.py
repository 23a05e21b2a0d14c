"""Failing over: where one provider is out, the next is asked.

In: requests. Out: the reply of the first model that gives one. This module keeps no state: each call begins with the first model,
whose provider's breaker says at once when it is not worth asking.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from pipeline.traffic.retried import Sleep
from pipeline.traffic.terms import ProviderOut
from stages.errors import EngineDead, ModelError, Transient
from stages.protocols import ImageReply, ImageRequest, Model, ScoreReply, ScoreRequest, TextReply, TextRequest

R = TypeVar("R", TextReply, ImageReply, ScoreReply)
_LEAST_WAIT_S = 0.1


@dataclass(frozen=True)
class Failover:
    """Models in the order they are asked, known by the one `identity` of their role.

    A model is passed over when it raises EngineDead or Transient. When all did: if one of them is merely out, the call waits and
    goes around again (the breaker lets a probe through now and then, and gives up after the run's deadline); else its error stands.
    """

    models: tuple[Model, ...]
    identity: str
    sleep: Sleep = asyncio.sleep

    async def ask(self, request: TextRequest) -> TextReply:
        """As the first model that answers. Raises what stages.errors says; EngineDead only when all are dead."""
        return await self._first_reply(lambda model: model.ask(request))

    async def draw(self, request: ImageRequest) -> ImageReply:
        """As the first model that answers. Raises what stages.errors says; EngineDead only when all are dead."""
        return await self._first_reply(lambda model: model.draw(request))

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """As the first model that answers. Raises what stages.errors says; EngineDead only when all are dead."""
        return await self._first_reply(lambda model: model.score(request))

    async def _first_reply(self, call: Callable[[Model], Awaitable[R]]) -> R:
        while True:
            errors: list[ModelError] = []
            for model in self.models:
                try:
                    return await call(model)
                except (EngineDead, Transient) as error:
                    errors.append(error)
            waits_s = [error.wait_s for error in errors if isinstance(error, ProviderOut)]
            failed = [error for error in errors if isinstance(error, Transient) and not isinstance(error, ProviderOut)]
            # an error of the call itself stands; to wait for a provider that is out would not mend it
            if failed:
                raise failed[-1]
            if not waits_s:
                raise EngineDead("; ".join(dict.fromkeys(error.text for error in errors))) from errors[-1]
            # the jitter keeps calls that wait from probing all at once
            await self.sleep(max(min(waits_s), _LEAST_WAIT_S) * random.uniform(1.0, 1.5))
