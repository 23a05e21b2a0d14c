"""A picture that came in an answer. In: what the server wrote: a data URI, base64, or an address. Out: an image in the store.

A picture is stored only if it decodes in full: half a file, other bytes and files of absurd size are malformed replies.
"""

import asyncio
import re

from pipeline.backends.openai.client import Wire
from pipeline.backends.openai.encoded import decoded, is_data_uri, shows_picture
from pipeline.backends.openai.fetching import MOST_BYTES, fetch, too_big
from pipeline.sources.bad_row import BadRow
from pipeline.sources.images import admit
from pipeline.storage.image_store import ImageStore
from stages.errors import Malformed
from stages.records import ImageRef

MOST_PIXELS = 50_000_000
_LONGEST_ADDRESS = 8192  # characters: anything longer is base64 without a sign of what it holds
_ADDRESS = re.compile(r"[A-Za-z][\w+.-]*:(?!.*;base64)|\.{0,2}/|\S+\.\w{2,5}(\?\S*)?$")


async def store_picture(wire: Wire, picture: str, store: ImageStore) -> ImageRef:
    """The picture, whole, in the store. Raises stages.errors.ModelError; OSError when it cannot be written."""
    if _is_inline(picture):
        return await asyncio.to_thread(_store_inline, picture, store)
    data = await fetch(wire, picture)
    return await asyncio.to_thread(_store_bytes, data, store)


def _is_inline(picture: str) -> bool:
    """Whether a picture is its own bytes, and no address, be it relative."""
    if is_data_uri(picture) or shows_picture(picture) or len(picture) > _LONGEST_ADDRESS:
        return True
    return not _ADDRESS.match(picture.strip())


def _store_inline(text: str, store: ImageStore) -> ImageRef:
    if len(text) > MOST_BYTES * 3 // 2:  # base64 takes a third more, and line breaks a little
        raise too_big()
    try:
        data = decoded(text)
    except ValueError as error:
        raise Malformed("", f"the image is no base64 ({error})") from None
    return _store_bytes(data, store)


def _store_bytes(data: bytes, store: ImageStore) -> ImageRef:
    if len(data) > MOST_BYTES:
        raise too_big()
    try:
        picture = admit(data, MOST_PIXELS)
    except BadRow as error:
        raise Malformed("", error.problem) from None
    return store.keep(picture)
