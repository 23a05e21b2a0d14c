"""Opens the files of tables, on this machine or elsewhere, and unpacks what is compressed.

In: a path, or an address of fsspec's (`s3://`, `hf://`, `https://` ...). Out: a binary stream. How a file begins says how it is
compressed, not how its name ends. Reading raises `Damaged` where compressed data breaks off or is no such data, TableError where a
file elsewhere cannot be read to its end (`pipeline.sources.remote`), and OSError.
"""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any, cast

import pyarrow as pa

from pipeline.sources.remote import is_remote, open_remote

BUFFER = 1 << 20  # bytes
_HEAD = 6
_PIECE = 1 << 16  # bytes that are unpacked at once


class Damaged(Exception):
    """Compressed data that breaks off, or is damaged; the message says which."""


def _open_zstd(stream: IO[bytes]) -> IO[bytes]:
    return cast(IO[bytes], pa.CompressedInputStream(pa.PythonFile(stream, "r"), "zstd"))


_UNPACKERS: tuple[tuple[bytes, Callable[[IO[bytes]], Any]], ...] = (
    (b"\x1f\x8b", lambda stream: gzip.GzipFile(fileobj=stream)),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ", lzma.LZMAFile),
    (b"\x28\xb5\x2f\xfd", _open_zstd),
)
"""How compressed files begin, and what unpacks them."""
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".zstd")
"""How the names of compressed files end, behind the suffix of their kind."""


@contextmanager
def opened(path: str) -> Iterator["io.BufferedReader[Any]"]:
    """The bytes of a file, unpacked, to be read from its beginning. Raises TableError, OSError."""
    with open_raw(path) as raw:
        head = raw.peek(_HEAD)
        unpack = next((how for magic, how in _UNPACKERS if head.startswith(magic)), None)
        if unpack is None:
            yield raw
        else:
            with io.BufferedReader(_Unpacked(unpack(raw)), BUFFER) as stream:
                yield stream


def open_raw(path: str) -> "io.BufferedReader[Any]":
    """The bytes of a file as they are; to be closed by the caller. Raises TableError, OSError."""
    return open_remote(path) if is_remote(path) else io.BufferedReader(io.FileIO(path), BUFFER)


def check_end(stream: "io.BufferedReader[Any]") -> None:
    """Raises Damaged where a stream that ended did so because its data broke off. Call it when nothing more came."""
    stream.read(1)


class _Unpacked(io.RawIOBase):
    """What an unpacker gives, its errors in one form. An error comes after the end of what could be unpacked, so that a reader that
    asks for much at once gets all of that first.
    """

    def __init__(self, unpacker: Any) -> None:
        self._unpacker = unpacker
        self._damage: Damaged | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._damage is not None:
            raise self._damage
        try:
            data = self._unpacker.read1(min(len(buffer), _PIECE))
        except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # the disk, not the data
                raise
            self._damage = Damaged(" ".join(str(error).split()))
            return 0
        buffer[: len(data)] = data
        return len(data)
