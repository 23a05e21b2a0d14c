"""Read rendered messages. In: messages and a seed. Out: a `Request` with its tags' texts and its random streams.

Tags are XML-like; what is filled in between them is protected by `prompts.escaping`. The first user message holds the request;
later ones only repeat the question.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.backends.world.scenes.looks import LONGEST_SIDE, MOST_PIXELS, SHORTEST_SIDE
from pipeline.backends.world.scenes.ops import Op
from pipeline.backends.world.words.reading import NotUnderstood, parse
from prompts.escaping import own_tags, restore
from stages.errors import Refused
from stages.protocols import Message


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag and its attributes. `inner` is the content as written, with any tags within it."""

    attributes: dict[str, str]
    inner: str

    @property
    def text(self) -> str:
        """The content, as it was filled in."""
        return restore(self.inner, own_tags()).strip()


def tags(text: str, name: str) -> list[Tag]:
    """All tags of a name, in order."""
    matches = re.finditer(rf"<{name}((?:\s[^<>]*)?)>(.*?)</{name}>", text, re.DOTALL)
    return [Tag({k: restore(v, own_tags()) for k, v in re.findall(r'(\w+)="([^"]*)"', m[1])}, m[2]) for m in matches]


@dataclass(frozen=True, slots=True)
class Request:
    """One request: the first user message and its images.

    Random streams are seeded with `digest`, a hash of the seed and all messages, or with `words`, a hash of the messages alone.
    """

    text: str
    images: tuple[bytes, ...]
    digest: str
    words: str

    def find(self, name: str) -> str | None:
        """The text of the first tag of a name; None when it is absent or empty."""
        matches = tags(self.text, name)
        return matches[0].text or None if matches else None

    def need(self, name: str) -> str:
        """The text of a tag. Raises Refused when it is absent."""
        text = self.find(name)
        if text is None:
            raise Refused(f"I cannot do this: the request holds no <{name}>.")
        return text

    def number(self, name: str, otherwise: int) -> int:
        """The whole number in a tag; `otherwise` when the tag is absent. Raises Refused for any other text."""
        text = self.find(name)
        if text is not None and not re.fullmatch(r"[0-9]{1,4}", text):
            raise Refused(f"I cannot do this: <{name}> should hold a whole number below 10,000, not {text[:40]!r}.")
        return otherwise if text is None else int(text)

    def size(self) -> tuple[int, int]:
        """The requested width and height: each SHORTEST_SIDE to LONGEST_SIDE, and MOST_PIXELS in all. Raises Refused."""
        match = re.fullmatch(r"([0-9]{1,5})\s*[x×]\s*([0-9]{1,5})", self.need("size"))
        width, height = (int(match[1]), int(match[2])) if match else (0, 0)
        if not (min(width, height) >= SHORTEST_SIDE and max(width, height) <= LONGEST_SIDE):
            raise Refused(
                f"I cannot draw an image of size {self.need('size')[:40]!r}: each side has"
                f" {SHORTEST_SIDE} to {LONGEST_SIDE} pixels."
            )
        if width * height > MOST_PIXELS:
            raise Refused(
                f"I cannot draw an image of {width}x{height} pixels: {MOST_PIXELS:,} (2048x2048) are the most."
            )
        return width, height

    def ops(self, name: str) -> list[Op]:
        """The clauses of a tag's text. Raises Refused; its text quotes the piece that is not understood."""
        try:
            return parse(self.need(name))
        except NotUnderstood as error:
            raise Refused(f"I cannot follow this {name}: {error}.") from error

    def rng(self, stream: str) -> np.random.Generator:
        """A random stream that depends on the seed and the words alone, never on the images."""
        return _stream(stream, self.digest)

    def stubborn(self, stream: str) -> np.random.Generator:
        """A random stream that depends on the words alone: the same at every seed."""
        return _stream(stream, self.words)


def _stream(name: str, digest: str) -> np.random.Generator:
    return np.random.default_rng(int.from_bytes(hashlib.sha256(f"{name}\0{digest}".encode()).digest()[:16]))


def read(messages: Sequence[Message], images: Sequence[bytes], seed: int, schema: str) -> Request:
    """The request that messages make. Raises Refused when there is none."""
    first = next((m.content for m in messages if m.role == "user"), None)
    if first is None:
        raise Refused("I cannot do this: there is no user message.")
    dialogue = "\0".join(f"{m.role}\0{m.content}" for m in messages)
    words = hashlib.sha256(f"{schema}\0{dialogue}".encode()).hexdigest()
    return Request(first, tuple(images), hashlib.sha256(f"{seed}\0{words}".encode()).hexdigest(), words)
