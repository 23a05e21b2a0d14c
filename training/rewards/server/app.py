"""The reward server as an application: groups at once, or rollouts that wait for each other.

In: requests over HTTP, and what judges. Out: a FastAPI application: `POST /v1/groups`, `POST /v1/rollouts`, `GET /health`. Every
problem is a `RewardProblem` or an error of `stages.errors`; whoever serves puts these into the form of its API.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from stages.calls import Models
from stages.identity import digest
from stages.policy import Policy
from stages.records import ImageRef, Sample
from stages.rung import Recipe
from training.rewards.answers import read_parts
from training.rewards.judging import DrawnAnswer, judge_answer
from training.rewards.prompts import sample_of
from training.rewards.rollout import Rollout
from training.rewards.score import GroupScores, score_group
from training.rewards.server.bodies import AskedRollout, GroupBody, RolloutBody, image_bytes
from training.rewards.server.groups import Arrival, GroupDesk, Rewarded
from training.rewards.server.problems import RewardProblem
from training.rewards.settings import RewardSettings

TakeIn = Callable[[Sequence[bytes]], Awaitable[tuple[ImageRef, ...]]]
"""Stores the images of a request. Raises where one is not taken."""
Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True)
class RewardHouse:
    """What the server goes by: who judges under which policy, how rewards are made of that, and where images are put.

    `wait_s`: how long a group waits for its next rollout, in seconds. `known`: the samples that may be named by their ids.
    """

    models: Models
    recipe: Recipe
    settings: RewardSettings
    take_in: TakeIn
    wait_s: float
    known: Mapping[str, Sample] = field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """That of the ladder."""
        return self.recipe.policy

    def score(self, rollouts: Sequence[Rollout]) -> GroupScores:
        """The scores of a group. Raises ValueError."""
        return score_group(rollouts, self.settings, self.recipe)

    async def read(self, asked: GroupBody | RolloutBody, rollout: AskedRollout) -> tuple[Sample, DrawnAnswer]:
        """A prompt and one answer to it, their images in the store. Raises RewardProblem, and what `take_in` raises."""
        sample = await self._sample(asked)
        pieces = [
            part.text if part.image is None else image_bytes(part.image, f"rollout.parts.{n}.image")
            for n, part in enumerate(rollout.parts)
        ]
        drawn = await self.take_in([piece for piece in pieces if isinstance(piece, bytes)])
        return sample, read_parts([p for p in pieces if p is not None], drawn, self.recipe, sample.applicable_axes)

    async def judge(self, sample: Sample, answer: DrawnAnswer, name: str) -> Rollout:
        """What counts of an answer. Raises stages.errors.ModelError."""
        with_steps = self.settings.weights.steps > 0
        return await judge_answer(sample, answer, self.models, self.policy, with_steps, name)

    async def _sample(self, asked: GroupBody | RolloutBody) -> Sample:
        if asked.prompt_id is not None:
            if asked.prompt_id not in self.known:
                remedy = "send all of it, or name its build when the server starts (--prompts)"
                text = f"prompt {asked.prompt_id} is not known; {remedy}"
                raise RewardProblem(404, text, "prompt_not_found", "prompt_id")
            return self.known[asked.prompt_id]
        assert asked.prompt is not None
        shown = [image_bytes(text, f"prompt.references.{n}") for n, text in enumerate(asked.prompt.references)]
        return sample_of(asked.prompt, await self.take_in(shown))


def reward_app(opened: Callable[[], AbstractAsyncContextManager[RewardHouse]]) -> FastAPI:
    """The application; `opened` gives the house that it works in, on its event loop, for as long as it runs."""
    running: list[tuple[RewardHouse, GroupDesk]] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with opened() as house:
            running.append((house, GroupDesk(house.score, house.wait_s)))
            yield
            running.clear()

    app = FastAPI(openapi_url=None, redirect_slashes=False, lifespan=lifespan)

    @app.get("/health")
    async def health() -> dict[str, Any]:
        return {"status": "ok", "waiting": running[0][1].waiting}

    @app.post("/v1/groups")
    async def groups(request: Request) -> dict[str, Any]:
        body = await _read(request, GroupBody)
        return await _reward_group(*running[0], body)

    @app.post("/v1/rollouts")
    async def rollouts(request: Request) -> dict[str, Any]:
        body = await _read(request, RolloutBody)
        (house, desk), arrival = running[0], _arrival(body.rollout, 0)
        work = await _work(house, body, body.rollout, arrival.id)
        one = await desk.reward(body.group, body.group_size, _prompt_digest(body), arrival, work)
        return {"group": body.group, **_shown(arrival.id, one)}

    return app


async def _read(request: Request, shape: type[Body]) -> Body:
    """The body of a request. Raises RequestValidationError."""
    # read here: the framework would answer a body that is too large as one that it cannot parse
    data = await request.body()
    try:
        return shape.model_validate_json(data)
    except ValidationError as error:
        raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None


async def _reward_group(house: RewardHouse, desk: GroupDesk, body: GroupBody) -> dict[str, Any]:
    prompt = _prompt_digest(body)
    arrivals = [_arrival(rollout, n) for n, rollout in enumerate(body.rollouts)]
    name = body.group or digest("group", prompt, [[one.id, one.content] for one in arrivals])[:32]
    named = zip(body.rollouts, arrivals, strict=True)
    work = [await _work(house, body, rollout, arrival.id) for rollout, arrival in named]
    waits = (desk.reward(name, len(arrivals), prompt, one, task) for one, task in zip(arrivals, work, strict=True))
    rewarded = await asyncio.gather(*waits)
    return {"group": name, "rollouts": [_shown(a.id, one) for a, one in zip(arrivals, rewarded, strict=True)]}


async def _work(
    house: RewardHouse, asked: GroupBody | RolloutBody, rollout: AskedRollout, name: str
) -> Callable[[], Coroutine[Any, Any, Rollout]]:
    """How a rollout is judged. It is read before it joins its group: what is wrong with it concerns nobody else."""
    sample, answer = await house.read(asked, rollout)
    return lambda: house.judge(sample, answer, name)


def _prompt_digest(body: GroupBody | RolloutBody) -> str:
    return digest(body.prompt_id or _digest(body.prompt))


def _digest(body: BaseModel | None) -> str:
    return "" if body is None else digest(body.model_dump_json())


def _arrival(rollout: AskedRollout, place: int) -> Arrival:
    content = _digest(rollout)
    # equal answers of one group are so many rollouts, so the place tells them apart
    return Arrival(rollout.id or f"{place}-{content[:16]}", content)


def _shown(name: str, one: Rewarded) -> dict[str, Any]:
    """The JSON of a rollout's reward; null where a term has nothing to score."""
    scores, n = one.scores, one.place
    terms = {"outcome": scores.outcome[n], "format": scores.form[n], "steps": scores.steps[n]}
    return {
        "id": name,
        "reward": float(scores.rewards[n]),
        "advantage": float(scores.advantages[n]),
        "total": float(scores.totals[n]),
        **{term: None if math.isnan(value) else float(value) for term, value in terms.items()},
        "images": int(scores.images[n]),
        "competitive": bool(scores.competitive[n]),
        "passed": one.rollout.passed,
        "letters": one.rollout.letters,
    }
