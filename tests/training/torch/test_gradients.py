"""The gradient of the loss with respect to the logits: exactly zero where nothing is trained, non-zero where something is.

On a tiny Emu3 of transformers, with the loss that transformers computes from our labels.
"""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import Emu3ForConditionalGeneration, Emu3Processor

from tests.engines.tiny_vlm import tiny_emu3
from tests.output.factory import png
from tests.training.mask_table import TABLE, expected, full_row, row_without
from tests.training.rows import SIZE, climbed
from training.render.emu3 import Emu3Images, emu3_grammar
from training.render.packing import pack, packed
from training.render.parse import parse
from training.render.render import render
from training.row import ImageCell

pytestmark = pytest.mark.slow

CASES = [
    ("direct", {"references": 0}),
    ("direct", {}),
    *(("reflection", {"rounds": rounds, "references": rounds - 1}) for rounds in (1, 2, 3)),
    ("multistep", {"steps": 2}),
    ("multistep", {"steps": 4, "references": 2, "dialect": "think"}),
]


class Tiny:
    """A tiny Emu3 with its grammar and its images."""

    def __init__(self, folder):
        self.model = Emu3ForConditionalGeneration.from_pretrained(tiny_emu3(folder))
        processor = Emu3Processor.from_pretrained(folder)
        # fresh weights hardly look at what comes before, so that it would not matter what rows see
        with torch.no_grad():
            for name, weight in self.model.named_parameters():
                if "self_attn" in name:
                    weight.mul_(8)
        self.grammar, self.images = emu3_grammar(processor.tokenizer), Emu3Images(self.model, processor)

    def render(self, row):
        return render(row, self.grammar, self.images)

    def gradients(self, one):
        """The loss and, for each token of a packed sequence, whether the prediction of it has a gradient."""
        out = self.model(
            input_ids=torch.tensor(one.input_ids)[None],
            labels=torch.tensor(one.labels)[None],
            position_ids=torch.tensor(one.position_ids)[None],
            attention_mask=torch.tensor(one.attends)[None, None],
        )
        out.logits.retain_grad()
        out.loss.backward()
        moved = (out.logits.grad[0] != 0).any(dim=-1).numpy()
        # the logits of a place predict the next one
        self.logits = out.logits[0].detach().numpy()
        return float(out.loss.detach()), np.concatenate([[False], moved[:-1]]), bool(moved[-1])


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return Tiny(tmp_path_factory.mktemp("emu3"))


def trained_tokens(rendered, row):
    """The tokens that the method's table trains."""
    by_table = expected(row)
    wanted = np.zeros(len(rendered), bool)
    for span in rendered.spans:
        wanted[span.start : span.stop] = span.segment < 0 or by_table[span.segment]
    return wanted


def check(tiny, row):
    rendered = tiny.render(row)
    _, moved, beyond = tiny.gradients(packed([rendered], len(rendered)))
    assert (moved == trained_tokens(rendered, row)).all()
    assert not beyond
    return rendered


@pytest.mark.parametrize(("mode", "changes"), CASES)
def test_exactly_what_the_table_trains_has_a_gradient(tiny, mode, changes):
    row = climbed(mode, **changes)
    rendered = check(tiny, row)
    assert 0 < rendered.trained < len(rendered)
    assert parse(rendered.input_ids, None, tiny.grammar).mode == mode


@pytest.mark.parametrize("mode", ["direct", "reflection", "multistep"])
def test_words_of_an_image_model_have_none(tiny, mode):
    check(tiny, full_row(mode))


@pytest.mark.parametrize("length", [700, 2000, 4000])
def test_packed_rows_have_the_gradients_and_the_loss_of_each_alone(tiny, length):
    rows = [climbed(mode, seed=n, **changes) for n, (mode, changes) in enumerate(CASES)]
    rows = [row for row in rows if len(tiny.render(row)) <= length]
    alone = [tiny.gradients(packed([tiny.render(row)], len(tiny.render(row)))) for row in rows]
    tokens = np.array([tiny.render(row).trained for row in rows])
    at = 0
    sequences = list(pack(map(tiny.render, rows), length))
    assert any(len(one.rows) > 1 for one in sequences) or length == 700
    for one in sequences:
        loss, moved, _ = tiny.gradients(one)
        count = len(one.rows)
        own = [wanted for _, wanted, _ in alone[at : at + count]]
        rest = np.zeros(length - sum(map(len, own)), bool)
        assert (moved == np.concatenate([*own, rest])).all()
        mean = np.average([value for value, _, _ in alone[at : at + count]], weights=tokens[at : at + count])
        assert loss == pytest.approx(mean, abs=1e-5)
        at += count
    assert at == len(rows)


def test_rows_that_see_one_another_are_read_otherwise(tiny):
    """Without block attention predictions are not those of the row alone, so the test above can fail."""
    rows = [tiny.render(climbed("direct", seed=n)) for n in range(2)]
    one = packed(rows, sum(map(len, rows)))
    tiny.gradients(one)
    blocked = tiny.logits[len(rows[0]) :]
    tiny.gradients(replace(one, sequence_ids=np.zeros_like(one.sequence_ids)))
    seen = tiny.logits[len(rows[0]) :]
    tiny.gradients(packed(rows[1:], len(rows[1])))
    assert np.abs(tiny.logits - blocked).max() < 1e-4
    assert np.abs(tiny.logits - seen).max() > 1e-2


@pytest.mark.parametrize(("mode", "changes"), CASES)
def test_masked_segments_change_nothing_of_what_is_trained(tiny, mode, changes):
    row = climbed(mode, **changes)
    rng = random.Random(7)
    masked = [s for s in row.segments if not s.loss]
    swapped = {s.image_index for s in masked if s.type == "image"}
    swapped -= {s.image_index for s in row.segments if s.loss}
    cells = [
        ImageCell(png(rng.randrange(10**6), SIZE), cell.path) if n in swapped else cell
        for n, cell in enumerate(row.images)
    ]
    words = iter([f"other words {rng.randrange(10**9)}" for _ in row.segments])
    segments = [s if s.loss or s.text is None else replace(s, text=next(words)) for s in row.segments]
    other = replace(row, images=tuple(cells), segments=tuple(segments))
    first, second = tiny.render(row), check(tiny, other)
    assert list(first.labels[first.labels != -100]) == list(second.labels[second.labels != -100])
    assert not np.array_equal(first.input_ids, second.input_ids)


@pytest.mark.parametrize(("mode", "kind", "position", "loss"), TABLE, ids=[f"{m}-{k}-{p}" for m, k, p, _ in TABLE])
def test_the_proof_fails_without_a_row_of_the_mask(tiny, monkeypatch, mode, kind, position, loss):
    changed = row_without(monkeypatch, mode, kind, position)
    with pytest.raises(AssertionError):
        check(tiny, changed)
