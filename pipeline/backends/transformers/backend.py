"""Models of the transformers library. In: requests of `stages.protocols`. Out: replies; images go from and to the store.

Waiting calls of one shape are answered together, in the one thread that computes; the event loop sees neither pixels nor tensors.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Hashable, Sequence
from typing import Any

from pipeline.backends.contract import Access
from pipeline.backends.local.batcher import Batcher
from pipeline.backends.local.faults import mapped
from pipeline.backends.local.pictures import kept_picture, opened_pictures
from pipeline.backends.transformers.asking import Question, Spoken, answers, tokens_of
from pipeline.backends.transformers.drawing import Drawing, Drawn, drawings
from pipeline.backends.transformers.loading import shared
from pipeline.backends.transformers.options import TransformersOptions
from pipeline.backends.transformers.prompts import Prompt
from pipeline.backends.transformers.scoring import Weighed, pieces_of, prepared, reply_of, scores
from pipeline.backends.transformers.shapes import Shapes
from pipeline.storage.image_store import ImageStore
from pipeline.storage.token_files import write_tokens
from stages.errors import Malformed
from stages.protocols import (
    ImageReply,
    ImageRequest,
    Request,
    ScoreReply,
    ScoreRequest,
    TextReply,
    TextRequest,
    TokenLogprob,
    TokensRef,
)

_PROMPTS_KEPT = 16  # those of a few batches, each some megabytes with its pictures


class TransformersModel:
    """A model in this process, in any of the roles; models of the same weights share them."""

    def __init__(self, access: Access, store: ImageStore) -> None:
        """Loads the weights. Raises ValueError for options it does not know, EngineDead where something is missing."""
        self._options = TransformersOptions.checked(access.options)
        self._identity = self._options.identity("transformers", access.model, access.revision)
        self._weights = shared(access.model, access.revision, self._options)
        self._store = store
        # here, and not with the first call: what is missing should show before a run begins
        self._shapes = Shapes(self._weights) if self._options.structured != "none" else None
        self.batch_sizes: Counter[int] = Counter()
        """How often so many calls were answered together."""
        self._prompts: OrderedDict[Hashable, asyncio.Task[Any]] = OrderedDict()
        self._batcher: Batcher[Any, Any] = Batcher(self._run, access.batch, access.batch_wait_s)

    @property
    def identity(self) -> str:
        """See `pipeline.backends.transformers.options.identity`."""
        return self._identity

    @property
    def max_output_tokens(self) -> int | None:
        """How many tokens a reply may have."""
        return self._options.max_new_tokens

    async def ask(self, request: TextRequest) -> TextReply:
        """The model's words. Raises stages.errors.ModelError."""
        prompt = await self._prompt(request)
        shape = None if self._shapes is None else await asyncio.to_thread(self._shapes.matcher, request)
        question = Question(prompt, request.seed, shape)
        answer: Spoken = await self._batcher.submit(("ask", len(request.images)), question)
        problem = _unfinished(answer)
        if problem is not None:
            error = Malformed(answer.text, problem)
            error.usage = answer.usage
            raise error
        kept = None
        if self._options.logprobs:
            kept = await self._kept(tokens_of(self._weights, answer.numbers, answer.logprobs))
        return TextReply(answer.text, answer.usage, tokens=kept)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The picture drawn, and the words before it where `options.words` asks for them. Raises stages.errors.ModelError."""
        drawing = Drawing(await self._prompt(request), request.width, request.height, request.seed)
        shape = ("draw", request.width, request.height, len(request.images))
        drawn: Drawn = await self._batcher.submit(shape, drawing)
        image = await asyncio.to_thread(kept_picture, self._store, drawn.picture)
        kept = await self._kept(drawn.tokens) if self._options.logprobs else None
        return ImageReply(image, drawn.text, drawn.usage, kept)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """How likely the text is; texts about one prompt are scored together. Raises stages.errors.ModelError."""
        shape = ("score", request.messages, tuple(image.sha256 for image in request.images))
        pieces = await asyncio.to_thread(pieces_of, self._weights, request.text)
        weighed: Weighed = await self._batcher.submit(shape, (await self._prepared(shape, request), pieces))
        return await asyncio.to_thread(reply_of, self._weights, weighed)

    async def _prepared(self, shape: Hashable, request: ScoreRequest) -> Any:
        """The tensors of a prompt, made once for the texts that share it, while the device works on others."""
        task = self._prompts.get(shape)
        if task is None or (task.done() and task.exception() is not None):
            self._prompts[shape] = task = asyncio.create_task(self._prepare(request))
            while len(self._prompts) > _PROMPTS_KEPT:
                self._prompts.popitem(last=False)
        # a call that is cancelled must not end what others wait for
        return await asyncio.shield(task)

    async def _prepare(self, request: ScoreRequest) -> Any:
        return await asyncio.to_thread(prepared, self._weights, self._options, await self._prompt(request))

    async def _prompt(self, request: Request) -> Prompt:
        pictures = await asyncio.to_thread(opened_pictures, self._store, request.images)
        return Prompt(request.messages, tuple(pictures))

    async def _kept(self, tokens: Sequence[TokenLogprob]) -> TokensRef:
        return await asyncio.to_thread(write_tokens, self._store, tokens)

    def _run(self, shape: Any, jobs: Sequence[Any]) -> Sequence[Any]:
        """The results of jobs of one shape, in the thread that computes."""
        self.batch_sizes[len(jobs)] += 1
        # other roles may have the same weights, and a thread of their own
        with self._weights.lock, mapped(self._weights.name):
            match shape[0]:
                case "ask":
                    return answers(self._weights, self._options, jobs, self._options.max_new_tokens)
                case "draw":
                    return drawings(self._weights, self._options, jobs)
                case _:
                    return scores(self._weights, jobs[0][0], [pieces for _, pieces in jobs])


def _unfinished(answer: Spoken) -> str | None:
    """What is wrong with an answer that came to no end; words after a verdict might have taken it back."""
    if not answer.text.strip():
        return "the reply is empty" + (": max_new_tokens was used up" if answer.cut else "")
    return f"the reply is cut short after {len(answer.numbers)} tokens (options.max_new_tokens)" if answer.cut else None
