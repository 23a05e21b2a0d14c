"""The shards in real DataLoaders with real workers: what is given out, states, ranks, epochs."""

import json
import warnings
from collections import Counter

import pytest
import torch
from torch.utils.data import DataLoader

from tests.training.loader.shards import write_shards
from training.loader.dataset import TrajDataset
from training.loader.loading import TrajLoader
from training.loader.problem import LoaderProblem

pytestmark = pytest.mark.slow
SIZES = [[5, 7, 3], [4, 6, 2, 8]]
ROWS = 35


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(write_shards(tmp_path_factory.mktemp("data") / "train", SIZES))


def number(row):
    return int(row.id.removeprefix("row-"))


def dataset(folder, rank=0, world=1, **options):
    return TrajDataset(folder, **({"seed": 3, "transform": number, "rank": rank, "world": world} | options))


def loader(folder, rank=0, world=1, workers=2, size=3, **options):
    return TrajLoader(dataset(folder, rank, world, **options), size, num_workers=workers)


def read(batches):
    return Counter(row for batch in batches for row in batch)


@pytest.mark.parametrize("workers", [0, 1, 2, 3])
def test_every_row_once_an_epoch_in_another_order_each(folder, workers):
    epochs = loader(folder, workers=workers, remainder="pad")
    first, second = list(epochs), list(epochs)
    assert set(read(first)) == set(read(second)) == set(range(ROWS))
    assert first != second
    assert epochs.epoch == 2
    again = loader(folder, workers=workers, remainder="pad")
    assert len(again) == len(first)
    assert list(again) == first


@pytest.mark.parametrize("workers", [0, 2, 3])
def test_a_stop_after_any_batch_changes_nothing(folder, workers):
    """Workers read ahead of what was given out: that comes again, and nothing is lost."""
    whole = loader(folder, workers=workers)
    first, second = list(whole), list(whole)
    for stop in range(1, len(first) + 1):
        stopped = loader(folder, workers=workers)
        batches = iter(stopped)
        before = [next(batches) for _ in range(stop)]
        state = json.loads(json.dumps(stopped.state_dict()))
        resumed = loader(folder, workers=workers)
        resumed.load_state_dict(state)
        if stop < len(first):
            assert len(resumed) == len(first) - stop
            assert before + list(resumed) == first
        assert (resumed.epoch, list(resumed)) == (1, second)


