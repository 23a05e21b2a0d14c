"""How likely a given answer is after a request with its images: the log-probability of each of the answer's tokens.

In: a score request. Out: the tokens of its text with their log-probabilities, by the prompt log-probs of a vLLM server, and what
both calls took. (GvU is the geometric mean probability of a prompt given an image.)
"""

import math
from typing import Any

from pipeline.backends.openai.answers import charged, usage_of
from pipeline.backends.openai.chat import PATH, messages
from pipeline.backends.openai.client import Wire
from pipeline.backends.openai.options import Options
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, ModelError
from stages.protocols import ScoreReply, ScoreRequest, TokenLogprob, Usage

_ONE = {"max_tokens": 1, "return_token_ids": True}


async def score(wire: Wire, model: str, options: Options, store: ImageStore, request: ScoreRequest) -> ScoreReply:
    """The log-probability of each token of the request's text. Raises stages.errors.ModelError; EngineDead where the server gives
    none to anybody.

    Two calls: the request alone says where its tokens end, the request with the answer begun says how likely the rest is.
    """
    turns = await messages(store, request)
    alone = await wire.post(PATH, {**options.extra, "model": model, "messages": turns, **_ONE})
    begun = {"add_generation_prompt": False, "continue_final_message": True, "prompt_logprobs": 0}
    with_answer = [*turns, {"role": "assistant", "content": request.text}]
    with charged(usage_of(alone)):
        before = _token_ids(wire, alone)
        whole = await wire.post(PATH, {**options.extra, "model": model, "messages": with_answer, **_ONE, **begun})
    taken = _sum(usage_of(alone), usage_of(whole))
    with charged(taken):
        return ScoreReply(_tokens(wire, before, whole), taken)


def _tokens(wire: Wire, before: list[int], whole: dict[str, Any]) -> tuple[TokenLogprob, ...]:
    after, given = _token_ids(wire, whole), whole.get("prompt_logprobs")
    if not isinstance(given, list) or len(given) != len(after):
        raise EngineDead(f"{wire.name}: the server returns no prompt log-probs; this needs a vLLM server")
    if after[: len(before)] != before or len(after) == len(before):
        raise ModelError(f"{wire.name}: the answer's first token cannot be told from the request's last")
    tokens = zip(after[len(before) :], given[len(before) :], strict=True)
    return tuple(_token(wire, entries, number) for number, entries in tokens)


def _token_ids(wire: Wire, answer: dict[str, Any]) -> list[int]:
    ids = answer.get("prompt_token_ids")
    if not isinstance(ids, list):
        raise EngineDead(f"{wire.name}: the server returns no prompt_token_ids; this needs a vLLM server")
    return ids


def _token(wire: Wire, entries: Any, number: int) -> TokenLogprob:
    entry = entries.get(str(number)) if isinstance(entries, dict) else None
    logprob = entry.get("logprob") if isinstance(entry, dict) else None
    # JSON has no infinity, but Python's reader takes one
    if not isinstance(logprob, int | float) or not math.isfinite(logprob):
        raise ModelError(f"{wire.name}: the server returns no log-prob for token {number}")
    text = wire.scrubbed(str(entry.get("decoded_token") or ""))  # type: ignore[union-attr]
    return TokenLogprob(text, min(float(logprob), 0.0), number)


def _sum(first: Usage | None, second: Usage | None) -> Usage | None:
    """Both together; a figure that one of them lacks is unknown."""
    if first is None or second is None:
        return None
    tokens = (_added(first.input_tokens, second.input_tokens), _added(first.output_tokens, second.output_tokens))
    return Usage(*tokens, None if first.usd is None or second.usd is None else first.usd + second.usd)


def _added(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
