"""What may stand where in an answer that a model writes by itself: text, or an image line by line.

In: the tokens so far. Out: which tokens may follow. The grid of an image is fixed once it has begun, so that every image is
whole; all else is the model's choice: what it says, when it draws, when it ends.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LogitsProcessor

from training.render.grammar import TokenGrammar

TEXT, CODE, DONE = -1, -2, -3
"""Any word, the begin of an image or the end; a code of an image; nothing but padding. A number from 0 up is a token that must
come.
"""


@dataclass(frozen=True)
class Canvas:
    """The grammar, and the size of the images that are drawn, in tokens."""

    grammar: TokenGrammar
    rows: int
    columns: int

    @cached_property
    def plan(self) -> tuple[int, ...]:
        """What follows the token that begins an image."""
        line = (*[CODE] * self.columns, self.grammar.line_end)
        lines = line * self.rows
        if not self.grammar.last_line_ends:
            lines = lines[:-1]
        size = self.grammar.text.encode(f"{self.rows}*{self.columns}")
        return (*size, self.grammar.image_body, *lines, *self.grammar.frame_end, self.grammar.image_end)


class AnswerWriter:
    """One answer as it is written."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._to_come: deque[int] = deque()
        self._done = False

    @property
    def next(self) -> int:
        """What may come next: TEXT, CODE, DONE, or the token that must."""
        return DONE if self._done else self._to_come[0] if self._to_come else TEXT

    def put(self, token: int) -> None:
        """One more token, one that may come."""
        if self._to_come:
            self._to_come.popleft()
        elif token == self._canvas.grammar.image_start:
            self._to_come.extend(self._canvas.plan)
        elif token == self._canvas.grammar.end[0]:
            self._done = True


def choices(answer: Sequence[int], canvas: Canvas) -> NDArray[np.int64]:
    """What each token of an answer was chosen from [T]: TEXT, CODE, or the token itself where it had to come."""
    writer, chosen_from = AnswerWriter(canvas), []
    for token in answer:
        chosen_from.append(writer.next)
        writer.put(token)
    return np.array(chosen_from, dtype=np.int64)


def barred(grammar: TokenGrammar, vocabulary: int, device: Any) -> Any:
    """Which tokens may not come, bool [2, vocabulary]: the last line is TEXT's, the one before it CODE's."""
    bars = torch.zeros(2, vocabulary, dtype=torch.bool)
    bars[TEXT, list(grammar.reserved)] = True
    bars[TEXT, [grammar.image_start, grammar.end[0]]] = False
    bars[CODE] = True
    bars[CODE, list(grammar.visual)] = False
    return bars.to(device)


class AnswerForm(LogitsProcessor):  # type: ignore[misc]
    """Rules out what may not come next, for answers that are written side by side. `canvases`: one for each answer."""

    def __init__(self, canvases: Sequence[Canvas], vocabulary: int, pad: int, device: Any) -> None:
        self._writers = [AnswerWriter(canvas) for canvas in canvases]
        self._bars = barred(canvases[0].grammar, vocabulary, device)
        self._pad = pad
        self._began = False

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """The logits of one step, in which all is ruled out that cannot stand here."""
        if self._began:
            for writer, token in zip(self._writers, input_ids[:, -1].tolist(), strict=True):
                writer.put(token)
        self._began = True
        wanted = [writer.next for writer in self._writers]
        kinds = torch.tensor([one if one in (TEXT, CODE) else TEXT for one in wanted], device=scores.device)
        shaped = scores.masked_fill(self._bars[kinds], float("-inf"))
        for n, one in enumerate(wanted):
            if one not in (TEXT, CODE):
                shaped[n] = float("-inf")
                shaped[n, self._pad if one == DONE else one] = 0.0
        return shaped
