"""Count the tokens of a call to the world, so that money, budgets and limits can be tried out without a real model.

In: the messages and images of a request, and its reply. Out: `Usage`, the same in process and over HTTP. Tokens are counted
by convention, without a tokeniser: one for four characters, four around each message, and one for each 32 x 32 pixels of an
image, up to `MOST_PATCHES`: larger images are scaled down by providers.
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
    """The tokens of all messages and images of a request, and of its reply."""
    text = sum(AROUND_MESSAGE + text_tokens(m.content) for m in messages)
    pictures = sum(image_tokens(image.width, image.height) for image in images)
    output = text_tokens(reply) if isinstance(reply, str) else image_tokens(reply.width, reply.height)
    return Usage(text + pictures, output)
