"""Emu3.5's grammar over a tokenizer of its kind: bytes, and the special tokens that its own code names."""

import re
from unicodedata import normalize

import numpy as np
import pytest

from tests.training.rows import RECIPE, climbed
from training.render.emu35 import emu35_grammar, tokens_of_codes
from training.render.parse import parse
from training.render.render import render
from training.render.rendered import RenderProblem
from training.render.restore import restore
from training.render.tokenizers import ImageTokens

NAMES = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", *(f"<|extra_{n}|>" for n in range(205))),
    *("<|image token|>", "<|image start|>", "<|image end|>", *(f"<|visual token {n:06d}|>" for n in range(64))),
)


class Encoding:
    """As tiktoken's: special tokens within a text only where they are allowed."""

    def __init__(self, special):
        self.special = special
        self.names = {n: name for name, n in special.items()}

    def encode(self, text, *, allowed_special, disallowed_special):
        assert disallowed_special == ()
        pattern = "(" + "|".join(map(re.escape, self.special)) + ")"
        parts = re.split(pattern, text) if allowed_special == "all" else [text]
        return [
            n
            for part in parts
            for n in ([self.special[part]] if part in self.special and len(parts) > 1 else part.encode())
        ]

    def decode(self, ids):
        return b"".join(self.names[n].encode() if n in self.names else bytes([n]) for n in ids).decode()


class Emu35Tokenizer:
    """As Emu3.5's own: `get_vocab` knows no special token, `special_tokens` all."""

    def __init__(self, names=NAMES):
        self.special_tokens = {name: 256 + n for n, name in enumerate(names)}
        self.tokenizer = Encoding(self.special_tokens)

    def get_vocab(self):
        return {bytes([n]): n for n in range(256)}


TOKENIZER = Emu35Tokenizer()
GRAMMAR = emu35_grammar(TOKENIZER)


def images(row):
    rng = np.random.default_rng(len(row.images))
    return {n: tokens_of_codes(rng.integers(0, 64, (2, 3)), TOKENIZER) for n in range(len(row.images))}


def test_a_row_reads_as_the_models_own_prompt_and_images():
    row = climbed("direct")
    text = GRAMMAR.text.decode(render(row, GRAMMAR, images(row)).input_ids.tolist())
    line = r"(<\|visual token \d{6}\|>){3}"
    picture = rf"<\|image start\|>2\*3<\|image token\|>{line}<\|extra_200\|>{line}<\|image end\|>"
    words = re.escape(row.instruction)
    asked = (
        rf"<\|extra_203\|>You are a helpful assistant for x2i task\. USER: {picture}{words} ASSISTANT: <\|extra_100\|>"
    )
    assert re.fullmatch(rf"{asked}{picture}<Evaluate .*✓<\|extra_101\|><\|extra_204\|>", text, re.DOTALL)


@pytest.mark.parametrize("mode", RECIPE.modes)
@pytest.mark.parametrize("references", [0, 2])
def test_rows_come_back(mode, references):
    row = climbed(mode, references=references)
    rendered = render(row, GRAMMAR, images(row))
    assert restore(rendered, row, GRAMMAR, images(row)) == row
    assert parse(rendered.input_ids.tolist(), None, GRAMMAR).mode == mode
    tokens = [images(row)[n] for n in range(references)]
    turn = GRAMMAR.turn(tokens, row.instruction)
    assert rendered.input_ids[: len(turn)].tolist() == turn


def test_texts_come_back_in_their_normal_form():
    words = "cafe\u0301"
    assert GRAMMAR.text.decode(GRAMMAR.text.encode(words)) == normalize("NFC", words) != words


def test_names_of_special_tokens_in_words_are_words():
    words = "say <|extra_204|> and <|image start|>"
    assert not GRAMMAR.reserved & set(GRAMMAR.text.encode(words))


def test_a_tokenizer_without_vision_tokens_is_refused():
    with pytest.raises(
        RenderProblem, match=r"no token <\|image start\|>; load Emu3.5's own, with its `special_tokens_file`"
    ):
        emu35_grammar(Emu35Tokenizer(NAMES[:208]))
    with pytest.raises(RenderProblem, match=r"no token <\|visual token 000064\|>"):
        tokens_of_codes(np.array([[64]]), TOKENIZER)
    with pytest.raises(ValueError, match="5 tokens are no image of 2 x 3"):
        ImageTokens((1, 2, 3, 4, 5), 2, 3)
