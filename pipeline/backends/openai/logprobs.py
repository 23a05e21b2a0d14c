"""How likely a given answer is after a request with its images: the log-probability of each of the answer's tokens.

In: a text request and the answer's text. Out: the answer's tokens with their log-probabilities, by the prompt log-probs of a
vLLM server. (GvU is the geometric mean probability of a prompt given an image.)
"""

from dataclasses import dataclass
from typing import Any

from pipeline.backends.openai.chat import PATH, messages
from pipeline.backends.openai.client import Wire
from pipeline.storage.image_store import ImageStore
from stages.errors import ModelError
from stages.protocols import TextRequest

_ONE = {"max_tokens": 1, "return_token_ids": True}


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token as it reads, and the natural logarithm of its probability; at most 0."""

    token: str
    logprob: float


async def prompt_logprobs(
    wire: Wire, model: str, store: ImageStore, request: TextRequest, answer: str
) -> tuple[TokenLogprob, ...]:
    """The log-probability of each token of `answer`. Raises stages.errors.ModelError, also where the server gives none.

    Two calls: the request alone says where its tokens end, the request with the answer begun says how likely the rest is.
    """
    turns = await messages(store, request)
    alone = await wire.post(PATH, {"model": model, "messages": turns, **_ONE})
    begun = {"add_generation_prompt": False, "continue_final_message": True, "prompt_logprobs": 0}
    with_answer = [*turns, {"role": "assistant", "content": answer}]
    whole = await wire.post(PATH, {"model": model, "messages": with_answer, **_ONE, **begun})
    before, after = _token_ids(wire, alone), _token_ids(wire, whole)
    given = whole.get("prompt_logprobs")
    if not isinstance(given, list) or len(given) != len(after):
        raise ModelError(f"{wire.name}: the server returns no prompt log-probs; this needs a vLLM server")
    if after[: len(before)] != before:
        raise ModelError(f"{wire.name}: the answer's first token cannot be told from the request's last")
    tokens = zip(after[len(before) :], given[len(before) :], strict=True)
    return tuple(_token(wire, entries, number) for number, entries in tokens)


def _token_ids(wire: Wire, answer: dict[str, Any]) -> list[int]:
    ids = answer.get("prompt_token_ids")
    if not isinstance(ids, list):
        raise ModelError(f"{wire.name}: the server returns no prompt_token_ids; this needs a vLLM server")
    return ids


def _token(wire: Wire, entries: Any, number: int) -> TokenLogprob:
    entry = entries.get(str(number)) if isinstance(entries, dict) else None
    if not isinstance(entry, dict) or not isinstance(entry.get("logprob"), int | float):
        raise ModelError(f"{wire.name}: the server returns no log-prob for token {number}")
    return TokenLogprob(str(entry.get("decoded_token") or ""), min(float(entry["logprob"]), 0.0))
