"""A model's answer as rewards judge it: what was read of its texts and images, with the images in the store.

In: the parts of an answer in order, its images as they were stored. Out: a `DrawnAnswer`.
"""

from collections.abc import Sequence

from stages.answers import mode_of
from stages.dialect_reading import NumberedStep, TextContent, Thought
from stages.records import Axis, ImageRef, Plan
from stages.rung import Recipe
from training.render.answer import AnswerSegment, ParsedAnswer, Picture, read_answer
from training.rewards.judging import DrawnAnswer, WrittenThought

UNREAD = "?"
"""The letter of what could not be read: no structure that holds it is valid."""


def read_parts(
    parts: Sequence[str | Picture], drawn: Sequence[ImageRef], recipe: Recipe, axes: Sequence[Axis] | None = None
) -> DrawnAnswer:
    """The answer that texts and images are, in order; `drawn` are its images, all of them. What is malformed is not raised."""
    return drawn_answer(read_answer(parts, recipe, axes=axes), drawn, recipe)


def drawn_answer(parsed: ParsedAnswer, drawn: Sequence[ImageRef], recipe: Recipe) -> DrawnAnswer:
    """A parsed answer. Images behind what could not be read count as images all the same."""
    letters = parsed.letters
    if parsed.problem is not None and parsed.problem != mode_of(recipe, letters)[1]:
        letters += UNREAD
    letters += "G" * (len(drawn) - letters.count("G"))
    thoughts, before = [], 0
    for segment in parsed.segments:
        before += segment.kind == "generation"
        if (thought := _thought(segment, before)) is not None:
            thoughts.append(thought)
    return DrawnAnswer(letters, tuple(drawn), tuple(thoughts))


def _thought(segment: AnswerSegment, before: int) -> WrittenThought | None:
    content: TextContent | None = segment.content
    match content:
        case Thought():
            return WrittenThought("reflection", f"{content.failure_analysis}\n{content.improvement_plan}", before)
        case Plan():
            steps = (f"{n}. {step}" for n, step in enumerate(content.steps, start=1))
            return WrittenThought("decomposition", "\n".join((content.rationale, *steps)), before)
        case NumberedStep():
            return WrittenThought("subtask", content.instruction, before)
        case _:
            return None
