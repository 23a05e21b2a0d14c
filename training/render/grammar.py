"""What differs between families of models that write text and images as tokens of one vocabulary.

In: a tokenizer and the family's own tokens. Out: `TokenGrammar`; the tokens that an image takes.

    begin  <references and instruction>  answer  <segments>  end
    image: image_start  "ROWS*COLUMNS"  image_body  line, line_end, line, line_end, ...  frame_end  image_end
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from stages.dialect_reading import BETWEEN
from training.render.tokenizers import ImageTokens, TextTokenizer


@dataclass(frozen=True)
class TokenGrammar:
    """The tokens of a family.

    begin, answer    what opens the sequence and the user's turn; what closes that turn and opens the answer
    lead             the words that `begin` ends in, after its last special token: a text that follows is one text with them
    end              what ends the answer
    image_start, image_body, line_end, frame_end, image_end
                     the tokens of an image's frame; `frame_end` may be none
    last_line_ends   whether the last line of an image has its line_end, too
    visual           the ids that may stand in an image's lines
    special          ids of named tokens, which no text may hold
    """

    name: str
    text: TextTokenizer
    begin: tuple[int, ...]
    answer: tuple[int, ...]
    end: tuple[int, ...]
    image_start: int
    image_body: int
    line_end: int
    last_line_ends: bool
    frame_end: tuple[int, ...]
    image_end: int
    visual: frozenset[int]
    special: frozenset[int] = frozenset()
    lead: str = ""

    @cached_property
    def between(self) -> tuple[int, ...]:
        """What stands between two texts; it opens the second one."""
        return tuple(self.text.encode(BETWEEN))

    @cached_property
    def opening(self) -> tuple[int, ...]:
        """`begin` without its lead."""
        return self.begin[: len(self.begin) - len(self.text.encode(self.lead))]

    def turn(self, references: Sequence[ImageTokens], words: str) -> list[int]:
        """The user's turn and the opening of the answer: what a model is given to answer. Raises ValueError."""
        if not references:
            return [*self.opening, *self.text.encode(self.lead + words), *self.answer]
        shown = [one for image in references for one in self.image(image)]
        return [*self.begin, *shown, *self.text.encode(words), *self.answer]

    @cached_property
    def reserved(self) -> frozenset[int]:
        """Ids that no text may hold: they would open or end an image, a turn or the answer."""
        frame = {self.image_start, self.image_body, self.line_end, self.image_end, *self.frame_end, *self.end[:1]}
        return self.visual | self.special | frame

    def image(self, tokens: ImageTokens) -> list[int]:
        """An image with its frame. Raises ValueError where an id is none of the images'."""
        if strange := next((one for one in tokens.ids if one not in self.visual), None):
            raise ValueError(f"the token {strange} is none of an image in the vocabulary of {self.name}")
        ids = [self.image_start, *self.text.encode(f"{tokens.rows}*{tokens.columns}"), self.image_body]
        for row in range(tokens.rows):
            ids += tokens.ids[row * tokens.columns : (row + 1) * tokens.columns]
            ids += [self.line_end] if row + 1 < tokens.rows or self.last_line_ends else []
        return [*ids, *self.frame_end, self.image_end]
