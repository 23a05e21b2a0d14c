"""A vocabulary small enough for tests and for tiny models: bytes, a few special tokens, 64 colours.

In: the number of pixels of a token's side. Out: `ByteText`, `ColourImages`, and a `TokenGrammar` over both.
"""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from PIL import Image

from training.render.grammar import TokenGrammar
from training.render.tokenizers import ImageTokens
from training.row import TrainingRow

_BYTES = 256
SPECIAL = ("<pad>", "<begin>", "<user>", "<assistant>", "<end>", "<image>", "<pixels>", "<line>", "<frame>", "</image>")
COLOURS = 64
FIRST_COLOUR = _BYTES + len(SPECIAL)
SIZE = FIRST_COLOUR + COLOURS
"""The size of the whole vocabulary."""


class ByteText:
    """Every byte of UTF-8 is a token; special tokens come after the bytes, colours after those."""

    def encode(self, text: str) -> list[int]:
        """See `TextTokenizer`."""
        return list(text.encode())

    def encode_marked(self, text: str) -> list[int]:
        """See `TextTokenizer`."""
        parts = re.split(f"({'|'.join(map(re.escape, SPECIAL))})", text)
        return [n for part in parts for n in ([special(part)] if part in SPECIAL else self.encode(part))]

    def decode(self, ids: Sequence[int]) -> str:
        """See `TextTokenizer`. Bytes that are no UTF-8 become U+FFFD."""
        parts = [bytes([n]) if n < _BYTES else _name(n).encode() for n in ids]
        return b"".join(parts).decode(errors="replace")


def special(name: str) -> int:
    """The id of a special token. Raises ValueError."""
    return _BYTES + SPECIAL.index(name)


def _name(token: int) -> str:
    return SPECIAL[token - _BYTES] if token < FIRST_COLOUR else f"<colour {token - FIRST_COLOUR}>"


@dataclass(frozen=True)
class ColourImages:
    """A token is the mean colour of a square of `side` pixels, with four steps of red, green and blue."""

    side: int = 8

    def encode(self, image_bytes: bytes) -> ImageTokens:
        """See `ImageTokenizer`. Raises ValueError where the image cannot be decoded."""
        try:
            picture = Image.open(io.BytesIO(image_bytes)).convert("RGB")
        except OSError as error:
            raise ValueError(f"no image: {error}") from error
        columns, rows = (max(1, round(pixels / self.side)) for pixels in picture.size)
        small = np.asarray(picture.resize((columns, rows), Image.Resampling.BOX), dtype=np.int64) // 64
        codes = small[..., 0] * 16 + small[..., 1] * 4 + small[..., 2]
        return ImageTokens(tuple((codes + FIRST_COLOUR).ravel().tolist()), rows, columns)

    def decode(self, tokens: ImageTokens) -> bytes:
        """See `ImageTokenizer`."""
        codes = tokens.grid - FIRST_COLOUR
        small = np.stack([codes // 16, codes // 4 % 4, codes % 4], axis=-1) * 64 + 32
        large = small.astype(np.uint8).repeat(self.side, axis=0).repeat(self.side, axis=1)
        out = io.BytesIO()
        Image.fromarray(large).save(out, "PNG")
        return out.getvalue()


@dataclass(frozen=True)
class Tiny:
    """The tokenizers and the grammar of the tiny vocabulary."""

    side: int = 8
    text: ByteText = field(default_factory=ByteText)

    @cached_property
    def images(self) -> ColourImages:
        """Its images."""
        return ColourImages(self.side)

    def tokens(self, row: TrainingRow) -> dict[int, ImageTokens]:
        """All images of a row as tokens, by their number."""
        return {n: self.images.encode(cell.bytes) for n, cell in enumerate(row.images)}

    @cached_property
    def grammar(self) -> TokenGrammar:
        """Its grammar."""
        return TokenGrammar(
            name="tiny",
            text=self.text,
            begin=(special("<begin>"), special("<user>")),
            answer=(special("<assistant>"),),
            end=(special("<end>"),),
            image_start=special("<image>"),
            image_body=special("<pixels>"),
            line_end=special("<line>"),
            last_line_ends=True,
            frame_end=(special("<frame>"),),
            image_end=special("</image>"),
            visual=frozenset(range(FIRST_COLOUR, SIZE)),
            special=frozenset(range(_BYTES, FIRST_COLOUR)),
        )
