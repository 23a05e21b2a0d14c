"""A world in which words say how hard a prompt is, and shades of grey whether an image is right.

An easy prompt asks for one shade, a hard one for two, the first above the second. A direct try at a hard one gets the first alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.training.rows import climbed
from tests.training.torch.planted import Shades, picture
from training.render.answer import ParsedAnswer
from training.rewards.rl_rows import RlPrompt
from training.row import ImageCell, TrainingRow

SIDE = 4
BAND = 8
SHADES = ("black", "dark", "pale", "white")
"""Each has eight of the 32 codes."""
_WORDS = (
    "cat dog hat cup tree boat bird house lamp rock leaf shoe ball fish door star "
    "ring bell coat desk drum fork gate hill kite lake moon nest pear road sail tent vase wall wolf goat harp cake rose seal"
)
THINGS = tuple(_WORDS.split(" "))
PASSED = ("good",) * 4
NAMES = ("the whole", "the first", "the second")


@dataclass(frozen=True)
class Prompt:
    """A shade and a thing; a hard one has two of them."""

    parts: tuple[tuple[str, str], ...]

    @property
    def hard(self) -> bool:
        return len(self.parts) > 1

    @property
    def mode(self) -> str:
        """The mode that suits it."""
        return "multistep" if self.hard else "direct"

    @property
    def words(self) -> str:
        first, *rest = (f"a {shade} {thing}" for shade, thing in self.parts)
        return f"draw {first}" + "".join(f" and below it {other}" for other in rest)

    @cached_property
    def bands(self) -> Any:
        """The band that each code of a right image is in [SIDE, SIDE]."""
        rows = [SHADES.index(shade) for shade, _ in self.parts for _ in range(SIDE // len(self.parts))]
        return np.repeat(np.array(rows)[:, None], SIDE, axis=1)

    def right(self, random: np.random.Generator) -> Any:
        return self.bands * BAND + random.integers(0, BAND, (SIDE, SIDE))

    def halfway(self, random: np.random.Generator) -> Any:
        """An image of its first part alone."""
        return self.bands[0, 0] * BAND + random.integers(0, BAND, (SIDE, SIDE))


@dataclass(frozen=True)
class World:
    """Prompts to train on, and others, as many easy as hard ones each; a combination of words is in one of them only."""

    trained: tuple[Prompt, ...]
    held_out: tuple[Prompt, ...]


def world(seed: int, trained: int = 240, held_out: int = 40) -> World:
    """The prompts that `seed` picks."""
    single = [((s, t),) for s in SHADES for t in THINGS]
    double = [(a, b) for (a,) in single for (b,) in single if a[0] != b[0] and a[1] != b[1]]
    random = np.random.default_rng(seed)
    picked = [[Prompt(parts[n]) for n in random.permutation(len(parts))] for parts in (single, double)]
    every = [prompt for pair in zip(*picked, strict=False) for prompt in pair]
    return World(tuple(every[:trained]), tuple(every[trained : trained + held_out]))


def taught(prompts: Sequence[Prompt], wasteful: bool, seed: int, times: int) -> list[TrainingRow]:
    """`times` trajectories of each prompt, in the mode that suits it; `wasteful`: easy ones are climbed in steps every other
    time, and end no better for it.
    """
    rows = []
    for n, prompt in enumerate(prompts):
        for k in range(times):
            needless = wasteful and (n // 2 + k) % 2 == 0
            rows.append(row_of(prompt, "multistep" if needless else prompt.mode, (seed * 1000 + n) * 100 + k))
    return rows


@cache
def climb(mode: str) -> TrainingRow:
    """A trajectory of this mode, of a prompt that is called by `NAMES`, and its steps as well."""
    whole, *tasks = NAMES
    return climbed(
        mode,
        references=0,
        instruction=whole,
        reasons=PASSED,
        steps=2,
        tasks=(*tasks, "", "", ""),
        rationale="one by one",
    )


def row_of(prompt: Prompt, mode: str, number: int) -> TrainingRow:
    """A trajectory of this mode that ends with a right image."""
    tasks = [f"draw a {shade} {thing}" for shade, thing in (*prompt.parts, *prompt.parts)[:2]]
    row = climb(mode)
    said = dict(zip(NAMES, (prompt.words, *tasks), strict=True))
    segments = tuple(s if s.text is None else replace(s, text=named(s.text, said)) for s in row.segments)
    random = np.random.default_rng(number)
    drawn = [prompt.halfway(random) for _ in row.images[1:]] + [prompt.right(random)]
    cells = tuple(ImageCell(picture(codes), None) for codes in drawn)
    return replace(row, id=f"{number:032x}", images=cells, segments=segments)


def named(text: str, names: Mapping[str, str]) -> str:
    """The text with what the names stand for."""
    for name, words in names.items():
        text = text.replace(name, words)
    return text


def scores(prompt: Prompt, image: bytes) -> tuple[int, int, int]:
    """Three axes, 1 to 5: how many codes of the image are in the bands that they should be in."""
    share = float((Shades(0).encode(image).grid // BAND == prompt.bands).mean())
    return (1 + round(4 * share),) * 3


def rl_shards(folder: Path, prompts: Sequence[Prompt]) -> Path:
    """These prompts as `rl` has them."""
    folder.mkdir(parents=True)
    truth = '{{"instruction": "{}", "applicable_axes": ["instruction", "quality", "knowledge"], "target": [32, 32]}}'
    rows = [
        {
            "prompt": [{"role": "user", "content": prompt.words}],
            "images": [],
            "reward_model": {"style": "model", "ground_truth": truth.format(prompt.words)},
            "extra_info": {"id": f"{n:06d}", "index": n},
        }
        for n, prompt in enumerate(prompts)
    ]
    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    table = pa.Table.from_pylist(rows)
    table = table.set_column(1, "images", pa.array([[] for _ in rows], pa.list_(image)))
    pq.write_table(table, folder / "train-00000-of-00001.parquet")
    return folder


@dataclass(frozen=True)
class Truth:
    """A checker that knows the world; the id of a prompt is its place."""

    prompts: tuple[Prompt, ...]

    def __call__(self, asked: RlPrompt, answer: ParsedAnswer) -> Sequence[int]:
        image = answer.images[-1]
        assert isinstance(image, bytes)
        return scores(self.prompts[int(asked.id)], image)
