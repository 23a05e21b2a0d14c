"""Shards in an S3 bucket and on a hub, which real local servers play: read by workers, resumed, text without images, what is
refused.
"""

from collections import Counter

import pytest

from tests.serving import serving
from tests.training.hub import REPOSITORY, hub
from tests.training.loader.shards import write_shards
from training.loader.dataset import TrajDataset
from training.loader.loading import TrajLoader
from training.loader.problem import LoaderProblem

moto_server = pytest.importorskip("moto.server")
s3fs = pytest.importorskip("s3fs")
pytestmark = pytest.mark.slow
SIZES = [[5, 7, 3], [4, 6, 2, 8]]


@pytest.fixture(scope="module")
def s3_options():
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
def folder(tmp_path_factory):
    return write_shards(tmp_path_factory.mktemp("data") / "sft" / "train", SIZES)


@pytest.fixture(scope="module")
def s3(s3_options, folder):
    store = s3fs.S3FileSystem(**s3_options)
    store.mkdir("shards")
    for path in folder.iterdir():
        store.put(str(path), f"shards/sft/train/{path.name}")
    return "s3://shards/sft/train", s3_options


@pytest.fixture(scope="module")
def hf(folder):
    with serving(hub(folder.parent.parent)) as url:
        yield f"hf://datasets/{REPOSITORY}/sft/train", {"endpoint": url, "token": "hush"}


@pytest.fixture(params=["s3", "hf"])
def remote(request):
    """The address of the shards, and what opens it."""
    return request.getfixturevalue(request.param)


def number(row):
    return int(row.id.removeprefix("row-"))


def loader(remote, workers):
    place, options = remote
    data = TrajDataset(place, seed=3, remainder="pad", transform=number, storage_options=options, rank=0, world=1)
    return TrajLoader(data, 3, num_workers=workers)


@pytest.mark.parametrize("workers", [0, 2])
def test_rows_come_from_afar(remote, workers):
    whole = list(loader(remote, workers))
    assert set(Counter(row for batch in whole for row in batch)) == set(range(35))
    begun = loader(remote, workers)
    batches = iter(begun)
    before = [next(batches) for _ in range(3)]
    resumed = loader(remote, workers)
    resumed.load_state_dict(begun.state_dict())
    assert before + list(resumed) == whole


def test_the_data_set_is_the_same_there(remote, folder):
    place, options = remote
    here = TrajDataset(str(folder), rank=0, world=1)
    there = TrajDataset(place, storage_options=options, rank=0, world=1)
    assert here.plan.identity == there.plan.identity
    assert [number(row) for row in there.iter_text()] == [number(row) for row in here.iter_text()]


def test_a_place_without_shards(remote):
    place, options = remote
    with pytest.raises(LoaderProblem) as caught:
        TrajDataset(place.replace("sft/train", "nowhere"), storage_options=options, rank=0, world=1)
    assert "no such folder" in str(caught.value)
    assert "hush" not in str(caught.value)
