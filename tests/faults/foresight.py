"""Foresees what becomes of each sample: it climbs in this process, with each fault as the protocols word it, and without HTTP.

In: samples and a table of faults. Out: trajectories as they must come out, and the requests on the way there. Passing faults
have no effect, an unreadable reply is asked for once more, words for an image are a refusal where a model speaks, and a request
that fails forever is a failure of transport.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.backends.world.backend import WorldModel
from stages.errors import Malformed, Refused, Transient
from stages.protocols import ImageReply, ImageRequest, TextReply, TextRequest
from tests.faults.table import WORDS, Story, Table, digest


@dataclass
class ForeseenModel:
    """A model of the world with the faults of its server. `speaks`: it draws images in a chat. `stories`: of every request made."""

    name: str
    model: WorldModel
    table: Table
    speaks: bool
    stories: dict[str, Story] = field(default_factory=dict)

    @property
    def identity(self) -> str:
        return self.model.identity

    async def ask(self, request: TextRequest) -> TextReply:
        name, story = self._story(request)
        if story.end == "wrong_schema":
            return TextReply(self.table.wrong(name))
        return await self.model.ask(request)

    async def draw(self, request: ImageRequest) -> ImageReply:
        _, story = self._story(request)
        if story.end == "words_for_an_image" and self.speaks:
            raise Refused(WORDS)
        if story.end is not None:
            raise Malformed("", story.end)
        return await self.model.draw(request)

    def _story(self, request: TextRequest | ImageRequest) -> tuple[str, Story]:
        images: Sequence[str] = [image.sha256 for image in request.images]
        name = digest(self.name, request.messages, images, request.seed, request.schema)
        story = self.stories[name] = self.table.story(name, request.schema)
        if story.cursed:
            raise Transient(str(story.end))
        return name, story
