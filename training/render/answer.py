"""A model's answer as it was read: what rewards score and what a row is made of again.

In: texts and images in the order of the answer, from tokens (`training.render.parse`) or from messages (`read_answer`). Out:
`ParsedAnswer`: its segments, its letters, its mode by the grammar of the ladder, or what is wrong with it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from stages.answers import mode_of
from stages.dialect_reading import Claims, NumberedStep, TextContent, Thought, Unread, dialect_of, read_texts
from stages.dialects import Dialect
from stages.grammar import LETTERS
from stages.likeness import AXIS as UNCHANGED_AXIS
from stages.mask import SegmentKind
from stages.records import AXES, Axis, Mode, Plan, Words
from stages.rung import Recipe
from training.render.tokenizers import ImageTokens

Picture: TypeAlias = bytes | ImageTokens
"""An image of an answer: encoded, or as tokens where nothing decodes them."""

INTERMEDIATE: tuple[SegmentKind, ...] = ("reflection", "decomposition", "subtask")


@dataclass(frozen=True, slots=True)
class AnswerSegment:
    """A segment of an answer: a text and what it says, or the number of an image of `ParsedAnswer.images` (-1 for a text).

    `index` is the paper's subscript.
    """

    kind: SegmentKind
    index: int
    text: str | None = None
    content: TextContent | None = None
    image: int = -1

    @property
    def passed(self) -> bool | None:
        """What an evaluation claims of its image; None for other segments. It is the model's own word, no judgement."""
        return self.content.passed if isinstance(self.content, Claims) else None

    @property
    def letter(self) -> str:
        """Its letter in `stages.grammar`."""
        if self.kind == "evaluation":
            return "+" if self.passed else "-"
        return next(letter for kind, letter in LETTERS.items() if kind == self.kind)


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """An answer: the segments that could be read, all of its images in order (also those behind what could not be read), and
    `problem`: None where its structure is valid.

    `mode` is the mode whose sentence the answer is, None where it is none.
    """

    segments: tuple[AnswerSegment, ...]
    images: tuple[Picture, ...]
    mode: Mode | None
    problem: str | None
    dialect: Dialect | None = None

    @property
    def letters(self) -> str:
        """The letters of the segments, as `stages.grammar` spells them."""
        return "".join(segment.letter for segment in self.segments)

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts between: reflections, the plan, sub-tasks. Judgements and free words are none."""
        return tuple(s.text for s in self.segments if s.kind in INTERMEDIATE and s.text is not None)


def read_answer(
    parts: Sequence[str | Picture],
    recipe: Recipe,
    *,
    axes: Sequence[Axis] | None = None,
    dialect: Dialect | None = None,
    problem: str | None = None,
) -> ParsedAnswer:
    """The answer that these texts and images are, in order. What is wrong with it is in `problem`, never raised.

    `axes`: the axes that its judgements have to name; by default those of the first one. A failed one may name the instruction
    alone, as rows have it of an image that shows nothing new (`stages.likeness`). `dialect`: by default that of the
    first text. `problem`: what was wrong with it before it came here; what could be read stands all the same.
    """
    reader = _Reader(axes, dialect)
    try:
        for part in _joined(parts):
            reader.take(part)
    except Unread as error:
        problem = str(error) if problem is None else f"{error}; {problem}"
    pictures = tuple(part for part in parts if not isinstance(part, str))
    segments = tuple(reader.segments)
    answer = ParsedAnswer(segments, pictures, None, problem, reader.dialect)
    if problem is not None:
        return answer
    mode, misfit = mode_of(recipe, answer.letters)
    return ParsedAnswer(segments, answer.images, mode, misfit, reader.dialect)


def _joined(parts: Sequence[str | Picture]) -> Iterator[str | Picture]:
    """The parts with texts that follow one another made one, and empty ones left out: messages may be cut anywhere."""
    text = ""
    for part in parts:
        if isinstance(part, str):
            text += part
            continue
        if text:
            yield text
        text = ""
        yield part
    if text:
        yield text


class _Reader:
    """What was read so far: each segment with its index, by what comes before it."""

    def __init__(self, axes: Sequence[Axis] | None, dialect: Dialect | None) -> None:
        self.segments: list[AnswerSegment] = []
        self.made = 0
        self.axes = None if axes is None else tuple(axis for axis in AXES if axis in axes)
        self.dialect = dialect

    def take(self, part: str | Picture) -> None:
        """One more text or image. Raises Unread."""
        if not isinstance(part, str):
            self.segments.append(AnswerSegment("generation", self.made + 1, image=self.made))
            self.made += 1
            return
        where = f"the text after image {self.made}" if self.made else "the text before the first image"
        written_in = dialect_of(part)
        if self.dialect is not None and written_in != self.dialect:
            raise Unread(f"{where}: it is in the {written_in} dialect, and the answer in the {self.dialect} one")
        self.dialect = written_in
        try:
            for content, text in read_texts(part, written_in):
                self.segments.append(self._segment(content, text))
        except Unread as error:
            raise Unread(f"{where}: {error}") from None

    def _segment(self, content: TextContent, text: str) -> AnswerSegment:
        """Raises Unread where the text is not about the image before it."""
        made = self.made
        match content:
            case Claims():
                self._check_axes(content)
                return AnswerSegment("evaluation", made, text, content)
            case Thought():
                return AnswerSegment("reflection", made, text, content)
            case Plan():
                return AnswerSegment("decomposition", made, text, content)
            case NumberedStep():
                # the paper's S_2 is step 1
                if content.number != made:
                    raise Unread(f"step {content.number} stands where step {made} should")
                return AnswerSegment("subtask", made + 1, text, content)
            case Words():
                return AnswerSegment("words", made + 1, text, content)

    def _check_axes(self, content: Claims) -> None:
        named = tuple(claim.axis for claim in content.claims)
        # of an image that shows nothing new rows say so alone: nobody looked at the other axes
        if named == (UNCHANGED_AXIS,) and not content.passed:
            return
        self.axes = self.axes or named
        if named != self.axes:
            raise Unread(f"the judgement names {', '.join(named)}; it has to name {', '.join(self.axes)}")
