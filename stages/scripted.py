"""Models that follow a script: for tests, for documentation, and for trying out a policy without any model.

In: replies in the order in which they will be given, each a text, an image, or an error to raise. Out: an `Analyzer` and a
`Generator` that keep the requests they met.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from stages.errors import EngineDead, ModelError
from stages.protocols import (
    ImageReply,
    ImageRequest,
    ScoreReply,
    ScoreRequest,
    TextReply,
    TextRequest,
    TokenLogprob,
    Usage,
)
from stages.records import ImageRef


@dataclass
class ScriptedAnalyzer:
    """Answers with `replies` in order, each with `usage` as what it took. Raises EngineDead when the script is over."""

    replies: Iterable[str | ModelError]
    identity: str = "scripted/analyzer@1"
    usage: Usage | None = None
    requests: list[TextRequest] = field(default_factory=list)
    _left: Iterator[str | ModelError] = field(init=False)

    def __post_init__(self) -> None:
        self._left = iter(self.replies)

    async def ask(self, request: TextRequest) -> TextReply:
        """The next reply of the script, or its error."""
        self.requests.append(request)
        # a script that is too short is a mistake of its author, not a property of the sample
        reply = next(self._left, EngineDead("the script is over"))
        if isinstance(reply, ModelError):
            raise reply
        return TextReply(reply, self.usage)

    async def score(self, request: ScoreRequest) -> ScoreReply:
        """See `likelihood`."""
        return likelihood(request.text)


@dataclass
class ScriptedGenerator:
    """Draws `images` in order, where they are given, else a reference named after the request's seed. `words` go with each."""

    images: Iterable[ImageRef | ModelError] | None = None
    identity: str = "scripted/generator@1"
    words: str | None = None
    requests: list[ImageRequest] = field(default_factory=list)
    _left: Iterator[ImageRef | ModelError] | None = field(init=False)

    def __post_init__(self) -> None:
        self._left = None if self.images is None else iter(self.images)

    async def draw(self, request: ImageRequest) -> ImageReply:
        """The next image of the script, or its error."""
        self.requests.append(request)
        if self._left is None:
            return ImageReply(ImageRef(f"{request.seed:064x}", request.width, request.height, "PNG"), self.words)
        image = next(self._left, EngineDead("the script is over"))
        if isinstance(image, ModelError):
            raise image
        return ImageReply(image, self.words)


def likelihood(text: str) -> ScoreReply:
    """A reply in which every word is a token, and the longer the less likely."""
    return ScoreReply(tuple(TokenLogprob(word, -float(len(word))) for word in text.split()))


def scores(values: Mapping[str, int], reason: str = "as scripted") -> str:
    """An evaluation reply with these scores."""
    return json.dumps({axis: {"score": score, "reason": reason} for axis, score in values.items()})


def reflection(plan: str = "mend it", error_type: str = "under_editing") -> str:
    """A reflection reply."""
    return json.dumps({"error_type": error_type, "failure_analysis": "not done", "improvement_plan": plan})


def diagnosis(cause: str) -> str:
    """A diagnosis reply."""
    return json.dumps({"cause": cause, "explanation": "as scripted"})


def steps(*texts: str) -> str:
    """A decomposition reply."""
    return json.dumps({"rationale": "one thing at a time", "steps": list(texts)})
