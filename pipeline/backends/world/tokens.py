"""How many tokens a call to the world takes, so that money, budgets and limits can be tried out without a real model.

In: the messages and images of a request, and its reply. Out: `Usage`, the same in process and over HTTP. A convention, not a
tokeniser: four characters a token, four tokens around each message, and one token for each 32 x 32 pixels of an image, up to
the number from which on providers scale images down.
"""

from collections.abc import Iterable, Sequence

from stages.protocols import Message, Usage
from stages.records import ImageRef

CHARACTERS = 4
AROUND_MESSAGE = 4
PATCH = 32
MOST_PATCHES = 2048


def text_tokens(text: str) -> int:
    """Tokens of a text."""
    return -(-len(text) // CHARACTERS)


def image_tokens(width: int, height: int) -> int:
    """Tokens of an image of `width` x `height` pixels, read or made."""
    return min(MOST_PATCHES, -(-width // PATCH) * -(-height // PATCH))


def usage(messages: Sequence[Message], images: Iterable[ImageRef], reply: str | ImageRef) -> Usage:
    """What a call took: all it was sent, and what it gave back."""
    asked = sum(AROUND_MESSAGE + text_tokens(m.content) for m in messages)
    shown = sum(image_tokens(image.width, image.height) for image in images)
    said = text_tokens(reply) if isinstance(reply, str) else image_tokens(reply.width, reply.height)
    return Usage(asked + shown, said)
