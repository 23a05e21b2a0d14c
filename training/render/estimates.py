"""How many tokens an image and a row take, by trainer and by the size of the images, before anything is rendered.

In: a row, the counts of a trainer, the size of its images. Out: tokens, and the largest size at which rows stay within a cap.

The images of a family are counted exactly, by its own rule for sizes; texts exactly too where a tokenizer counts them, else by the
`characters` that a token holds on average.

    emu3     8 pixels a token, a line end a line, and a frame; by its processor at least 512 x 512 and at most 1024 x 1024 pixels
    emu3.5   16 pixels a token; its code brings every image to one area, 1024 x 1024 pixels by default
    bagel    VAE: 16 pixels a token, sides of 512 to 1024; ViT: 14 pixels a token, sides of 224 to 518; two more an element. An
             image that is trained and shown on counts up to three times (`training.render.bagel`)
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil, floor, sqrt
from typing import Literal, TypeAlias

from training.render.bagel import plan_of
from training.render.rendered import RenderProblem
from training.row import NO_IMAGE, RowSegment, TrainingRow

Trainer = Literal["emu3", "emu3.5", "bagel"]
Size: TypeAlias = tuple[int, int]
"""Width and height in pixels."""

CHARACTERS = 3.5
"""Characters of English a token: large byte-pair vocabularies hold about 4; fewer, so that an estimate is rather too high."""
TURNS = 32
"""Tokens of the turns around a row: its system's words, those that open user and assistant, the end."""
BAGEL_CAP = 16_384
"""BAGEL's `max_num_tokens_per_sample`: it skips longer rows, and says so in a line of its log."""
EMU35_AREA = 1024 * 1024
_STEP = 16


@dataclass(frozen=True, slots=True)
class Estimate:
    """The tokens of a row: of its images, of its texts with the turns, and the size of the images (that of the first)."""

    images: int
    texts: int
    size: Size

    @property
    def tokens(self) -> int:
        """All of them."""
        return self.images + self.texts


def estimate(
    row: TrainingRow, trainer: Trainer, size: Size | None = None, count: Callable[[str], int] | None = None
) -> Estimate:
    """The tokens of a row. `size`: what its images are resized to before the trainer gets them; by default they stay as they are.
    `count` counts the tokens of a text.
    """
    counted = count or (lambda text: ceil(len(text) / CHARACTERS))
    texts = [counted(s.text or "") for s in row.segments if s.type == "text"]
    shown = [size or (row.image_meta[s.image_index].width, row.image_meta[s.image_index].height) for s in _images(row)]
    if trainer == "bagel":
        images, turns = _bagel_images(row, size), 2 * len(texts)
    else:
        images, turns = sum(image_tokens_at(trainer, one) for one in shown), TURNS + len(texts)
    return Estimate(images, sum(texts) + turns, shown[0] if shown else (0, 0))


def image_tokens_at(trainer: Literal["emu3", "emu3.5"], size: Size, area: int = EMU35_AREA) -> int:
    """The tokens of one image of this size, its frame included. `area`: pixels of every image, for emu3.5."""
    if trainer == "emu3":
        columns, rows = (side // 8 for side in emu3_size(size))
        # start, size, body, end of the frame, end of the image
        return rows * (columns + 1) + len(f"{rows}*{columns}") + 4
    width, height = size
    high = int(sqrt(area / (width / height)))
    rows, columns = (max(1, (side + 8) // 16) for side in (high, int(high * (width / height))))
    return rows * (columns + 1) - 1 + len(f"{rows}*{columns}") + 3


def bagel_image_tokens(kind: Literal["vae_image", "vit_image"], size: Size) -> int:
    """The tokens of one element of BAGEL's plan, its two special tokens included."""
    most, least, side = (1024, 512, 16) if kind == "vae_image" else (518, 224, 14)
    columns, rows = (one // side for one in _bagel_size(size, most, least, side))
    return rows * columns + 2


def largest_size(
    rows: Iterable[TrainingRow], trainer: Trainer, cap: int, count: Callable[[str], int] | None = None
) -> Size:
    """The largest size (to 16 pixels on the long side, at the shape of the images) at which every row has at most `cap` tokens.

    Raises RenderProblem, which names the longest row, where none is small enough: a family does not go below a size of its own.
    """
    held = list(rows)
    best: Size | None = None
    for side in range(_STEP, 1024 + 1, _STEP):
        if all(estimate(row, trainer, _at(row, side), count).tokens <= cap for row in held):
            best = _at(held[0], side) if held else (side, side)
    if best is None:
        longest = max(held, key=lambda row: estimate(row, trainer, (_STEP, _STEP), count).tokens)
        least = estimate(longest, trainer, (_STEP, _STEP), count).tokens
        raise RenderProblem(
            f"row {longest.id}: it takes {least} tokens with {trainer} at any size, and the cap is {cap}; raise the cap, "
            "decompose the row, or leave it out"
        )
    return best


def _images(row: TrainingRow) -> list[RowSegment]:
    return [s for s in row.segments if s.image_index != NO_IMAGE]


def _at(row: TrainingRow, side: int) -> Size:
    """The shape of the row's images with this long side."""
    facts = row.image_meta[0]
    long = max(facts.width, facts.height)
    return max(1, round(facts.width * side / long)), max(1, round(facts.height * side / long))


def _bagel_images(row: TrainingRow, size: Size | None) -> int:
    tokens = 0
    for element in plan_of(row):
        if element.type != "text":
            facts = row.image_meta[element.image_index]
            tokens += bagel_image_tokens(element.type, size or (facts.width, facts.height))
    return tokens


def emu3_size(size: Size) -> Size:
    """Width and height after Emu3's processor, as it computes them: multiples of 8 within its least and most pixels."""
    width, height = size
    least, most = 512 * 512, 1024 * 1024
    wide, high = (round(side / 8) * 8 for side in size)
    if wide * high > most:
        shrink = sqrt(width * height / most)
        wide, high = (max(8, floor(side / shrink / 8) * 8) for side in size)
    elif wide * high < least:
        grow = sqrt(least / (width * height))
        wide, high = (ceil(side * grow / 8) * 8 for side in size)
    return wide, high


def _bagel_size(size: Size, most: int, least: int, side: int) -> Size:
    """Width and height after BAGEL's resize: long side at most `most`, short side at least `least`, multiples of `side`."""
    scale = max(min(most / max(size), 1.0), least / min(size))
    wide, high = (_divisible(round(one * scale), side) for one in size)
    if max(wide, high) > most:
        shrink = most / max(wide, high)
        wide, high = (_divisible(round(one * shrink), side) for one in (wide, high))
    return wide, high


def _divisible(value: int, side: int) -> int:
    return max(side, round(value / side) * side)
