"""Cutting a rendered row to a length: never within an image, and never without saying what was lost.

In: a `Rendered` row and a length. Out: the row's beginning, and what it `Lost`.
"""

from dataclasses import dataclass, replace

import numpy as np

from stages.mask import IMAGES
from training.render.rendered import END, Rendered, RenderProblem, Span


@dataclass(frozen=True, slots=True)
class Lost:
    """What a cut took from a row: tokens, trained ones among them, and spans, the first of which may be a text cut in two."""

    id: str
    tokens: int
    trained: int
    spans: tuple[Span, ...]

    @property
    def end(self) -> bool:
        """Whether the answer no longer ends: a model trained on such rows alone would not learn to stop."""
        return any(span.kind == END for span in self.spans)

    @property
    def words(self) -> str:
        """What was lost, as a line for a log."""
        what = ", ".join(span.kind if span.kind == END else f"{span.kind} {span.index}" for span in self.spans)
        return f"row {self.id}: {self.tokens} tokens cut, {self.trained} of them trained: {what}"


def truncate(rendered: Rendered, length: int) -> tuple[Rendered, Lost | None]:
    """`rendered` with at most `length` tokens, and what it lost; None where it fits as it is. A text is cut where the length ends,
    an image is left out whole. Raises RenderProblem where nothing trained would be left.
    """
    if len(rendered) <= length:
        return rendered, None
    cut = next((s.start for s in rendered.spans if s.kind in IMAGES and s.start < length < s.stop), length)
    trained = int(np.count_nonzero(rendered.weights[cut:]))
    if trained == rendered.trained:
        raise RenderProblem(
            f"row {rendered.id}: of {len(rendered)} tokens the first {length} hold nothing that is trained; leave it out, or "
            "make the sequences longer"
        )
    spans = tuple(replace(s, stop=min(s.stop, cut)) for s in rendered.spans if s.start < cut)
    lost = tuple(replace(s, start=max(s.start, cut)) for s in rendered.spans if s.stop > cut)
    kept = Rendered(
        *(rendered.id, rendered.mode, rendered.input_ids[:cut], rendered.labels[:cut], rendered.weights[:cut], spans)
    )
    return kept, Lost(rendered.id, len(rendered) - cut, trained, lost)
