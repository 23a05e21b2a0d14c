"""Models of any OpenAI-compatible server. In: requests of `stages.protocols`. Out: replies; images go from and to the store."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pipeline.backends.openai import chat, images, logprobs
from pipeline.backends.openai.client import Wire
from pipeline.backends.openai.options import Options
from pipeline.backends.openai.remedies import is_unclear
from pipeline.backends.openai.replicas import one_of
from pipeline.backends.openai.spec import Provider
from pipeline.storage.image_store import ImageStore
from stages.errors import ModelError
from stages.protocols import ImageReply, ImageRequest, ScoreReply, ScoreRequest, TextReply, TextRequest


class OpenAIModel:
    """A model at a provider, in any of the roles."""

    def __init__(
        self,
        model: str,
        revision: str,
        options: Mapping[str, Any],
        provider_name: str,
        provider: Provider,
        store: ImageStore,
    ) -> None:
        """Raises ValueError for options it does not know. The key is looked up with the first call."""
        self._model = model
        self._options = Options.checked(options)
        self._name = provider_name
        self._provider = provider
        self._store = store
        self._identity = self._options.identity("openai", model, revision)
        self._answered = False

    @property
    def identity(self) -> str:
        """Model, revision and the options that change answers; never where it is."""
        return self._identity

    @property
    def max_output_tokens(self) -> int | None:
        """How many tokens a reply may have; None where no limit is sent."""
        return self._options.max_tokens

    async def ask(self, request: TextRequest) -> TextReply:
        """The model's reply. Raises stages.errors.ModelError."""
        try:
            with self._wire() as wire:
                reply = await chat.ask(wire, self._model, self._options, self._store, request)
        except ModelError as error:
            doubtful = self._options.structured == "json_schema" and not self._answered
            if type(error) is ModelError and doubtful and is_unclear(error.text):
                hint = "; if the server does not know response_format json_schema, say options.structured: none"
                raise ModelError(error.text + hint) from None
            raise
        self._answered = True
        return reply

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The image made. Raises stages.errors.ModelError."""
        with self._wire() as wire:
            return await images.draw(wire, self._model, self._options, self._store, request)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """How likely each token of the text is after the request; needs a server that returns prompt log-probs (vLLM).

        Raises stages.errors.ModelError.
        """
        with self._wire() as wire:
            return await logprobs.score(wire, self._model, self._options, self._store, request)

    @contextmanager
    def _wire(self) -> Iterator[Wire]:
        """The wire to one replica, which serves all requests of a call: those after the first find it begun in its cache."""
        with one_of(self._provider) as provider:
            yield Wire(self._name, provider)
