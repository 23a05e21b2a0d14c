"""The trained view of an image: every image of a data set at one size and in one encoding, so that neither betrays who made it.

In: images in the store, by hash. Out: view files in a folder, by the same hash, and their sizes in bytes.
The stored images are renditions (`pipeline.storage.pictures.rendition`): a trainer sees the pixels that models were sent. Images of
older stores, which are not, are shown as their rendition would be. An image of another aspect ratio is letterboxed (black
bars), never cropped. Even an image that already has the declared size and encoding is encoded again: otherwise its encoder
would show. The same input gives the same bytes. Views are never re-encoded afterwards.
"""

import io
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PIL import Image, ImageOps

from pipeline.storage.image_store import ImageStore
from pipeline.storage.pictures.pixels import upright_rgb

_FORMATS = {"png": ("PNG", "png"), "webp": ("WEBP", "webp"), "jpeg": ("JPEG", "jpg")}


@dataclass(frozen=True, slots=True)
class ViewSpec:
    """Size in pixels (width, height) and encoding: png, webp:1-100 or jpeg:1-100."""

    size: tuple[int, int]
    encoding: str

    @property
    def format(self) -> str:
        """The format as Pillow names it."""
        return _FORMATS[self.encoding.partition(":")[0]][0]

    @property
    def suffix(self) -> str:
        """The file name's ending, without the dot."""
        return _FORMATS[self.encoding.partition(":")[0]][1]

    @property
    def quality(self) -> int | None:
        """1 to 100, None where the encoding is lossless."""
        text = self.encoding.partition(":")[2]
        return int(text) if text else None


@dataclass(frozen=True, slots=True)
class Views:
    """The view files of a run, in `folder`."""

    folder: Path

    def path(self, sha256: str) -> Path:
        """Where the view of the original with this hash lies."""
        return self.folder / sha256[:2] / sha256

    def get(self, sha256: str) -> bytes:
        """The encoded view. Raises FileNotFoundError when it was not made."""
        return self.path(sha256).read_bytes()


def make_views(
    images: Iterable[str], store: ImageStore, views: Views, spec: ViewSpec, pool: Executor
) -> dict[str, int]:
    """Make each view once, in `pool`; the size of each in bytes. Raises OSError when an original is missing or unreadable."""
    unique = sorted(set(images))
    sizes = pool.map(partial(_make, store=store, views=views, spec=spec), unique, chunksize=8)
    return dict(zip(unique, sizes, strict=True))


def _make(sha256: str, store: ImageStore, views: Views, spec: ViewSpec) -> int:
    data = encode(store.get(sha256), spec)
    path = views.path(sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.write_bytes(data)


def encode(original: bytes, spec: ViewSpec) -> bytes:
    """The trained view of an encoded image. Raises one of `opening.UNREADABLE` when it cannot be decoded."""
    image = ImageOps.pad(upright_rgb(original), spec.size, Image.Resampling.LANCZOS)
    image.info.clear()  # Pillow would carry profiles and EXIF over
    out = io.BytesIO()
    if spec.quality is None:
        image.save(out, spec.format)
    elif spec.format == "JPEG":
        image.save(
            out, spec.format, quality=spec.quality, subsampling=0
        )  # full colour resolution: small things keep theirs
    else:
        image.save(out, spec.format, quality=spec.quality, method=4)
    return out.getvalue()
