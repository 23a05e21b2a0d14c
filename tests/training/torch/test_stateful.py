"""torchdata's StatefulDataLoader over the shards: it resumes by itself, and its state serves other numbers of ranks and workers."""

import json
from collections import Counter

import pytest

from tests.training.loader.shards import write_shards
from training.loader.dataset import TrajDataset
from training.loader.loading import TrajLoader
from training.loader.problem import LoaderProblem
from training.loader.stateful import rank_state

torchdata = pytest.importorskip("torchdata.stateful_dataloader")
pytestmark = pytest.mark.slow
SIZES = [[5, 7, 3], [4, 6, 2, 8]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(write_shards(tmp_path_factory.mktemp("data") / "train", SIZES))


def number(row):
    return int(row.id.removeprefix("row-"))


def dataset(folder, rank=0, world=1):
    return TrajDataset(folder, seed=3, rank=rank, world=world, transform=number)


def loader(data, workers, size=3, **options):
    return torchdata.StatefulDataLoader(data, batch_size=size, num_workers=workers, collate_fn=list, **options)


def rows(batches):
    return [row for batch in batches for row in batch]


@pytest.mark.parametrize("workers", [0, 2, 3])
def test_it_resumes_after_any_batch(folder, workers):
    whole = list(loader(dataset(folder), workers))
    assert whole == list(TrajLoader(dataset(folder), 3, num_workers=workers))
    for stop in range(1, len(whole)):
        begun = loader(dataset(folder), workers)
        batches = iter(begun)
        before = [next(batches) for _ in range(stop)]
        resumed = loader(dataset(folder), workers)
        resumed.load_state_dict(json.loads(json.dumps(begun.state_dict())))
        assert before + list(resumed) == whole


@pytest.mark.parametrize("workers", [0, 2])
def test_the_epoch_after_the_last_batch_is_whole(folder, workers):
    """A state from the very end leaves an empty rest, and the next epoch is read in full."""
    following = TrajLoader(dataset(folder), 3, num_workers=workers)
    first, second = list(following), list(following)
    begun = loader(dataset(folder), workers)
    batches = iter(begun)
    assert [next(batches) for _ in first] == first
    data = dataset(folder)
    resumed = loader(data, workers)
    resumed.load_state_dict(begun.state_dict())
    assert list(resumed) == []
    data.set_epoch(1)
    assert list(resumed) == second


@pytest.mark.parametrize(("workers", "other_world", "other_workers"), [(2, 1, 3), (3, 2, 2), (2, 4, 0), (0, 3, 2)])
def test_its_state_serves_other_numbers(folder, workers, other_world, other_workers):
    begun = loader(dataset(folder), workers)
    batches = iter(begun)
    before = rows(next(batches) for _ in range(4))
    state = rank_state(begun.state_dict())
    after = []
    for rank in range(other_world):
        data = dataset(folder, rank, other_world)
        data.load_state_dict(state)
        after += rows(loader(data, other_workers))
    counts = Counter(before + after)
    assert set(counts.values()) == {1}
    assert 35 - len(counts) < other_world * max(1, other_workers)


def test_all_ranks_by_their_own_states(folder):
    states, before = [], []
    for rank, steps in ((0, 2), (1, 4)):
        begun = loader(dataset(folder, rank, 2), 2)
        batches = iter(begun)
        before += rows(next(batches) for _ in range(steps))
        states.append(rank_state(begun.state_dict()))
    data = TrajDataset(folder, seed=3, rank=0, world=1, remainder="pad", transform=number)
    data.load_state_dict(states)
    assert Counter(before + list(data)) == Counter(range(35))


def test_other_numbers_and_foreign_states_are_told(folder):
    begun = loader(dataset(folder), 2, snapshot_every_n_steps=3)
    batches = iter(begun)
    next(batches)
    with pytest.raises(LoaderProblem, match="snapshot_every_n_steps=1"):
        rank_state(begun.state_dict())
    with pytest.raises(LoaderProblem, match="not of torchdata's StatefulDataLoader"):
        rank_state({"step": 3})
    state = begun.state_dict()["_snapshot"]["_worker_snapshots"]["worker_0"]["dataset_state"]
    with pytest.raises(LoaderProblem, match=r"of one worker only.*rank_state\(\)"):
        dataset(folder).load_state_dict(state)
