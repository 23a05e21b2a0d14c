"""What each mode trains by the method's own table, without a look at the ladder; and the ladder's mask with a row dropped."""

from dataclasses import replace

import pytest

from stages.mask import GIVEN, marks
from stages.mask import rows as mask_rows
from tests.output.test_mask_table import LETTER, trained_segments
from tests.training.rows import RECIPE, climbed
from training.row import TrainingRow

TABLE = list(mask_rows(RECIPE))
LONGEST = {"direct": {}, "reflection": {"rounds": 3}, "multistep": {"steps": 3}}
"""Changes to a script by which a mode has a segment for each of its rows in the table."""


def expected(row: TrainingRow) -> list[bool]:
    """For each segment of a row whether it is trained, by the method's table."""
    images = max(s.index for s in row.segments if s.kind == "generation")
    trained = trained_segments(row.mode, images)
    return [s.role == "assistant" and (LETTER.get(s.kind), s.index) in trained for s in row.segments]


def full_row(mode: str) -> TrainingRow:
    """A row of this mode that holds every kind of segment in every position."""
    return climbed(mode, words="I draw it now.", **LONGEST[mode])


def row_without(monkeypatch: pytest.MonkeyPatch, mode: str, kind: str, position: str) -> TrainingRow:
    """The full row as the ladder makes it when its mask has lost a row: what that trained is masked, what it masked is trained."""

    def mutated(references, tokens):
        hit = [(token.kind, token.position) == (kind, position) for token in tokens]
        made = marks(references, [replace(t, trained=t.trained != h) for t, h in zip(tokens, hit, strict=True)])
        given = [kind == "reference"] * references + [kind == "instruction"]
        lost = [*(one and kind in GIVEN for one in given), *[False] * len(tokens)]
        losses = [
            replace(mark, loss=1.0, cfg_drop=False) if one else mark for mark, one in zip(made, lost, strict=True)
        ]
        specials = [m.next_special for m in losses]
        for n, is_lost in enumerate(lost):
            if is_lost and n:
                specials[n - 1] = "vision_start" if kind == "reference" else "im_start"
        return tuple(replace(mark, next_special=special) for mark, special in zip(losses, specials, strict=True))

    with monkeypatch.context() as patch:
        patch.setattr("stages.segments.marks", mutated)
        return full_row(mode)
