"""Emu3.5's grammar, for those who bring its tokenizer, which ships with the model's own code (baaivision/Emu3.5).

In: that tokenizer, `Emu3Tokenizer`; a vision tokenizer's codes. Out: its token grammar, and codes as tokens.

    <|extra_203|>You are a helpful assistant for x2i task. USER: <image>words ASSISTANT: <|extra_100|>...<|extra_101|><|extra_204|>
    <|image start|> ROWS*COLUMNS <|image token|> codes <|extra_200|> codes ... <|image end|>

As its `format_image_string` has it: the last line has no end, and no token ends the frame. A token is 16 pixels wide. In this
family a thought has tokens of its own (`<|extra_50|>` before an image); our texts carry their own labels, so they are not used.
The tokenizer reads every text in the normal form NFC, so that a text of another form comes back in that one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from training.render.emu3 import LINE_END, VISUAL
from training.render.grammar import TokenGrammar
from training.render.rendered import RenderProblem
from training.render.tokenizers import ImageTokens

SYSTEM = "You are a helpful assistant for {task} task. USER: "
BEGIN, END, OPEN, CLOSE = "<|extra_203|>", "<|extra_204|>", "<|extra_100|>", "<|extra_101|>"


@dataclass(frozen=True)
class Emu35Text:
    """A `TextTokenizer` over Emu3.5's own, which takes names of special tokens within words for those tokens unless it is told."""

    tokenizer: Any

    def encode(self, text: str) -> list[int]:
        """See `TextTokenizer`."""
        return self._encode(text, set())

    def encode_marked(self, text: str) -> list[int]:
        """See `TextTokenizer`."""
        return self._encode(text, "all")

    def decode(self, ids: Sequence[int]) -> str:
        """See `TextTokenizer`."""
        text: str = self.tokenizer.tokenizer.decode(list(ids))
        return text

    def _encode(self, text: str, allowed: set[str] | str) -> list[int]:
        words = normalize("NFC", text)
        ids: list[int] = self.tokenizer.tokenizer.encode(words, allowed_special=allowed, disallowed_special=())
        return ids


def emu35_grammar(tokenizer: Any, task: str = "x2i") -> TokenGrammar:
    """The grammar of Emu3.5 with its published turns. Raises RenderProblem where the tokenizer lacks a token."""
    text, lead = Emu35Text(tokenizer), SYSTEM.format(task=task)
    return TokenGrammar(
        name="emu3.5",
        text=text,
        begin=(_number(tokenizer, BEGIN), *text.encode(lead)),
        answer=(*text.encode(" ASSISTANT: "), _number(tokenizer, OPEN)),
        end=(_number(tokenizer, CLOSE), _number(tokenizer, END)),
        image_start=_number(tokenizer, "<|image start|>"),
        image_body=_number(tokenizer, "<|image token|>"),
        line_end=_number(tokenizer, LINE_END),
        last_line_ends=False,
        frame_end=(),
        image_end=_number(tokenizer, "<|image end|>"),
        visual=frozenset(n for name, n in tokenizer.special_tokens.items() if name.startswith(VISUAL)),
        special=frozenset(tokenizer.special_tokens.values()),
        lead=lead,
    )


def tokens_of_codes(codes: NDArray[np.integer[Any]], tokenizer: Any) -> ImageTokens:
    """The tokens of a vision tokenizer's codes, integers [rows, columns]. Raises RenderProblem for a code without a token."""
    rows, columns = codes.shape
    ids = (_number(tokenizer, f"{VISUAL} {code:06d}|>") for code in codes.reshape(-1).tolist())
    return ImageTokens(tuple(ids), rows, columns)


def _number(tokenizer: Any, name: str) -> int:
    number = tokenizer.special_tokens.get(name)
    if number is None:
        raise RenderProblem(
            f"the tokenizer has no token {name}; load Emu3.5's own, with its `special_tokens_file` of vision tokens"
        )
    return int(number)
