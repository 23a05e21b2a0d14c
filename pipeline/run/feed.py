"""What the ladder is fed with: blocks of samples in rank order, which wait in the hub until the first rung takes them.

In: blocks from the driver, in order, until it says that there are no more. Out: each block to whoever asks for it by its number;
the same again if asked again, since Ray repeats a block when an actor dies, until all its samples are finished.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
"""A sample as it travels between rungs: id, rank, order, status, trajectory."""


@dataclass(frozen=True)
class FeedNeed:
    """Whether the driver is to feed more: so many samples wait `untaken`, so many of those fed are
    `unfinished`, and none above the rank `bound` is needed (None: all
    are). `blocks` were fed and are wanted. `over`: no more are fed, or nobody takes any."""

    untaken: int
    unfinished: int
    bound: int | None
    blocks: int
    over: bool


class Feed:
    """Blocks by number, from 0. `order` of a row counts the rows that were fed."""

    def __init__(self) -> None:
        self._blocks: dict[int, Sequence[Row]] = {}
        self._taken: set[int] = set()
        self.count = 0
        self._changed = asyncio.Event()
        self.untaken = 0
        self.fed = 0
        self.over = False

    def put(self, blocks: Sequence[Sequence[Row]]) -> None:
        """Add blocks."""
        for block in blocks:
            self._blocks[self.count] = block
            self.count += 1
            self.untaken += len(block)
            self.fed += len(block)
        self._wake()

    def end(self) -> None:
        """There are no more blocks, or nobody wants them."""
        self.over = True
        self._wake()

    async def take(self, number: int) -> Sequence[Row]:
        """The block `number`, once it is there; empty where there is none and none will come, and for one that is finished."""
        while number >= self.count and not self.over:
            await self._changed.wait()
        block = self._blocks.get(number, ())
        if number not in self._taken:
            self._taken.add(number)
            self.untaken -= len(block)
        return block

    def forget_below(self, order: int) -> None:
        """Drop blocks whose samples all are finished: those of lower orders than `order`."""
        for number in [n for n, block in self._blocks.items() if n in self._taken and block[-1]["order"] < order]:
            del self._blocks[number]

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
