"""The content-addressed image store: each image is stored once, under the hash of its bytes.

In: a root (a folder, or any fsspec URL such as s3://bucket/prefix) and encoded image bytes.
Out: `ImageRef`s, and the bytes again by their sha256. An image is durable (written aside, synced, renamed) before its
reference is returned, so that a row never names an image that is missing. Where a picture is not its own rendition
(`pipeline.storage.pictures.rendition`), both are stored, and a small file beside the original, HASH.rendition, names the other:
it is made once, so that another version of an encoder gives no other hash to a picture that models have been asked about.
"""

import hashlib
import json
import os
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import fsspec

from pipeline.errors import name_in_errors
from pipeline.storage.pictures.opening import opened
from pipeline.storage.pictures.rendition import RULES, Rendition
from pipeline.storage.pictures.upright import upright_size
from stages.records import ImageRef

_LINK = ".rendition"
_TOKENS = ".tokens"


def describe(data: bytes) -> ImageRef:
    """Hash, upright size in pixels and format of an encoded image, from its header.

    Raises as `pipeline.storage.pictures.opening.opened`.
    """
    with opened(data) as image:
        return ImageRef(hashlib.sha256(data).hexdigest(), *upright_size(image), image.format or "")


@dataclass(frozen=True)
class ImageStore:
    """Images under `root`, by their hash. Cheap to construct; safe to use from many processes at once."""

    root: str

    @cached_property
    def _fs(self) -> tuple[Any, str]:
        fs, path = fsspec.core.url_to_fs(self.root)
        return fs, str(path)

    def path(self, sha256: str) -> str:
        """The path of the image with this hash, whether it is stored or not."""
        return f"{self._fs[1]}/{sha256[:2]}/{sha256}"

    def has(self, sha256: str) -> bool:
        """True when the image with this hash is in the store."""
        return bool(self._fs[0].exists(self.path(sha256)))

    def get(self, sha256: str) -> bytes:
        """The image's encoded bytes. Raises FileNotFoundError, or OSError when the bytes no longer match their hash."""
        data: bytes = self._fs[0].cat_file(self.path(sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise OSError(
                f"{self.path(sha256)}: the bytes do not match their hash; remove this file, and it is made again"
            )
        return data

    def put(self, data: bytes) -> ImageRef:
        """Store `data` as it is, unless it is there. Raises as `describe` when it is no image, OSError on a failed write."""
        ref = describe(data)
        self._put(ref.sha256, data)
        return ref

    def put_tokens(self, data: bytes) -> str:
        """Store a side file of a reply's tokens (`pipeline.storage.token_files`); its sha256. Raises OSError on a failed write."""
        sha256 = hashlib.sha256(data).hexdigest()
        self._write(f"{self.path(sha256)}{_TOKENS}", data)
        return sha256

    def has_tokens(self, sha256: str) -> bool:
        """True when the side file with this hash is in the store."""
        return bool(self._fs[0].exists(f"{self.path(sha256)}{_TOKENS}"))

    def get_tokens(self, sha256: str) -> bytes:
        """A side file. Raises FileNotFoundError, or OSError when the bytes no longer match their hash."""
        data: bytes = self._fs[0].cat_file(f"{self.path(sha256)}{_TOKENS}")
        if hashlib.sha256(data).hexdigest() != sha256:
            raise OSError(f"{self.path(sha256)}{_TOKENS}: the bytes do not match their hash")
        return data

    def keep(self, picture: Rendition) -> ImageRef:
        """Store a picture's rendition and, where that is another file, the original. Raises OSError on a failed write.

        A rendition that is there already, made by the same rules, is taken in its stead.
        """
        original = hashlib.sha256(picture.original).hexdigest()
        self._put(original, picture.original)
        if picture.kept is picture.original:
            return ImageRef(original, picture.width, picture.height, picture.format)
        if (before := self._rendition_of(original)) is not None:
            return before
        data = picture.data
        made = ImageRef(hashlib.sha256(data).hexdigest(), picture.width, picture.height, picture.format, original)
        self._put(made.sha256, data)
        self._write(f"{self.path(original)}{_LINK}", json.dumps({"rules": RULES, **asdict(made)}).encode())
        return made

    def _rendition_of(self, original: str) -> ImageRef | None:
        """The stored rendition of an original; None where there is none, or by other rules."""
        try:
            noted = json.loads(self._fs[0].cat_file(f"{self.path(original)}{_LINK}"))
            rules, ref = noted.pop("rules"), ImageRef(**noted)
        except (FileNotFoundError, ValueError, LookupError, TypeError, AttributeError):
            return None
        return ref if rules == RULES and ref.original == original and self.has(ref.sha256) else None

    def _put(self, sha256: str, data: bytes) -> None:
        if not self._has_whole(sha256, len(data)):
            self._write(self.path(sha256), data)

    def _has_whole(self, sha256: str, size: int) -> bool:
        # The length alone finds a file that was cut short, which is written again; to hash it would read every image anew.
        try:
            return int(self._fs[0].size(self.path(sha256)) or 0) == size
        except FileNotFoundError:
            return False

    def _write(self, path: str, data: bytes) -> None:
        fs = self._fs[0]
        if "file" not in fs.protocol:
            fs.pipe_file(path, data)  # an object store shows an object only when all of it is there
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        aside = f"{path}.{uuid.uuid4().hex}"  # of its own name, because several processes may write the same image
        try:
            with name_in_errors(path), open(aside, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        finally:
            with suppress(OSError):
                os.unlink(aside)  # what was written of it would fill a full disk further
