"""The tokens that a server sampled, with their log-probabilities, where `options.logprobs` asks for them.

In: the JSON object of a chat completion. Out: a `TokensRef`; the tokens lie in the store, in a side file.
"""

import asyncio
import math
from typing import Any

from pipeline.backends.openai.client import Wire
from pipeline.storage.image_store import ImageStore
from pipeline.storage.token_files import write_tokens
from stages.errors import EngineDead
from stages.protocols import TokenLogprob, TokensRef


async def kept_tokens(wire: Wire, answer: dict[str, Any], store: ImageStore) -> TokensRef:
    """Store the tokens of the first choice. Raises EngineDead where the server gives none: it would give none to any call."""
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    given = choice.get("logprobs")
    content = given.get("content") if isinstance(given, dict) else None
    if not isinstance(content, list) or not all(map(_is_token, content)):
        raise EngineDead(f"{wire.name}: options.logprobs is true and the server gives no log-probs; say false there")
    ids = choice.get("token_ids")
    numbers = ids if isinstance(ids, list) and len(ids) == len(content) else [None] * len(content)
    tokens = [
        TokenLogprob(wire.scrubbed(token["token"]), min(float(token["logprob"]), 0.0), number)
        for token, number in zip(content, numbers, strict=True)
    ]
    # in a thread, because a store may lie on a network
    return await asyncio.to_thread(write_tokens, store, tokens)


def _is_token(token: Any) -> bool:
    if not isinstance(token, dict) or not isinstance(token.get("token"), str):
        return False
    logprob = token.get("logprob")
    return isinstance(logprob, int | float) and math.isfinite(logprob)
