"""A model that cannot be asked here and now. In: requests. Out: EngineDead, always, which says why."""

from typing import NoReturn

from stages.errors import EngineDead
from stages.protocols import ImageRequest, ScoreRequest, TextRequest


class LaterModel:
    """What stands for a model of `identity` that nobody can ask, for the reason in `words`."""

    def __init__(self, identity: str, words: str) -> None:
        self.identity = identity
        self.max_output_tokens: int | None = None
        self._words = words

    async def ask(self, request: TextRequest) -> NoReturn:
        """Raises EngineDead."""
        raise EngineDead(self._words)

    async def draw(self, request: ImageRequest) -> NoReturn:
        """Raises EngineDead."""
        raise EngineDead(self._words)

    async def score(self, request: ScoreRequest) -> NoReturn:
        """Raises EngineDead."""
        raise EngineDead(self._words)
