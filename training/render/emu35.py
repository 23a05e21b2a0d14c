"""Emu3.5's grammar, for those who bring its tokenizer, which ships with the model's own code (baaivision/Emu3.5).

In: that tokenizer; a vision tokenizer's codes. Out: its token grammar, and codes as tokens.

    <|extra_203|>You are a helpful assistant for x2i task. USER: <image>words ASSISTANT: <|extra_100|>...<|extra_101|><|extra_204|>
    <|image start|> ROWS*COLUMNS <|image token|> codes <|extra_200|> codes ... <|image end|>

As its `format_image_string` has it: the last line has no end, and no token ends the frame. A token is 16 pixels wide. In this
family a thought has tokens of its own (`<|extra_50|>` before an image); our texts carry their own labels, so they are not used.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.render.emu3 import LINE_END, VISUAL
from training.render.grammar import TokenGrammar
from training.render.hf import HfText, number_of, special_ids
from training.render.tokenizers import ImageTokens

SYSTEM = "You are a helpful assistant for {task} task. USER: "
BEGIN, END, OPEN, CLOSE = "<|extra_203|>", "<|extra_204|>", "<|extra_100|>", "<|extra_101|>"


def emu35_grammar(tokenizer: Any, task: str = "x2i") -> TokenGrammar:
    """The grammar of Emu3.5 with its published turns. Raises RenderProblem where the tokenizer lacks a token."""
    text = HfText(tokenizer)
    return TokenGrammar(
        name="emu3.5",
        text=text,
        begin=(number_of(tokenizer, BEGIN), *text.encode(SYSTEM.format(task=task))),
        answer=(*text.encode(" ASSISTANT: "), number_of(tokenizer, OPEN)),
        end=(number_of(tokenizer, CLOSE), number_of(tokenizer, END)),
        image_start=number_of(tokenizer, "<|image start|>"),
        image_body=number_of(tokenizer, "<|image token|>"),
        line_end=number_of(tokenizer, LINE_END),
        last_line_ends=False,
        frame_end=(),
        image_end=number_of(tokenizer, "<|image end|>"),
        visual=frozenset(n for name, n in tokenizer.get_vocab().items() if name.startswith(VISUAL)),
        special=special_ids(tokenizer),
    )


def tokens_of_codes(codes: NDArray[np.integer[Any]], tokenizer: Any) -> ImageTokens:
    """The tokens of a vision tokenizer's codes, integers [rows, columns]. Raises RenderProblem for a code without a token."""
    rows, columns = codes.shape
    vocabulary = tokenizer.get_vocab()
    names = [f"{VISUAL} {code:06d}|>" for code in codes.reshape(-1).tolist()]
    ids = [vocabulary[name] if name in vocabulary else number_of(tokenizer, name) for name in names]
    return ImageTokens(tuple(ids), rows, columns)
