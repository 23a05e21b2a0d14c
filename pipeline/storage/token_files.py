"""The tokens of a reply and their log-probabilities, as a side file of the store: trainers of the policy that gave the reply need
them, and rows would drown in them.

In: tokens. Out: a `TokensRef`, by which journal, event and record name the file; and the tokens again. The file is JSON: a list of
[token, log-probability, number or null].
"""

import json
from collections.abc import Sequence

from pipeline.storage.image_store import ImageStore
from stages.protocols import TokenLogprob, TokensRef


def write_tokens(store: ImageStore, tokens: Sequence[TokenLogprob]) -> TokensRef:
    """Store the tokens durably. Raises OSError on a failed write."""
    content = [[token.token, token.logprob, token.number] for token in tokens]
    # one spelling: equal tokens have one file; ASCII, because a token may be half a character
    data = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    return TokensRef(store.put_tokens(data), len(content))


def read_tokens(store: ImageStore, sha256: str) -> tuple[TokenLogprob, ...]:
    """The tokens again. Raises FileNotFoundError, OSError for a changed file, ValueError for one that holds no tokens."""
    try:
        return tuple(TokenLogprob(*token) for token in json.loads(store.get_tokens(sha256)))
    except TypeError as error:
        raise ValueError(f"tokens {sha256[:16]}: {error}") from None
