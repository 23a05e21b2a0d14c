"""Every row of the mask table counts: without it, labels are no longer those of the method's table."""

import pytest

from tests.training.mask_table import TABLE, expected, full_row, row_without
from tests.training.rows import RECIPE
from training.render.render import render
from training.render.tiny import Tiny

TINY = Tiny()


def trained(row):
    rendered = render(row, TINY.grammar, TINY.images)
    labelled = [(rendered.labels[s.start : s.stop] != -100) for s in rendered.spans if s.segment >= 0]
    assert all(one.all() or not one.any() for one in labelled)
    return [bool(one.all()) for one in labelled]


@pytest.mark.parametrize("mode", RECIPE.modes)
def test_labels_are_those_of_the_table(mode):
    assert trained(full_row(mode)) == expected(full_row(mode))


@pytest.mark.parametrize(("mode", "kind", "position", "loss"), TABLE, ids=[f"{m}-{k}-{p}" for m, k, p, _ in TABLE])
def test_a_row_of_the_mask_cannot_be_dropped(mode, kind, position, loss, monkeypatch):
    changed = row_without(monkeypatch, mode, kind, position)
    differing = [n for n, (a, b) in enumerate(zip(trained(changed), expected(changed), strict=True)) if a != b]
    assert differing
    assert {changed.segments[n].kind for n in differing} == {kind}
