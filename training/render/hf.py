"""Tokenizers of the transformers library as rendering wants them. Nothing heavy is imported: the tokenizer is handed in.

In: a fast tokenizer. Out: `HfText`, and the ids of named tokens.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from training.render.rendered import RenderProblem


@dataclass(frozen=True)
class HfText:
    """A `TextTokenizer` over a tokenizer of transformers."""

    tokenizer: Any

    def encode(self, text: str) -> list[int]:
        """See `TextTokenizer`."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
        return ids

    def encode_marked(self, text: str) -> list[int]:
        """See `TextTokenizer`."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False, split_special_tokens=False)
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """See `TextTokenizer`."""
        text: str = self.tokenizer.decode(list(ids), skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text


def number_of(tokenizer: Any, name: str) -> int:
    """The id of a token by its name. Raises RenderProblem where the vocabulary lacks it."""
    number = tokenizer.get_vocab().get(name)
    if number is None:
        raise RenderProblem(f"the tokenizer has no token {name}; give the one that belongs to the model")
    return int(number)


def special_ids(tokenizer: Any) -> frozenset[int]:
    """The ids of special tokens: those that the tokenizer calls so, and all that are spelled `<|...|>`."""
    named = (n for name, n in tokenizer.get_vocab().items() if name.startswith("<|") and name.endswith("|>"))
    return frozenset({*(int(n) for n in named), *tokenizer.all_special_ids})


def split_lead(text: str) -> tuple[str, str]:
    """A text up to its last special token, and the words after it. A special token is spelled `<|...|>`."""
    cut = text.rfind("|>") + 2 if "|>" in text else 0
    return text[:cut], text[cut:]


def turn(tokenizer: Any, default: tuple[str, str]) -> tuple[str, str]:
    """What stands before and after a user's words, by the tokenizer's chat template; `default` where it has none."""
    if not tokenizer.chat_template:
        return default
    words = "what the user says"
    # templates of text models want the words, those of others a list of parts, which the former would print as it is
    for content in ([{"type": "text", "text": words}], words):
        message = [{"role": "user", "content": content}]
        text: str = tokenizer.apply_chat_template(message, tokenize=False, add_generation_prompt=True)
        before, kept, after = text.partition(words)
        if kept and "'type'" not in text:
            return before, after
    raise RenderProblem(
        "the tokenizer's chat template leaves the user's words out; give the one that belongs to the model"
    )
