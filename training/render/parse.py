"""From the tokens of an answer back to its segments: the inverse of `training.render.render`.

In: token ids of an answer (or of a whole sequence), the grammar of the family, the recipe of the ladder. Out: a `ParsedAnswer`.
What is malformed is named with its place, counted in tokens from 0; what stands before it is read all the same.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from stages.dialects import Dialect
from stages.policy import Policy
from stages.records import Axis
from stages.rung import Recipe
from stages.rungs import read_recipe
from training.render.answer import ParsedAnswer, Picture, read_answer
from training.render.grammar import TokenGrammar
from training.render.tokenizers import ImageTokenizer, ImageTokens

_SIZE = re.compile(r"([1-9][0-9]{0,3})\*([1-9][0-9]{0,3})")
_LONGEST_SIZE = 32
"""Tokens that the size of an image may take."""


class Misplaced(ValueError):
    """A token that cannot stand where it stands."""


@dataclass
class Stretch:
    """What tokens are, in order: texts and images, and where each begins; `problem` where they break off."""

    parts: list[str | ImageTokens] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    problem: str | None = None


def parse(
    tokens: Sequence[int],
    images: ImageTokenizer | None,
    grammar: TokenGrammar,
    recipe: Recipe | None = None,
    *,
    axes: Sequence[Axis] | None = None,
    dialect: Dialect | None = None,
) -> ParsedAnswer:
    """The answer that `tokens` are: those of the assistant alone, up to and with what ends the answer. Tokens after the end are
    padding, and not looked at.

    `images` decodes its images to PNG; with None they stay tokens, as does one that cannot be decoded. `recipe`: the ladder by
    whose sentences it is valid, by default that of the default policy. `axes` and `dialect`: see `read_answer`. Raises nothing for
    what a model wrote.
    """
    stretch = read_stretch(answer_of(tokens, grammar), grammar)
    parts: list[str | Picture] = []
    problem = stretch.problem
    for start, part in zip(stretch.starts, stretch.parts, strict=True):
        try:
            parts.append(part if images is None or isinstance(part, str) else images.decode(part))
        except ValueError as error:
            parts.append(part)
            problem = problem or f"token {start}: the image that begins here cannot be decoded ({error})"
    ladder = recipe or read_recipe(Policy())
    return read_answer(parts, ladder, axes=axes, dialect=dialect, problem=problem)


def answer_of(tokens: Sequence[int], grammar: TokenGrammar) -> list[int]:
    """The tokens after the opening of the answer; all of them where the sequence does not hold the opening of a whole row."""
    ids = [int(token) for token in tokens]
    if not grammar.opening or tuple(ids[: len(grammar.opening)]) != grammar.opening:
        return ids
    width = len(grammar.answer)
    at = next((n for n in range(len(ids) - width + 1) if tuple(ids[n : n + width]) == grammar.answer), None)
    return ids if at is None else ids[at + width :]


def read_stretch(ids: Sequence[int], grammar: TokenGrammar, ended: bool = True) -> Stretch:
    """The texts and images that `ids` are. `ended`: they must be followed by the end of the answer."""
    stretch, at = Stretch(), 0
    try:
        while at < len(ids):
            if tuple(ids[at : at + len(grammar.end)]) == grammar.end:
                return stretch
            start = at
            if ids[at] == grammar.image_start:
                image, at = _read_image(ids, at, grammar)
                stretch.parts.append(image)
            else:
                at = _end_of_text(ids, at, grammar)
                stretch.parts.append(grammar.text.decode(ids[start:at]))
            stretch.starts.append(start)
        if ended:
            stretch.problem = f"the answer is not ended: {len(ids)} tokens, and none of them ends it"
    except Misplaced as error:
        stretch.problem = str(error)
    return stretch


def _end_of_text(ids: Sequence[int], at: int, grammar: TokenGrammar) -> int:
    while at < len(ids) and ids[at] != grammar.image_start and tuple(ids[at : at + len(grammar.end)]) != grammar.end:
        if ids[at] in grammar.reserved:
            raise Misplaced(f"token {at}: {grammar.text.decode([ids[at]])} stands outside of any image")
        at += 1
    return at


def _read_image(ids: Sequence[int], start: int, grammar: TokenGrammar) -> tuple[ImageTokens, int]:
    """The image that begins at `start`, and where it ends. Raises Misplaced."""
    body = next(
        (n for n in range(start + 1, min(len(ids), start + _LONGEST_SIZE)) if ids[n] == grammar.image_body), None
    )
    size = _SIZE.fullmatch(grammar.text.decode(ids[start + 1 : body])) if body is not None else None
    if body is None or size is None:
        raise Misplaced(f"token {start}: an image begins without a size such as 16*16")
    rows, columns = int(size[1]), int(size[2])
    lines: list[int] = []
    at = body + 1
    for row in range(rows):
        line = ids[at : at + columns]
        wrong = next((n for n, one in enumerate(line) if one not in grammar.visual), len(line))
        if wrong < columns:
            raise Misplaced(
                f"token {at + wrong}: line {row + 1} of an image of {size[0]} has {wrong} tokens of {columns}"
            )
        lines += line
        at += columns
        if row + 1 < rows or grammar.last_line_ends:
            at = _expect(ids, at, (grammar.line_end,), f"the end of line {row + 1} of an image of {size[0]}", grammar)
    at = _expect(ids, at, (*grammar.frame_end, grammar.image_end), f"the end of an image of {size[0]}", grammar)
    return ImageTokens(tuple(lines), rows, columns), at


def _expect(ids: Sequence[int], at: int, wanted: tuple[int, ...], what: str, grammar: TokenGrammar) -> int:
    if tuple(ids[at : at + len(wanted)]) != wanted:
        there = grammar.text.decode(ids[at : at + 1]) if at < len(ids) else "nothing"
        raise Misplaced(f"token {at}: {what} is expected, and there is {there}")
    return at + len(wanted)
