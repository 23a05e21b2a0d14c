"""The shape of a reply, enforced while it is written: llguidance rules out the tokens that the JSON schema does not allow.

In: the kind of a reply. Out: matchers, one for each request, which `Chooser` consults.
"""

from functools import lru_cache
from typing import Any

from pipeline.backends.local.libraries import library
from pipeline.backends.openai.schemas import schema
from pipeline.backends.transformers.loading import Weights
from stages.errors import EngineDead
from stages.protocols import TextRequest


class Shapes:
    """Makes matchers for one model's vocabulary. Costs about a second, once."""

    def __init__(self, weights: Weights) -> None:
        """Raises EngineDead where llguidance is not installed, or the tokenizer is not one that it reads."""
        self._matcher = library("llguidance", "transformers").LLMatcher
        from_tokenizer = library("llguidance.hf", "transformers").from_tokenizer
        try:
            self._tokens = from_tokenizer(weights.tokenizer, eos_token=list(weights.ends))
        except ValueError as error:
            raise EngineDead(
                f"transformers: {weights.name}: its tokenizer gives no shapes ({error}); say options.structured: none"
            ) from error
        self._made = lru_cache(64)(self._first)

    def matcher(self, request: TextRequest) -> Any:
        """A matcher of the reply that `request` asks for, at its beginning. Raises ValueError for a kind without a schema."""
        return self._made(request.schema, request.axes, request.steps).deep_copy()

    def _first(self, kind: str, axes: tuple[str, ...], steps: tuple[int, int] | None) -> Any:
        shape = schema(TextRequest((), (), kind, 0, 0, axes, steps))
        # no blanks but one: a model that is let may write blanks for ever
        grammar = self._matcher.grammar_from_json_schema(
            shape, overrides={"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
        )
        made = self._matcher(self._tokens, grammar)
        if made.is_error():
            raise ValueError(f"no grammar for replies of the kind {kind!r}: {made.get_error()}")
        return made
