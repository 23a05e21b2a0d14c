"""The demo in full, built twice in different ways: not one byte may differ. Minutes long; run by `make test-identity`."""

import json

import pytest

from pipeline.manifest.forms import PRODUCTS
from tests.pipeline.test_build import DEMO, hash_files, x2i

QUOTAS = "quotas={direct: 50, reflection: 30, multistep: 30, rl: 15}"


@pytest.mark.slow
@pytest.mark.parametrize("quotas", [[], ["--set", QUOTAS]])
def test_240_samples_make_the_same_bytes_with_1_and_16_blocks(tmp_path, quotas):
    hashes = {}
    for blocks, concurrency, workers in ((1, 7, 1), (16, 48, 3)):
        out = tmp_path / str(blocks)
        run = [f"run.blocks={blocks}", f"run.concurrency={concurrency}", f"run.workers={workers}"]
        x2i("build", DEMO, "--out", out, *quotas, *(word for one in run for word in ("--set", one)))
        x2i("verify", out)
        hashes[blocks] = hash_files(out)
        print(json.loads((out / "run.json").read_text())["counts"])
    assert hashes[1] == hashes[16]
    assert {name.split("/")[0] for name in hashes[1]} == set(PRODUCTS)
