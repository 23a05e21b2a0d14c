"""Shards in an S3 bucket, which a real local server plays: read by workers, resumed, text without images, what is refused."""

from collections import Counter

import pytest

from tests.training.loader.shards import write_shards
from training.loader.dataset import TrajDataset
from training.loader.loading import TrajLoader
from training.loader.problem import LoaderProblem

moto_server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")
pytestmark = pytest.mark.slow
SIZES = [[5, 7, 3], [4, 6, 2, 8]]


@pytest.fixture(scope="module")
def options():
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _, port = server.get_host_and_port()
    yield {
        "key": "k",
        "secret": "hush",
        "client_kwargs": {"endpoint_url": f"http://127.0.0.1:{port}"},
    }
    server.stop()


@pytest.fixture(scope="module")
def bucket(options, tmp_path_factory):
    folder = write_shards(tmp_path_factory.mktemp("data") / "train", SIZES)
    store = s3fs.S3FileSystem(**options)
    store.mkdir("shards")
    for path in folder.iterdir():
        store.put(str(path), f"shards/sft/train/{path.name}")
    return "s3://shards/sft/train"


def number(row):
    return int(row.id.removeprefix("row-"))


def loader(bucket, options, workers):
    data = TrajDataset(bucket, seed=3, remainder="pad", transform=number, storage_options=options, rank=0, world=1)
    return TrajLoader(data, 3, num_workers=workers)


@pytest.mark.parametrize("workers", [0, 2])
def test_rows_come_from_a_bucket(bucket, options, workers):
    whole = list(loader(bucket, options, workers))
    assert set(Counter(row for batch in whole for row in batch)) == set(range(35))
    begun = loader(bucket, options, workers)
    batches = iter(begun)
    before = [next(batches) for _ in range(3)]
    resumed = loader(bucket, options, workers)
    resumed.load_state_dict(begun.state_dict())
    assert before + list(resumed) == whole


def test_the_bucket_holds_the_same_data_set(bucket, options, tmp_path):
    here = TrajDataset(str(write_shards(tmp_path, SIZES)), rank=0, world=1)
    there = TrajDataset(bucket, storage_options=options, rank=0, world=1)
    assert here.plan.identity == there.plan.identity
    assert [number(row) for row in there.iter_text()] == [number(row) for row in here.iter_text()]


def test_a_bucket_without_shards(bucket, options):
    with pytest.raises(LoaderProblem) as caught:
        TrajDataset("s3://shards/nowhere", storage_options=options, rank=0, world=1)
    assert "no such folder" in str(caught.value)
    assert "hush" not in str(caught.value)
