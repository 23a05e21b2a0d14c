"""A picture that came in an answer. In: a data URI or an address, as the server wrote it. Out: an image in the store.

A picture is stored only if it decodes in full: half a file, other bytes and files of absurd size are malformed replies.
"""

import asyncio
import base64
import binascii
from urllib.parse import urlsplit

import httpx2

from pipeline.backends.openai.bodies import TooMuch, at_most, bounded
from pipeline.backends.openai.client import CONNECT_S, Wire, loopback
from pipeline.sources.bad_row import BadRow
from pipeline.sources.images import admit
from pipeline.storage.image_store import ImageStore
from stages.errors import Malformed, TimedOut
from stages.records import ImageRef

MOST_BYTES = 64 << 20
MOST_PIXELS = 50_000_000


async def store_picture(wire: Wire, picture: str, store: ImageStore) -> ImageRef:
    """The picture, whole, in the store. Raises stages.errors.ModelError; OSError when it cannot be written."""
    if picture[:5].lower() == "data:":
        return await asyncio.to_thread(_store_base64, picture.partition(",")[2], store)
    data = await _fetch(wire, picture)
    return await asyncio.to_thread(_store_bytes, data, store)


def _store_base64(text: str, store: ImageStore) -> ImageRef:
    if len(text) > MOST_BYTES * 4 // 3 + 4:
        raise _too_big()
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Malformed("", f"the image is no base64 ({error})") from None
    return _store_bytes(data, store)


def _store_bytes(data: bytes, store: ImageStore) -> ImageRef:
    if len(data) > MOST_BYTES:
        raise _too_big()
    try:
        admit(data, MOST_PIXELS)
    except BadRow as error:
        raise Malformed("", error.problem) from None
    return store.put(data)


def _too_big() -> Malformed:
    return Malformed("", f"the image has more than {MOST_BYTES >> 20} MiB")


async def _fetch(wire: Wire, address: str) -> bytes:
    """The bytes at an address that a server names: without the key, up to a limit."""
    scheme = urlsplit(address).scheme
    if scheme not in ("http", "https"):
        raise Malformed("", f"the image is at no http address but {wire.quoted(address)[:60]!r}")
    timeout = httpx2.Timeout(wire.provider.timeout_s, connect=CONNECT_S)
    hooks = {"response": [bounded]}
    env = not loopback(address)
    try:
        with at_most(MOST_BYTES):
            async with (
                asyncio.timeout(wire.provider.timeout_s),
                httpx2.AsyncClient(timeout=timeout, follow_redirects=True, trust_env=env, event_hooks=hooks) as client,
            ):
                return (await client.get(address)).raise_for_status().content
    except TooMuch:
        raise _too_big() from None
    except httpx2.InvalidURL:
        raise Malformed("", "the image's address cannot be read") from None
    except (TimeoutError, httpx2.TimeoutException):
        raise TimedOut(f"{wire.name}: the image made did not come in time") from None
    except httpx2.HTTPError as error:
        raise wire.broken(f"the image made cannot be fetched ({type(error).__name__})") from None
