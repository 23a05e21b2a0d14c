"""Files that lie elsewhere: at any address that fsspec opens. A connection that breaks is taken up where it broke.

In: an address. Out: a stream, or the files below a folder or a pattern. Raises TableError, in one line without passwords. Keys and
endpoints are never part of an address: fsspec, S3 and the Hub find them in the environment.
"""

import io
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import fsspec

from pipeline.sources.table_error import TableError

BLOCK = 4 << 20  # bytes that are asked for at once
TRIES = 5  # in a row, without a single byte
PAUSE_S = 0.5  # before the second try; doubled from try to try

MAGIC = re.compile(r"[*?\[]")
"""What makes a pattern of a path."""
_FOREIGN = (("aiohttp", "ClientError"), ("botocore.exceptions", "BotoCoreError"), ("botocore.exceptions", "ClientError"),
            ("httpx2", "HTTPError"), ("httpx", "HTTPError"), ("huggingface_hub.errors", "HfHubHTTPError"))  # fmt: skip
"""Errors of libraries that may not be there."""
IDENTITY = ("ETag", "etag", "sha256", "blob_id", "oid", "version_id", "md5", "checksum", "last_modified",
            "LastModified", "Last-Modified", "mtime")  # fmt: skip
"""What stores say of a file that changes with its content."""


def is_remote(path: str) -> bool:
    """True for an address, false for a path on this machine."""
    return "://" in path[:40]


def file_system(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it. Raises TableError."""
    with _named(address):
        fs, path = fsspec.core.url_to_fs(address)
        return fs, str(path)


def shown(address: str) -> str:
    """The address without password and query, as lines show it."""
    return re.sub(r"//[^/@]*:[^/@]*@", "//", address.partition("?")[0] if is_remote(address) else address)


def _unreachable() -> tuple[type[Exception], ...]:
    modules = ((sys.modules.get(module), name) for module, name in _FOREIGN)
    there = (getattr(module, name, None) for module, name in modules if module is not None)
    return (OSError, TimeoutError, *(error for error in there if error is not None))


@contextmanager
def _named(address: str) -> Iterator[None]:
    """Turns whatever fsspec raises into a TableError about the address."""
    try:
        yield
    except FileNotFoundError as error:
        # of the web, a server that nobody reaches is called a missing file, too
        web, cause = sys.modules.get("aiohttp"), error.__cause__
        if web is not None and isinstance(cause, web.ClientError) and getattr(cause, "status", None) != 404:
            problem = f"cannot be reached ({_words(cause)}); try again, or download it first"
            raise TableError(shown(address), problem) from error
        raise TableError(shown(address), "no such file; correct the address") from error
    except ImportError as error:
        problem = f"needs a library that is not installed ({error}); run pip install 'x2i-ladder[sources]'"
        raise TableError(shown(address), problem) from error
    except ValueError as error:
        raise TableError(shown(address), f"cannot be opened ({_words(error)}); correct the address") from error
    except _unreachable() as error:
        problem = f"cannot be reached ({_words(error)}); try again, or download it first"
        raise TableError(shown(address), problem) from error


def _words(error: BaseException) -> str:
    text = re.sub(r"https?://\S+", lambda match: shown(match.group()), " ".join(str(error).split()))
    return text[:200] or type(error).__name__


def describe(fs: Any, path: str, address: str) -> tuple[int | None, str | None]:
    """Size in bytes, and what changes with the content; None where the store says neither. Raises TableError."""
    with _named(address):
        info = fs.info(path)
    return info.get("size"), next((str(info[key]) for key in IDENTITY if info.get(key)), None)


def open_remote(address: str) -> "io.BufferedReader[Any]":
    """The bytes at an address, to be read from the beginning, or from anywhere where the store can do that. Raises TableError."""
    return io.BufferedReader(_Steady(address), 1 << 16)


def is_folder(address: str) -> bool:
    """Whether a folder lies there. Raises TableError."""
    if address.startswith("http"):  # asking would download the file, to look for links in it
        return address.partition("?")[0].endswith("/")
    fs, path = file_system(address)
    with _named(address):
        return bool(fs.isdir(path)) and not fs.isfile(path)


def find_below(address: str) -> list[tuple[str, str]]:
    """The addresses of all files below a folder, and their paths below it. Raises TableError."""
    fs, path = file_system(address)
    with _named(address):
        return [(fs.unstrip_protocol(name), _below(name, path)) for name in fs.find(path)]


def find_matches(address: str) -> list[tuple[str, str]]:
    """The addresses of the files that fit a pattern, and their paths below its part that is fixed. Raises TableError."""
    fs, path = file_system(address)
    fixed = MAGIC.split(path)[0].rpartition("/")[0]
    with _named(address):
        found = fs.glob(path, detail=True)
        return [
            (fs.unstrip_protocol(name), _below(name, fixed)) for name, info in found.items() if info["type"] == "file"
        ]


def _below(name: str, folder: str) -> str:
    return name.strip("/").removeprefix(folder.strip("/")).lstrip("/")


class _Steady(io.RawIOBase):
    """A file elsewhere. Raises TableError where no byte more comes in `TRIES` tries, and where the file changes meanwhile."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._fs, self._path = file_system(address)
        self._known = describe(self._fs, self._path, address)
        self._size = self._known[0]
        self._at = 0
        self._file: Any = None
        with _named(address):
            self._file = self._open()

    def _open(self) -> Any:
        # a server that does not say the size gives a stream
        return self._fs.open(self._path, "rb", **({"block_size": BLOCK} if self._size is not None else {}))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_END and self._size is None:
            raise TableError(shown(self._address), "the server does not say how long the file is; download it first")
        target = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size or 0}[whence]
        if target != self._at:
            self._at = target
            self._file = self._file if self._file is not None and self._move() else None
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        problem = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(PAUSE_S * 2 ** (attempt - 1))
            try:
                if self._file is None:
                    self._reopen()
                data: bytes = self._file.read(len(buffer))
            except _unreachable() as error:
                problem, self._file = _words(error), None
                continue
            if data or not len(buffer) or self._size is None or self._at >= self._size:
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
            problem, self._file = "the answer ended early", None
        of = "" if self._size is None else f" of {self._size}"
        problem = f"broke off at byte {self._at}{of} ({problem}); try again, or download it first"
        raise TableError(shown(self._address), problem)

    def _reopen(self) -> None:
        if describe(self._fs, self._path, self._address) != self._known:
            raise TableError(shown(self._address), f"was changed while it was read, at byte {self._at}; begin again")
        self._file = self._open()
        if not self._move():
            self._skip()

    def _move(self) -> bool:
        """Go to where reading goes on; False where the store can only read from the beginning."""
        try:
            self._file.seek(self._at)
        except ValueError:
            return False
        return True

    def _skip(self) -> None:
        left = self._at
        while left:
            passed = len(self._file.read(min(left, BLOCK)))
            if not passed:
                raise OSError("the answer ended early")
            left -= passed
