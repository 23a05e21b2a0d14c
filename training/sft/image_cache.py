"""Images as tokens, each made once: an image that is in many rows and many epochs goes through the image tokenizer a single time.

In: encoded images, a folder that belongs to one image tokenizer. Out: their tokens, each image's from a file named by its sha256.
Any number of processes may share it.
"""

import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.render.tokenizers import ImageTokenizer, ImageTokens


@dataclass(frozen=True)
class CachedImages:
    """An `ImageTokenizer` that asks `images` only for what `folder` lacks."""

    images: ImageTokenizer
    folder: Path

    def encode(self, image_bytes: bytes) -> ImageTokens:
        """See `ImageTokenizer`."""
        sha256 = hashlib.sha256(image_bytes).hexdigest()
        path = self.folder / sha256[:2] / f"{sha256}.npy"
        with suppress(FileNotFoundError, ValueError, EOFError):  # what a power cut left half written is made anew
            grid = np.load(path)
            return ImageTokens(tuple(grid.reshape(-1).tolist()), *grid.shape)
        tokens = self.images.encode(image_bytes)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{sha256}.{os.getpid()}.part")
        with aside.open("wb") as file:
            np.save(file, tokens.grid.astype(np.int32))
        os.replace(aside, path)
        return tokens

    def decode(self, tokens: ImageTokens) -> bytes:
        """See `ImageTokenizer`."""
        return self.images.decode(tokens)


def identity(weights: Iterable[tuple[str, Any]], settings: str) -> str:
    """A name for an image tokenizer: the same only for the same weights (name, tensor) and the same scaling of images."""
    checksum = hashlib.sha256(settings.encode())
    for name, tensor in weights:
        checksum.update(name.encode())
        checksum.update(tensor.detach().float().cpu().contiguous().numpy().tobytes())
    return checksum.hexdigest()[:16]
