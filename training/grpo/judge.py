"""What a judge of sampled answers has to offer; an Analyzer, and a checker of one's own, as a judge.

In: a prompt, its answers as they were read. Out: a `Rollout` for each, in order.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

from stages.answers import mode_of
from stages.calls import Models
from stages.grammar import LETTERS
from stages.records import ImageRef, Sample
from stages.rung import Recipe
from training.render.answer import ParsedAnswer
from training.rewards.answers import UNREAD, drawn_answer
from training.rewards.judging import judge_answer
from training.rewards.prompts import sample_of
from training.rewards.rl_rows import RlPrompt
from training.rewards.rollout import Rollout
from training.trainee.problem import TrainProblem

TakeIn = Callable[[Sequence[bytes]], Awaitable[tuple[ImageRef, ...]]]
Check = Callable[[RlPrompt, ParsedAnswer], Sequence[int]]
"""Scores of the last image of an answer, 1 to 5, at least one."""


class Judge(Protocol):
    """Judges the answers to one prompt."""

    def __call__(self, prompt: RlPrompt, answers: Sequence[ParsedAnswer]) -> Sequence[Rollout]:
        """A rollout for each answer, in order."""
        ...


@dataclass(frozen=True)
class AnalyzerJudge:
    """A judge that asks the Analyzer behind `models`; all answers to a prompt at once. `take_in` puts images into its store.

    `run` runs a coroutine to its end on the event loop that the models live on. Raises stages.errors.ModelError.
    """

    models: Models
    recipe: Recipe
    take_in: TakeIn
    with_steps: bool
    run: Callable[[Coroutine[Any, Any, list[Rollout]]], list[Rollout]]

    def __call__(self, prompt: RlPrompt, answers: Sequence[ParsedAnswer]) -> list[Rollout]:
        """See `Judge`."""
        return self.run(self._judged(prompt, answers))

    async def _judged(self, prompt: RlPrompt, answers: Sequence[ParsedAnswer]) -> list[Rollout]:
        sample = sample_of(prompt.asked, await self.take_in(prompt.references))
        return list(await asyncio.gather(*(self._one(sample, answer, prompt.id) for answer in answers)))

    async def _one(self, sample: Sample, answer: ParsedAnswer, name: str) -> Rollout:
        drawn = await self.take_in([image for image in answer.images if isinstance(image, bytes)])
        shown = drawn_answer(answer, drawn, self.recipe)
        return await judge_answer(sample, shown, self.models, self.recipe.policy, self.with_steps, name)


@dataclass(frozen=True)
class CheckerJudge:
    """A judge that asks `check` for scores; an answer passes where all of them are 5. Intermediate texts are not judged."""

    check: Check
    recipe: Recipe

    def __call__(self, prompt: RlPrompt, answers: Sequence[ParsedAnswer]) -> list[Rollout]:
        """See `Judge`. Raises TrainProblem where the checker gives no scores."""
        return [self._judged(prompt, answer) for answer in answers]

    def _judged(self, prompt: RlPrompt, answer: ParsedAnswer) -> Rollout:
        letters = letters_of(answer, self.recipe)
        if not answer.images:
            return Rollout(letters, name=prompt.id)
        scores = tuple(self.check(prompt, answer))
        if not scores or not all(1 <= score <= 5 for score in scores):
            raise TrainProblem(f"prompt {prompt.id}: the checker gives {scores}; it has to give scores of 1 to 5")
        return Rollout(letters, scores, all(score == 5 for score in scores), name=prompt.id)


def letters_of(answer: ParsedAnswer, recipe: Recipe) -> str:
    """The letters of an answer; with one that fits no structure where a part of it could not be read."""
    letters = answer.letters + LETTERS["generation"] * (len(answer.images) - answer.letters.count("G"))
    unread = answer.problem is not None and answer.problem != mode_of(recipe, answer.letters)[1]
    return letters + UNREAD if unread else letters


def find_checker(name: str) -> Check:
    """The function that MODULE:FUNCTION names. Raises TrainProblem."""
    module, colon, function = name.partition(":")
    if not colon:
        raise TrainProblem(f"{name}: write MODULE:FUNCTION, say my_checks:count_cats")
    try:
        check: Check = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise TrainProblem(f"{name}: {error}; PYTHONPATH has to name the folder it lies in") from None
    if not callable(check):
        raise TrainProblem(f"{name}: it is a {type(check).__name__}; name a function of (prompt, answer)")
    return check
