"""The three protocols through which the ladder meets models: one async method each, about one item.

In: requests carrying rendered messages, ordered image references, the reply's schema name, a seed and an ordinal.
Out: a text; or an image that already lies in the store; or how likely a given text is. Concurrency, retry, limits and metering
are wrappers of the same protocols and somebody else's business.
"""

from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, runtime_checkable

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
class ScoreRequest:
    """The question how likely `text` is as the answer to these messages and images. Nothing is sampled: the seed only tells the
    calls of different samples apart.
    """

    messages: tuple[Message, ...]
    images: tuple[ImageRef, ...]
    text: str
    seed: int
    ordinal: int
    schema: str = "score"


Request: TypeAlias = TextRequest | ImageRequest | ScoreRequest


@dataclass(frozen=True, slots=True)
class Usage:
    """What a provider says a call took: tokens read and written, and its price in US dollars; None where it does not say."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    usd: float | None = None


@dataclass(frozen=True, slots=True)
class TokensRef:
    """The side file that holds the `count` tokens of a reply and their log-probabilities, by the sha256 of its bytes."""

    sha256: str
    count: int


@dataclass(frozen=True, slots=True)
class TextReply:
    """The Analyzer's words, unparsed. `carrier`: the part of the server's answer that held them, such as "reasoning"."""

    text: str
    usage: Usage | None = None
    carrier: str = "content"
    tokens: TokensRef | None = None


@dataclass(frozen=True, slots=True)
class ImageReply:
    """An image, and the words that came with it if the model returns both."""

    image: ImageRef
    text: str | None = None
    usage: Usage | None = None
    tokens: TokensRef | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token as it reads, the natural logarithm of its probability (at most 0), and its number where the model says it."""

    token: str
    logprob: float
    number: int | None = None


@dataclass(frozen=True, slots=True)
class ScoreReply:
    """The tokens of the text that was asked about, in order."""

    tokens: tuple[TokenLogprob, ...]
    usage: Usage | None = None

    @property
    def total(self) -> float:
        """The natural logarithm of the probability of the whole text."""
        return sum(token.logprob for token in self.tokens)


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


@runtime_checkable
class Scorer(Protocol):
    """Says how likely a text is. `identity` goes into every call key."""

    @property
    def identity(self) -> str:
        """Model, revision and sampling, as one string without addresses or keys."""
        ...

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """Raises stages.errors.ModelError; EngineDead where the model gives no log-probabilities at all."""
        ...


class Model(Analyzer, Generator, Scorer, Protocol):
    """All protocols at once: what a backend offers, and what every wrapper of one is."""
