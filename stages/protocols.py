"""The two protocols through which the ladder meets models: one async method each, about one item.

In: requests carrying rendered messages, ordered image references, the reply's schema name, a seed and an ordinal.
Out: a text, or an image that already lies in the store. Concurrency, retry, limits and metering are wrappers of the
same protocols and somebody else's business.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

from stages.records import ImageRef

# the role, not the model, goes into a seed: another model in a role answers the same requests
Role = Literal["baseline", "generator", "analyzer", "second_analyzer"]


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered message. The images of a request belong to its first user message, in order, before its text."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class TextRequest:
    """A question to the Analyzer. The last of `images` is the canvas, the others are references.

    `schema` names the reply's shape (`stages.replies`). `ordinal` tells equal requests apart (attempt, judgement number).
    `axes` are the keys of an evaluation's reply, `steps` the least and the greatest number of steps of a plan; the messages name
    them too, so they are no part of the call's key.
    """

    messages: tuple[Message, ...]
    images: tuple[ImageRef, ...]
    # told apart by purpose, since a server may enforce another shape for each
    schema: str
    seed: int
    ordinal: int
    axes: tuple[str, ...] = ()
    steps: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """An image to make, `width` x `height` pixels. The last of `images` is the canvas to change, where there is one."""

    messages: tuple[Message, ...]
    images: tuple[ImageRef, ...]
    width: int
    height: int
    schema: str
    seed: int
    ordinal: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What a provider says a call took: tokens read and written, and its price in US dollars; None where it does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class TextReply:
    """The Analyzer's words, unparsed. `carrier`: the part of the server's answer that held them, such as "reasoning"."""

    text: str
    usage: Usage | None = None
    carrier: str = "content"


@dataclass(frozen=True, slots=True)
class ImageReply:
    """An image, and the words that came with it if the model returns both."""

    image: ImageRef
    text: str | None = None
    usage: Usage | None = None


class Analyzer(Protocol):
    """Answers one question about images in text. `identity` goes into every call key."""

    @property
    def identity(self) -> str:
        """Model, revision and sampling, as one string without addresses or keys."""
        ...

    async def ask(self, request: TextRequest) -> TextReply:
        """Raises stages.errors.ModelError."""
        ...


class Generator(Protocol):
    """Makes one image. `identity` goes into every call key."""

    @property
    def identity(self) -> str:
        """Model, revision and sampling, as one string without addresses or keys."""
        ...

    async def draw(self, request: ImageRequest) -> ImageReply:
        """Raises stages.errors.ModelError."""
        ...


class Model(Analyzer, Generator, Protocol):
    """Both protocols at once: what a backend offers, and what every wrapper of one is."""
