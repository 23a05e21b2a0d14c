"""Render and mask in one motion: one walk over the segments of a row makes its tokens, their labels and their spans.

In: a row of `traj/2`, the grammar of a family of models, its images as tokens or what makes them. Out: `Rendered`.

A segment's loss is that of all its tokens: of what opens it, too (the break before a text, the start and the size of an image),
since these are the decision to think on. The end of the answer is trained after the last segment; an answer that goes on in another
row (`training.render.decompose`) has none.
"""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np

from stages.mask import Special
from training.render.grammar import TokenGrammar
from training.render.rendered import END, IGNORED, Rendered, RenderProblem, Span
from training.render.tokenizers import ImageTokenizer, ImageTokens
from training.row import RowSegment, TrainingRow

Images = Mapping[int, ImageTokens] | ImageTokenizer
"""The images of a row as tokens, by their number in the row; or what makes tokens of encoded images."""


class _Walk:
    """The tokens so far, each with the weight of its loss."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.weights: list[float] = []
        self.spans: list[Span] = []

    def put(self, ids: Sequence[int], loss: float = 0.0) -> None:
        self.ids += ids
        self.weights += [loss] * len(ids)

    def put_segment(self, ids: Sequence[int], number: int, kind: str, index: int, loss: float) -> None:
        start = len(self.ids)
        self.put(ids, loss)
        self.spans.append(Span(number, kind, index, start, len(self.ids), loss))


def render(row: TrainingRow, grammar: TokenGrammar, images: Images) -> Rendered:
    """`row` as tokens, with labels and weights. Raises RenderProblem where its segments contradict each other, an image is
    missing, or a text holds a token that only the grammar may write.
    """
    walk, tokens = _Walk(), image_tokens(row, images)
    answering, before = False, None
    first = row.segments[0].type if row.segments else None
    walk.put(grammar.opening if first == "text" else grammar.begin)
    for n, segment in enumerate(row.segments):
        following = row.segments[n + 1] if n + 1 < len(row.segments) else None
        check_segment(row, n, segment, following)
        if segment.role == "assistant" and not answering:
            walk.put(grammar.answer)
            answering, before = True, None
        opening = grammar.between if before == "text" and segment.type == "text" else ()
        lead = grammar.lead if n == 0 else ""
        ids = [*opening, *_own_tokens(row, n, segment, grammar, tokens, lead)]
        walk.put_segment(ids, n, segment.kind, segment.index, segment.loss)
        before = segment.type
    if not answering:
        raise RenderProblem(f"row {row.id}: it holds no answer; leave it out")
    if row.segments[-1].next_special == "end":
        # an answer whose last segment is context only has to end all the same
        walk.put_segment(grammar.end, -1, END, 0, row.segments[-1].loss or 1.0)
    return _rendered(row, walk)


def image_tokens(row: TrainingRow, images: Images) -> Mapping[int, ImageTokens]:
    """The images of the row's segments as tokens, each made once. Raises RenderProblem where one is missing or unreadable."""
    wanted = dict.fromkeys(s.image_index for s in row.segments if s.type == "image")
    if isinstance(images, Mapping):
        if missing := [n for n in wanted if n not in images]:
            raise RenderProblem(
                f"row {row.id}: there are no tokens of image {missing[0]}; give those of all its images"
            )
        return images
    try:
        return {n: images.encode(row.images[n].bytes) for n in wanted}
    except ValueError as error:
        raise RenderProblem(f"row {row.id}: an image cannot be made tokens ({error}); check the row") from error


def check_segment(row: TrainingRow, n: int, segment: RowSegment, following: RowSegment | None) -> None:
    """Raises RenderProblem where the flags of a segment contradict its neighbours."""
    where = f"row {row.id}: segments.{n}"
    if not (isfinite(segment.loss) and segment.loss >= 0):
        raise RenderProblem(f"{where}: its loss is {segment.loss}; a weight is 0 or more")
    if following is not None and segment.role == "assistant" and following.role == "user":
        raise RenderProblem(f"{where}: a user speaks after the answer has begun; rows hold one turn of each")
    expected = next_special(following)
    # an answer that goes on in another row has no end here
    if segment.next_special != expected and (following is not None or segment.next_special is not None):
        raise RenderProblem(
            f"{where}: next_special is {segment.next_special}, and by the loss of what follows it is {expected}; "
            "`x2i verify` checks a whole output"
        )


def next_special(following: RowSegment | None) -> Special | None:
    """The token that is trained after a segment, by the one that follows it: none before a masked one."""
    if following is None:
        return "end"
    if not following.loss:
        return None
    return "vision_start" if following.type == "image" else "im_start"


def _own_tokens(
    row: TrainingRow, n: int, segment: RowSegment, grammar: TokenGrammar, images: Mapping[int, ImageTokens], lead: str
) -> list[int]:
    if segment.type == "image":
        try:
            return grammar.image(images[segment.image_index])
        except ValueError as error:
            raise RenderProblem(
                f"row {row.id}: segments.{n}: {error}; give the image tokenizer of the model"
            ) from error
    ids = grammar.text.encode(lead + (segment.text or ""))
    if strange := grammar.reserved.intersection(ids):
        name = grammar.text.decode([min(strange)])
        raise RenderProblem(
            f"row {row.id}: segments.{n}: its text holds the token {name}, which would be read as the model's own; "
            "name it in output.markers and build the shards again"
        )
    return ids


def _rendered(row: TrainingRow, walk: _Walk) -> Rendered:
    ids, weights = np.array(walk.ids, dtype=np.int64), np.array(walk.weights, dtype=np.float32)
    return Rendered(row.id, row.mode, ids, np.where(weights > 0, ids, IGNORED), weights, tuple(walk.spans))
