"""Reads image files: a path below the declared root becomes bytes, and bytes become a rendition, or a BadRow says why not.

In: a path as `pipeline.sources.cells` reads it from a row, or the bytes themselves, and a pixel limit.
Out: the picture as models and trainers will see it, with the bytes as they came, which have been decoded in full.
"""

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from PIL import Image

from pipeline.sources.bad_row import BadRow
from pipeline.sources.foreign import DOWNLOAD
from pipeline.storage.pictures.opening import FORMATS, UNREADABLE, opened
from pipeline.storage.pictures.rendition import Rendition, Undecodable, render

SIDE_MIN = 8
LONGEST_PATH = 80


def admit(data: bytes, max_pixels: int, field: str = "image", name: str = "the image") -> Rendition:
    """The rendition of `data`, decoded in full within `max_pixels`. Raises BadRow, whose message calls it `name`."""
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
        return render(data)
    except Undecodable as error:
        raise BadRow(field, f"{name} does not decode in full ({error})", "replace it by an intact file") from error


def _read_size(data: bytes, max_pixels: int, field: str, name: str) -> tuple[int, int]:
    try:
        with opened(data) as image:
            return image.size
    except Image.DecompressionBombError as error:
        problem = f"{name} has more pixels than the limit of {max_pixels}"
        raise BadRow(field, problem, "scale it down or raise max_pixels") from error
    except UNREADABLE as error:
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
        raise BadRow(field, *_explain_missing(path)) from error
    except OSError as error:
        raise BadRow(
            field, f"{quote_path(path)} cannot be read ({error.strerror})", "correct the path or its rights"
        ) from error
    raise BadRow(
        field, f"{quote_path(path)} is {'a folder' if stat.S_ISDIR(mode) else 'no regular file'}", "name an image file"
    )


def _explain_missing(path: str) -> tuple[str, str]:
    """Problem and remedy of a path that leads to no file, and that may have been meant for something else."""
    shown, pieces = quote_path(path), [piece.strip() for piece in re.split(r"[,;|]", path)]
    if path.lower().startswith("www."):  # a folder may be called so
        return f"{shown} is an address on the web", DOWNLOAD
    if "\\" in path:
        return f"{shown} is no path here: it has backslashes", f"write {quote_path(path.replace(chr(92), '/'))}"
    if unquote(path) != path:
        return f"{shown} is no path here: it is percent-encoded", f"write {quote_path(unquote(path))}"
    if len(pieces) > 1 and all(PurePosixPath(piece).suffix for piece in pieces):
        return f"{shown} names several files in one text", "write a list of texts"
    return f"{shown} is not below images.root", "add the file or correct the path"


def quote_path(path: str) -> str:
    """A path as an error line quotes it: escaped; of a long path only the end, by which images differ."""
    return repr(path) if len(path) <= LONGEST_PATH else f"'...{repr(path[-LONGEST_PATH:])[1:-1]}'"
