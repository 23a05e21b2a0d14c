"""A build that is damaged or written anew while it is under review: people go on with what can be shown."""

import shutil

import pyarrow.parquet as pq
import pytest

from pipeline.output.record import files
from pipeline.review.errors import ReviewError
from pipeline.review.preparing import prepare
from pipeline.review.web.address import address
from pipeline.review.web.app import review_app
from pipeline.review.web.desk import ReviewDesk
from tests.review.web.conftest import ALONE
from tests.review.web.visiting import BASE, PORT, Client


@pytest.fixture
def copied(reviewed, tmp_path):
    return shutil.copytree(reviewed, tmp_path / "copy")


def test_a_row_that_cannot_be_read_is_skipped_and_the_next_one_comes(copied):
    with prepare(copied, settings=ALONE) as store:
        invitation = store.invite("Bob", "reviewer")
        lost = store.claim("Bob").item.sample_id
        _drop(copied, lost)
        client = Client(review_app(ReviewDesk(store, copied), address("127.0.0.1", PORT, None)), BASE)
        client.come_in(invitation)
        assert client.get("/review").status_code == 200
        broken, whole, *_ = client.items()
        assert broken.sample == lost
        assert "cannot be shown" in broken.html
        assert "cannot be shown" not in whole.html
        assert client.judge(broken).status_code == 400, "nobody judges what they do not see"
        assert client.write("/skip", {"token": broken.token, "reason": "An image does not load"}).status_code == 204
        assert client.items()[0].sample == whole.sample
        assert client.judge(whole).status_code == 204


def _drop(out, sample):
    for path in files(out):
        table = pq.read_table(path)
        pq.write_table(table.filter([name != sample for name in table["id"].to_pylist()]), path)


def test_a_record_of_another_version_is_refused_at_the_start_though_its_items_are_drawn(copied):
    with prepare(copied, settings=ALONE) as store:
        assert store.items()
        for path in files(copied):
            pq.write_table(pq.read_table(path).drop_columns(["citation"]), path)
        with pytest.raises(ReviewError, match="it lacks citation; build it with --fork"):
            ReviewDesk(store, copied).look_up()
