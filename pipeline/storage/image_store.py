"""The content-addressed image store: bytes in, hash out; the same bytes are kept once.

In: a root (a folder, or any fsspec URL such as s3://bucket/prefix) and encoded image bytes.
Out: `ImageRef`s, and the bytes again by their sha256. An image is durable (written aside, synced, renamed) before its
reference exists, so a row never names an image that is not there.
"""

import hashlib
import io
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fsspec
from PIL import Image

from pipeline.errors import writing
from pipeline.storage.upright import upright_size
from stages.records import ImageRef


def describe(data: bytes) -> ImageRef:
    """Hash, size (upright) and format of an encoded image, from its header. Raises PIL.UnidentifiedImageError (an OSError)."""
    with Image.open(io.BytesIO(data)) as image:
        return ImageRef(hashlib.sha256(data).hexdigest(), *upright_size(image), image.format or "")


@dataclass(frozen=True)
class ImageStore:
    """Images by content under `root`. Cheap to make; safe to use from many processes at once."""

    root: str

    @cached_property
    def _fs(self) -> tuple[Any, str]:
        fs, path = fsspec.core.url_to_fs(self.root)
        return fs, str(path)

    def path(self, sha256: str) -> str:
        """Where the image of this hash lies, whether it is there or not."""
        return f"{self._fs[1]}/{sha256[:2]}/{sha256}"

    def has(self, sha256: str) -> bool:
        """True when the image is in the store."""
        return bool(self._fs[0].exists(self.path(sha256)))

    def get(self, sha256: str) -> bytes:
        """The image's bytes. Raises FileNotFoundError, or OSError when the bytes no longer match their hash."""
        data: bytes = self._fs[0].cat_file(self.path(sha256))
        if hashlib.sha256(data).hexdigest() != sha256:
            raise OSError(
                f"{self.path(sha256)}: the bytes do not match their hash; remove this file, and it is made again"
            )
        return data

    def put(self, data: bytes) -> ImageRef:
        """Keep `data` and say what it is. Raises PIL.UnidentifiedImageError when it is no image, OSError on a failed write."""
        ref = describe(data)
        if not self._has_whole(ref.sha256, len(data)):
            self._write(self.path(ref.sha256), data)
        return ref

    def _has_whole(self, sha256: str, size: int) -> bool:
        """True when the image is there in full length: one cut short is written again."""
        try:
            return int(self._fs[0].size(self.path(sha256)) or 0) == size
        except FileNotFoundError:
            return False

    def _write(self, path: str, data: bytes) -> None:
        fs = self._fs[0]
        if "file" not in fs.protocol:
            fs.pipe_file(path, data)  # object stores make a whole object visible at once
            return
        os.makedirs(os.path.dirname(path), exist_ok=True)
        aside = f"{path}.{uuid.uuid4().hex}"
        try:
            with writing(path), open(aside, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        finally:
            with suppress(OSError):
                os.unlink(aside)  # half an image would fill a full disk further
