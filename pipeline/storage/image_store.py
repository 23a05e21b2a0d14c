"""The content-addressed image store: each image is stored once, under the hash of its bytes.

In: a root (a folder, or any fsspec URL such as s3://bucket/prefix) and encoded image bytes.
Out: `ImageRef`s, and the bytes again by their sha256. An image is durable (written aside, synced, renamed) before its
reference is returned, so that a row never names an image that is missing.
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

from pipeline.errors import name_in_errors
from pipeline.storage.upright import upright_size
from stages.records import ImageRef


def describe(data: bytes) -> ImageRef:
    """Hash, upright size in pixels and format of an encoded image, from its header.

    Raises PIL.UnidentifiedImageError, an OSError.
    """
    with Image.open(io.BytesIO(data)) as image:
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
        """Store `data` unless it is there. Raises PIL.UnidentifiedImageError when it is no image, OSError on a failed write."""
        ref = describe(data)
        if not self._has_whole(ref.sha256, len(data)):
            self._write(self.path(ref.sha256), data)
        return ref

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
