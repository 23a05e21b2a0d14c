"""Reads the images of a row: whatever a cell holds becomes checked bytes, or a BadRow that says why not.

In: a cell (embedded bytes, a data URI, a `{bytes, path}` struct, a path below the declared root) and a pixel limit.
Out: the encoded bytes, verbatim, which have been decoded in full once.
"""

import base64
import binascii
import io
import os
import stat
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from pipeline.sources.bad_row import BadRow, quote

SIDE_MIN = 8
LONGEST_PATH = 80
# Pillow reads many more formats; those that start other programs (EPS) or complain on stderr when broken (TIFF) are refused.
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def admit(data: bytes, max_pixels: int, field: str = "image", name: str = "the image") -> bytes:
    """Return `data` itself once it has decoded in full within `max_pixels`. Raises BadRow, whose message calls it `name`."""
    if not data:
        raise BadRow(field, f"{name} is empty (0 bytes)", "supply the image's bytes")
    width, height = _read_size(data, max_pixels, field, name)
    if width * height > max_pixels:
        problem = f"{name} has {width} x {height} pixels, more than the limit of {max_pixels}"
        raise BadRow(field, problem, "scale it down or raise max_pixels")
    if min(width, height) < SIDE_MIN:
        problem = f"{name} has {width} x {height} pixels, too few"
        raise BadRow(field, problem, f"supply an image of at least {SIDE_MIN} x {SIDE_MIN}")
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.verify()  # checksums: `load` alone lets a PNG without its end pass
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            image.load()
    except _UNREADABLE as error:
        raise BadRow(field, f"{name} does not decode in full ({error})", "replace it by an intact file") from error
    return data


def _read_size(data: bytes, max_pixels: int, field: str, name: str) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.size
    except _BOMB as error:
        problem = f"{name} has more pixels than the limit of {max_pixels}"
        raise BadRow(field, problem, "scale it down or raise max_pixels") from error
    except _UNREADABLE as error:
        problem = f"{name} cannot be decoded ({len(data)} bytes)"
        raise BadRow(field, problem, f"supply one of {', '.join(FORMATS)}") from error


@dataclass(frozen=True)
class Root:
    """The folder below which paths may point; None where the manifest declares none."""

    folder: str | None

    def read(self, path: str, field: str) -> bytes:
        """The bytes of the regular file at `path` below the root. Raises BadRow."""
        if self.folder is None:
            raise BadRow(
                field, f"{quote_path(path)} is a path but the source declares no images.root", "declare images.root"
            )
        posix = PurePosixPath(path)
        if "\0" in path or not posix.parts:
            raise BadRow(field, f"{quote_path(path)} is not a path", "correct the path")
        if posix.is_absolute() or ".." in posix.parts:
            raise BadRow(field, f"{quote_path(path)} leads outside images.root", "use a path below images.root")
        root = os.path.realpath(self.folder)
        target = os.path.realpath(os.path.join(root, path))
        if not Path(target).is_relative_to(root):
            raise BadRow(
                field, f"{quote_path(path)} leads outside images.root by a link", "copy the file below images.root"
            )
        return _read_file(target, path, field)


def _read_file(target: str, path: str, field: str) -> bytes:
    try:
        mode = os.stat(target).st_mode
        if stat.S_ISREG(mode):  # reading a pipe would wait for ever
            return Path(target).read_bytes()
    except FileNotFoundError as error:
        raise BadRow(
            field, f"{quote_path(path)} is not below images.root", "add the file or correct the path"
        ) from error
    except OSError as error:
        raise BadRow(
            field, f"{quote_path(path)} cannot be read ({error.strerror})", "correct the path or its rights"
        ) from error
    raise BadRow(
        field, f"{quote_path(path)} is {'a folder' if stat.S_ISDIR(mode) else 'no regular file'}", "name an image file"
    )


def quote_path(path: str) -> str:
    """A path as an error line quotes it: escaped; of a long path only the end, by which images differ."""
    return repr(path) if len(path) <= LONGEST_PATH else f"'...{repr(path[-LONGEST_PATH:])[1:-1]}'"


def split_cell(value: Any, field: str) -> list[tuple[Any, str]]:
    """The images of a cell, each with its name for error lines; [] when there is none. Raises BadRow on an empty item."""
    if _is_empty(value):
        return []
    if not isinstance(value, list | tuple):
        return [(value, field)]
    named = [
        (item, f"{field}, image {n} of {len(value)}" if len(value) > 1 else field) for n, item in enumerate(value, 1)
    ]
    for item, name in named:
        if _is_empty(item):
            raise BadRow(name, "is empty", "give an image or remove the item")
    return named


def count_images(value: Any) -> int:
    """How many images a cell holds, whether they can be read or not."""
    if isinstance(value, list | tuple):
        return len(value)
    return 0 if _is_empty(value) else 1


def _is_empty(value: Any) -> bool:
    if isinstance(value, Mapping):
        return set(value) <= {"bytes", "path"} and all(_is_empty(part) for part in value.values())
    return value is None or (isinstance(value, str | bytes | list | tuple) and not value)


def read_cell(value: Any, field: str) -> bytes | str:
    """The image bytes in a cell, or the path that it names. Raises BadRow when it holds neither."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return _decode_base64(value.partition(",")[2], field) if value.startswith("data:") else value
    if isinstance(value, Mapping) and set(value) <= {"bytes", "path"}:
        data = value.get("bytes")
        if _is_empty(data):
            return read_cell(value.get("path"), field)
        if isinstance(data, str):  # JSON has no bytes
            return _decode_base64(data.partition(",")[2] if data.startswith("data:") else data, field)
        if isinstance(data, bytes):
            return data
    kind = type(value).__name__
    raise BadRow(
        field, f"{quote(value)} ({kind}) is no image", "give bytes, a data URI, a {bytes, path} struct or a path"
    )


def _decode_base64(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRow(
            field, f"embedded bytes are not base64 ({error})", "encode them as data:image/png;base64,..."
        ) from error
