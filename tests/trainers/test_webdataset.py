"""WebDataset's own reader on our tar files, undecoded: every row, image by image, and the row again."""

import json

import pytest
import webdataset

from tests.trainers.exports import DATA
from training.export import webdataset as exported

pytestmark = pytest.mark.slow


def test_webdataset_reads_every_row_in_order():
    path = DATA / "webdataset-interleaved" / "train" / "train-000000.tar"
    read = list(webdataset.WebDataset(str(path), shardshuffle=False))
    rows = list(exported.read(path))
    assert [sample["__key__"] for sample in read] == [row.id for row in rows]
    assert rows
    for sample, row in zip(read, rows, strict=True):
        facts = json.loads(sample["json"])
        assert [sample[name] for name in facts["files"]] == [cell.bytes for cell in row.images]
        own = {name: value for name, value in sample.items() if not name.startswith("__")}
        assert exported.row_of(own, "here") == row


def test_webdataset_decodes_its_images():
    path = DATA / "webdataset-interleaved" / "train" / "train-000000.tar"
    for sample in webdataset.WebDataset(str(path), shardshuffle=False).decode("pil"):
        assert all(sample[name].size == (16, 24) for name in sample["json"]["files"])


def test_the_loader_for_energon_makes_an_interleaved_sample():
    folder = DATA / "webdataset-interleaved" / "train"
    names: dict = {}
    exec((folder / ".nv-meta" / "sample_loader.py").read_text(), names)
    for sample in webdataset.WebDataset(str(folder / "train-000000.tar"), shardshuffle=False).decode():
        made = names["sample_loader"](sample)
        pairs = list(zip(made["images"], made["texts"], strict=True))
        assert all((image is None) != (text is None) for image, text in pairs)
        assert len(pairs) == len(made["loss"])
