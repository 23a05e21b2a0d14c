"""How much of an answer is read: a server that never stops sending must not fill the memory.

In: the answers of an `httpx2.AsyncClient` that has `bounded` among its response hooks. Out: the same, whose bodies end with
`TooMuch` once they exceed what `at_most` allows. Bytes count as they unpack: a gzip bomb is small on the wire.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import cast

import httpx2

TEXT_BYTES = 32 << 20  # of an answer that is text: a million characters may take 12 MB as JSON escapes
ERROR_BYTES = 1 << 20  # of the body of an error or a redirect: the status says enough, so the rest is left unread
_LIMIT: ContextVar[int] = ContextVar("limit", default=TEXT_BYTES)


class TooMuch(httpx2.RequestError):
    """A body exceeds its limit; a `RequestError`, so that clients pass it on as one."""


@contextmanager
def at_most(size: int) -> Iterator[None]:
    """Answers to requests that this task sends in this context have at most `size` bytes, unpacked."""
    before = _LIMIT.set(size)
    try:
        yield
    finally:
        _LIMIT.reset(before)


async def bounded(response: httpx2.Response) -> None:
    """The response hook: from here on the body is counted while it is read. It comes unpacked, so its encoding is dropped.

    Raises DecodingError where it is packed more than once: no server does, and what lies in between would not be counted.
    """
    if len(response.headers.get_list("content-encoding", split_commas=True)) > 1:
        raise httpx2.DecodingError("packed more than once", request=response.request)
    sent = _CountedStream(cast(httpx2.AsyncByteStream, response.stream))
    # this second response does the unpacking, in pieces of 1 MiB
    packed = httpx2.Response(response.status_code, headers=response.headers, stream=sent, request=response.request)
    response.headers.pop("content-encoding", None)
    answer = response.is_success
    response.stream = _Counted(packed, sent, _LIMIT.get() if answer else ERROR_BYTES, cut=not answer)


@dataclass
class _CountedStream(httpx2.AsyncByteStream):
    """Bytes as they were sent. They end where nothing unpacks from them any more: a decoder would keep all that follows its end."""

    stream: httpx2.AsyncByteStream
    idle: int = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async with aclosing(cast(AsyncGenerator[bytes, None], self.stream.__aiter__())) as parts:
            async for part in parts:
                self.idle += len(part)
                yield part
                if self.idle > ERROR_BYTES:
                    return

    async def aclose(self) -> None:
        await self.stream.aclose()


@dataclass
class _Counted(httpx2.AsyncByteStream):
    """Unpacked bytes up to a limit: beyond it they end quietly where they may be `cut`, else with TooMuch."""

    packed: httpx2.Response
    sent: _CountedStream
    limit: int
    cut: bool

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self.limit
        async with aclosing(self.packed.aiter_bytes()) as parts:
            async for part in parts:
                self.sent.idle = 0
                left -= len(part)
                if left < 0 and not self.cut:
                    raise TooMuch(f"more than {max(self.limit >> 20, 1)} MiB")
                yield part
                if left < 0:
                    return

    async def aclose(self) -> None:
        await self.packed.aclose()
