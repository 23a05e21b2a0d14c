"""A model that vLLM runs in this process. In: requests of `stages.protocols`. Out: replies, read as those of a server are."""

import asyncio
import math
from typing import Any

from pipeline.backends.contract import Access
from pipeline.backends.openai import chat
from pipeline.backends.openai.answers import charged, parse
from pipeline.backends.openai.schemas import Structured, schema
from pipeline.backends.vllm.engine import Conversation, VllmEngine, engine_of
from pipeline.backends.vllm.options import VllmOptions
from pipeline.storage.image_store import ImageStore
from pipeline.storage.token_files import write_tokens
from stages.errors import EngineDead, Malformed, ModelError
from stages.protocols import (
    ImageReply,
    ImageRequest,
    ScoreReply,
    ScoreRequest,
    TextReply,
    TextRequest,
    TokenLogprob,
    Usage,
)


class VllmModel:
    """A model that reads, in any of the roles that judge."""

    def __init__(self, access: Access, store: ImageStore) -> None:
        """Loads the weights, or shares them. Raises ValueError for unknown options, EngineDead where something is missing."""
        self._options = VllmOptions.checked(access.options)
        self._identity = self._options.identity("vllm", access.model, access.revision)
        self._store = store
        self._engine: VllmEngine = engine_of(
            access.model, access.revision, self._options.load, access.batch, access.batch_wait_s
        )

    @property
    def identity(self) -> str:
        """Model, revision and the options that change answers."""
        return self._identity

    @property
    def max_output_tokens(self) -> int | None:
        """How many tokens a reply may have."""
        return self._options.max_tokens

    async def ask(self, request: TextRequest) -> TextReply:
        """The model's reply. Raises stages.errors.ModelError."""
        structured = _structured(request, self._options.structured)
        turns = await chat.messages(self._store, request)
        output = await self._engine.submit("ask", Conversation(turns, self._options.sampling(request.seed), structured))
        said = output.outputs[0]
        usage = Usage(len(output.prompt_token_ids), len(said.token_ids))
        with charged(usage):
            if not math.isfinite(said.cumulative_logprob):
                # held to a schema, such a model writes verdicts that look like any other
                raise Malformed("", f"{self.identity}: the model's logits are no numbers; try another load.dtype")
            # as a server would have put it: thoughts and broken ends are then told in one place
            message = {"role": "assistant", "content": said.text}
            answer = parse({"choices": [{"message": message, "finish_reason": said.finish_reason}]})
            chat.check_readable(answer)
            tokens = _sampled(said, self.identity) if self._options.logprobs else None
            kept = None if tokens is None else await asyncio.to_thread(write_tokens, self._store, tokens)
        return TextReply(answer.reply, usage, answer.carrier, kept)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """Raises EngineDead: no model of vLLM's draws."""
        raise EngineDead(f"{self.identity} reads and does not draw; let another model be the generator")

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """How likely each token of the text is after the request. Raises stages.errors.ModelError.

        One pass where the text's own tokens stand at the end of the whole; else a second one says where the request ends.
        """
        turns = await chat.messages(self._store, request)
        begun = [*turns, {"role": "assistant", "content": request.text}]
        whole = await self._engine.submit("score", Conversation(begun, {"max_tokens": 1, "prompt_logprobs": 0}))
        after, usage = list(whole.prompt_token_ids), Usage(len(whole.prompt_token_ids), 1)
        own = self._engine.tokenizer.encode(request.text, add_special_tokens=False)
        if own and after[-len(own) :] == list(own):
            length = len(after) - len(own)
        else:
            with charged(usage):
                alone = await self._engine.submit("ask", Conversation(turns, {"max_tokens": 1}))
            before = list(alone.prompt_token_ids)
            usage = Usage(len(after) + len(before), 2)
            length = len(before)
            with charged(usage):
                if after[:length] != before or len(after) == length:
                    raise ModelError(f"{self.identity}: the text's first token cannot be told from the request's last")
        with charged(usage):
            pairs = zip(after[length:], whole.prompt_logprobs[length:], strict=True)
            return ScoreReply(tuple(_token(self.identity, number, entries) for number, entries in pairs), usage)


def _structured(request: TextRequest, how: Structured) -> dict[str, Any] | None:
    """How vLLM shall enforce the shape of the reply, as `vllm.sampling_params.StructuredOutputsParams` takes it."""
    if how == "none":
        return None
    return {"json": schema(request)} if how == "json_schema" else {"json_object": True}


def _sampled(said: Any, identity: str) -> list[TokenLogprob]:
    pairs = zip(said.token_ids, said.logprobs or (), strict=True)
    return [_token(identity, number, entries) for number, entries in pairs]


def _token(identity: str, number: int, entries: Any) -> TokenLogprob:
    entry = (entries or {}).get(number)
    if entry is None or not math.isfinite(entry.logprob):
        raise ModelError(f"{identity}: vLLM gives no log-prob for token {number}")
    return TokenLogprob(entry.decoded_token or "", min(float(entry.logprob), 0.0), number)
