"""From the tokens of a whole row back to the row: what a tokens file has to hold beside tokens, and that nothing else is lost.

In: a `Rendered` row, what rides along, the grammar, its images. Out: the row, equal to the one that was rendered.

What tokens hold: order, kinds, indices and texts of all segments, which image stands where, losses, what is trained to open what
follows. What rides along: every column but `segments`, the encoded images among them (tokens are a lossy view of an image); and of
each segment what a model never reads: payload, inputs, made_by, against, vae, vit, cfg_drop.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stages.mask import SegmentKind
from training.render.answer import AnswerSegment
from training.render.grammar import TokenGrammar
from training.render.parse import answer_of, parse, read_stretch
from training.render.render import next_special, render
from training.render.rendered import Rendered, RenderProblem
from training.render.tokenizers import ImageTokens
from training.row import NO_IMAGE, RowSegment, TrainingRow


@dataclass(frozen=True)
class _Read:
    kind: SegmentKind
    index: int
    text: str | None
    image: ImageTokens | None


def restore(
    rendered: Rendered, carried: TrainingRow, grammar: TokenGrammar, images: Mapping[int, ImageTokens]
) -> TrainingRow:
    """The row of `rendered`. `images`: the images of the row as tokens, by their number. Of the segments of `carried` only what
    rides along is looked at, and which image is whose: one of other tokens is refused. Raises RenderProblem where the tokens are no
    whole row, or not one of `carried`.
    """
    written = [*_given(rendered, grammar), *_answered(rendered, grammar)]
    if len(written) != len(carried.segments):
        raise RenderProblem(
            f"row {carried.id}: {len(written)} segments in the tokens, {len(carried.segments)} ride along"
        )
    segments = [
        _segment(carried.id, n, *one, images) for n, one in enumerate(zip(written, carried.segments, strict=True))
    ]
    # by rendering once more it is known which tokens are whose, and that they are the ones that were given
    spans = render(_with_losses(carried, segments, [0.0] * len(segments)), grammar, images)
    if not np.array_equal(spans.input_ids, rendered.input_ids):
        raise RenderProblem(f"row {carried.id}: the tokens are not those of any row that reads like this")
    losses = []
    for span in spans.spans[: len(segments)]:
        weights = rendered.weights[span.start : span.stop]
        if (weights != weights[:1]).any():
            raise RenderProblem(
                f"row {carried.id}: segments.{span.segment} is trained in part; a row has one loss a segment"
            )
        losses.append(float(weights[0]) if len(weights) else 0.0)
    return _with_losses(carried, segments, losses)


def _given(rendered: Rendered, grammar: TokenGrammar) -> list[_Read]:
    """The user's segments."""
    ids = [int(one) for one in rendered.input_ids]
    asked = ids[len(grammar.opening) : len(ids) - len(answer_of(ids, grammar)) - len(grammar.answer)]
    stretch = read_stretch(asked, grammar, ended=False)
    if stretch.problem is not None:
        raise RenderProblem(f"row {rendered.id}: what the user says: {stretch.problem}")
    read, references = [], 0
    for n, part in enumerate(stretch.parts):
        if isinstance(part, str):
            words = part.removeprefix(grammar.lead) if n == 0 else part
            # before an image the lead stands alone
            if words or n or len(stretch.parts) == 1:
                read.append(_Read("instruction", 0, words, None))
        else:
            read.append(_Read("reference", references, None, part))
            references += 1
    return read


def _answered(rendered: Rendered, grammar: TokenGrammar) -> list[_Read]:
    """The segments of the answer."""
    answer = parse([int(one) for one in rendered.input_ids], None, grammar)
    if answer.problem is not None and answer.mode is None:
        raise RenderProblem(f"row {rendered.id}: {answer.problem}")
    return [_read(segment, answer.images) for segment in answer.segments]


def _read(segment: AnswerSegment, images: Sequence[object]) -> _Read:
    image = images[segment.image] if segment.image >= 0 else None
    return _Read(segment.kind, segment.index, segment.text, image if isinstance(image, ImageTokens) else None)


def _segment(row: str, n: int, written: _Read, carried: RowSegment, tokens: Mapping[int, ImageTokens]) -> RowSegment:
    index = NO_IMAGE
    if written.image is not None:
        index = carried.image_index
        if index == NO_IMAGE or tokens.get(index) != written.image:
            raise RenderProblem(
                f"row {row}: segments.{n}: its tokens are those of another image than the one that rides along"
            )
    return replace(
        carried,
        type="text" if written.image is None else "image",
        role="user" if written.kind in ("reference", "instruction") else "assistant",
        kind=written.kind,
        index=written.index,
        text=written.text,
        image_index=index,
    )


def _with_losses(row: TrainingRow, segments: Sequence[RowSegment], losses: Sequence[float]) -> TrainingRow:
    """The row with these segments and losses, and the flags that follow from them."""
    weighed = [replace(s, loss=loss) for s, loss in zip(segments, losses, strict=True)]
    after = [*weighed[1:], None]
    return replace(
        row,
        segments=tuple(replace(s, next_special=next_special(one)) for s, one in zip(weighed, after, strict=True)),
    )
