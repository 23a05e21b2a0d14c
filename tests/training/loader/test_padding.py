"""Rows that `remainder="pad"` repeats: they are rendered and planned like any other, and no token of them is trained."""

import pytest

from tests.training.loader.shards import write_file
from tests.training.rows import climbed
from training.loader.files import ShardPlace
from training.loader.footers import open_shards
from training.loader.plan import ReadingPlan
from training.render.bagel import plan_of
from training.render.render import render
from training.render.tiny import Tiny

TINY = Tiny()


@pytest.mark.parametrize("epoch", range(3))
def test_a_row_that_is_padding_is_rendered_and_no_token_of_it_is_trained(tmp_path, epoch):
    rows = [climbed(mode, seed=n) for n, mode in enumerate(("direct", "reflection", "multistep"))]
    write_file(tmp_path / "train-00000-of-00001.parquet", [rows])
    reading = ReadingPlan(open_shards(ShardPlace.of(str(tmp_path), None)), 0, "rows", "pad")
    cursor = reading.begin(epoch, 2, 1)
    read = [row for rank in (0, 1) for row in reading.rows(cursor, rank, 0)]
    trained = [render(row, TINY.grammar, TINY.images).trained for row in read]
    assert sorted(count > 0 for count in trained) == [False, True, True, True]
    padding = read[trained.index(0)]
    assert [row.id for row in read].count(padding.id) == 2
    assert not any(element.loss or element.special for element in plan_of(padding))
