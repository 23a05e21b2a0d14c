"""What rendering needs of a tokenizer of text and of one of images. The real ones are wrapped (`training.render.hf`).

In: text; encoded images. Out: token ids of one vocabulary, and the way back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ImageTokens:
    """An image as token ids of the vocabulary, line by line without any end of line: `rows` x `columns` of them."""

    ids: tuple[int, ...]
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if self.rows < 1 or self.columns < 1 or len(self.ids) != self.rows * self.columns:
            raise ValueError(f"{len(self.ids)} tokens are no image of {self.rows} x {self.columns}")

    @property
    def grid(self) -> NDArray[np.int64]:
        """The ids as int64 [rows, columns]."""
        return np.array(self.ids, dtype=np.int64).reshape(self.rows, self.columns)


class TextTokenizer(Protocol):
    """Text to ids and back. `decode(encode(text))` is `text`."""

    def encode(self, text: str) -> list[int]:
        """The ids of words. The name of a special token within them is words, too."""
        ...

    def encode_marked(self, text: str) -> list[int]:
        """The ids of text of our own, in which names of special tokens are those tokens."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, special tokens by their names."""
        ...


class ImageTokenizer(Protocol):
    """Encoded images to ids and back."""

    def encode(self, image_bytes: bytes) -> ImageTokens:
        """The tokens of an encoded image. Raises ValueError where it cannot be decoded."""
        ...

    def decode(self, tokens: ImageTokens) -> bytes:
        """The image of these tokens, encoded as PNG. Raises ValueError where there is none."""
        ...