@pytest.mark.parametrize("world", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("workers", [2, 3])
def test_exact_in_every_cell(folder, world, workers):
    """Ranks step together, stop twice, and go on: with the same numbers in the same order, with others without loss."""
    whole = [list(loader(folder, rank, world, workers, 1)) for rank in range(world)]
    done = [[] for _ in range(world)]
    state = None
    for steps in (2, 1, 99):
        loaders = [loader(folder, rank, world, workers, 1) for rank in range(world)]
        for rank, each in enumerate(loaders):
            if state:
                each.load_state_dict(state)
            batches = iter(each)
            done[rank] += [batch for _, batch in zip(range(steps), batches, strict=False)]
            last = each.state_dict()
        state = last
        if len(done[0]) == len(whole[0]):
            break
    assert done == whole


@pytest.mark.parametrize(("world", "workers", "size"), [(1, 2, 3), (2, 3, 1), (8, 2, 1), (4, 0, 2)])
@pytest.mark.parametrize(("other_world", "other_workers"), [(1, 0), (2, 2), (3, 3), (8, 2)])
def test_ranks_and_workers_may_change(folder, world, workers, size, other_world, other_workers):
    before, state = [], None
    for rank in range(world):
        each = loader(folder, rank, world, workers, size)
        batches = iter(each)
        before += [next(batches) for _ in range(2)]
        state = each.state_dict()
    after = []
    for rank in range(other_world):
        each = loader(folder, rank, other_world, other_workers, size)
        each.load_state_dict(state)
        after += list(each)
        assert each.epoch == 1
    counts = read(before + after)
    assert set(counts.values()) == {1}
    assert ROWS - len(counts) < other_world * max(1, other_workers)


def test_a_dataloader_of_ones_own_says_what_it_gave(folder):
    mine = dataset(folder)
    batches = iter(DataLoader(mine, 3, num_workers=2, collate_fn=list))
    before = [next(batches) for _ in range(3)]
    with pytest.raises(LoaderProblem, match="say what was given out"):
        mine.state_dict()
    state = mine.state_dict(batches=3, batch_size=3, workers=2)
    resumed = dataset(folder)
    resumed.load_state_dict(state)
    assert before + list(DataLoader(resumed, 3, num_workers=2, collate_fn=list)) == list(loader(folder))


def test_without_workers_the_data_set_counts_itself(folder):
    whole, mine = list(dataset(folder)), dataset(folder)
    rows = iter(mine)
    before = [next(rows) for _ in range(11)]
    resumed = dataset(folder)
    resumed.load_state_dict(mine.state_dict())
    assert before + list(resumed) == whole
    resumed.load_state_dict(resumed.state_dict())
    assert resumed.epoch == 1
    assert list(resumed) != whole


@pytest.mark.parametrize("persistent", [False, True])
def test_epochs_of_a_plain_dataloader(folder, persistent):
    mine = dataset(folder)
    batches = DataLoader(mine, 3, num_workers=2, collate_fn=list, persistent_workers=persistent)
    ours = loader(folder)
    for epoch in range(3):
        mine.set_epoch(epoch)
        assert list(batches) == list(ours)


def test_drop_last_is_followed_by_the_next_epoch(folder):
    def short():
        return TrajLoader(dataset(folder), 4, num_workers=2, drop_last=True)

    whole = short()
    first, second = list(whole), list(whole)
    assert {len(batch) for batch in first} == {4}
    stopped = short()
    assert len(stopped) == len(first)
    batches = iter(stopped)
    for _ in first:
        next(batches)
    resumed = short()
    resumed.load_state_dict(stopped.state_dict())
    assert (resumed.epoch, list(resumed)) == (1, second)


def test_an_iteration_that_was_left_begins_again(folder):
    each = TrajLoader(dataset(folder), 3, num_workers=2, persistent_workers=True)
    next(iter(each))
    assert list(each) == list(loader(folder))
    with pytest.raises(LoaderProblem, match="persistent workers run already"):
        each.load_state_dict(loader(folder).state_dict())


def test_ranks_of_the_environment_and_of_torch(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "4")
    found = TrajDataset(folder)
    assert (found.rank, found.world) == (2, 4)
    torch.distributed.init_process_group("gloo", init_method=f"file://{tmp_path}/ranks", rank=0, world_size=1)
    try:
        found = TrajDataset(folder)
    finally:
        torch.distributed.destroy_process_group()
    assert (found.rank, found.world) == (0, 1)


def test_settings_that_do_not_fit(folder):
    with pytest.raises(LoaderProblem, match="rank and world belong together"):
        TrajDataset(folder, rank=1)
    with pytest.raises(LoaderProblem, match="rank 4 of 4"):
        TrajDataset(folder, rank=4, world=4)
    with pytest.raises(LoaderProblem, match="in_order=False"):
        TrajLoader(dataset(folder), 2, num_workers=2, in_order=False)
    with pytest.raises(LoaderProblem, match=r"35 rows for 64 streams"):
        list(loader(folder, world=32, workers=2))


def test_an_epoch_that_a_loaded_state_left_behind_is_told(folder):
    each = loader(folder)
    list(each)
    resumed = dataset(folder)
    resumed.load_state_dict(each.state_dict())
    with pytest.warns(UserWarning, match=r"set_epoch\(0\): the state that was loaded stands in epoch 1"):
        resumed.set_epoch(0)


def test_few_row_groups_are_told_once_by_one_rank(folder):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        for rank in (0, 1, 2):
            each = loader(folder, rank, world=8, workers=0)
            list(each)
            list(each)
    assert [str(one.message) for one in told if "row groups for" in str(one.message)] == [
        f"{folder}: 7 row groups for 8 streams (8 ranks x 1 workers): every row is still given to one stream, but a row group is "
        "read by about 2 of them; build with output.ranks: 8 or more"
    ]


def test_text_alone(folder):
    rows = list(dataset(folder, remainder="pad").iter_text())
    assert sorted(map(number, rows)) == list(range(ROWS))
    assert {image.bytes for row in rows for image in row.images} == {b""}
