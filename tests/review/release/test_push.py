"""A release reaches a hub in one commit, whole, and takes the place of an earlier one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from huggingface_hub import constants

from pipeline.release.place import ReleaseError
from pipeline.release.push import push
from tests.review.release.hub import REPOSITORY, taking_hub
from tests.review.release.test_killed import bytes_of
from tests.serving import serving

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
TOKEN = "hf_" + "t" * 20


@pytest.fixture
def signed_in(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    # the hub of the tests takes large files by the LFS protocol, not by Xet's
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)


def test_a_release_reaches_the_hub_whole_and_takes_the_place_of_an_earlier_one(reviewed, tmp_path, signed_in):
    reviewed.judge(lambda item: "accept")
    reviewed.release()
    there = tmp_path / "hub"
    (there / "sft/train").mkdir(parents=True)
    (there / "sft/train/train-00007-of-00008.parquet").write_bytes(b"withdrawn")
    (there / ".gitattributes").write_text("theirs")
    app = taking_hub(there, TOKEN)
    with serving(app) as url:
        commit = push(reviewed.target, REPOSITORY, url)
        assert commit.startswith(f"{url}/datasets/{REPOSITORY}/commit/")
    held = bytes_of(there)
    assert held.pop(".gitattributes") == b"theirs"
    assert held == bytes_of(reviewed.target)
    assert app.state.created[0].get("visibility") == "private" or app.state.created[0].get("private")


def test_a_hub_that_refuses_is_one_line_without_the_token(reviewed, tmp_path, signed_in, monkeypatch):
    reviewed.judge(lambda item: "accept")
    reviewed.release()
    monkeypatch.setenv("HF_TOKEN", "hf_" + "w" * 20)
    with serving(taking_hub(tmp_path, TOKEN)) as url:
        with pytest.raises(ReleaseError, match=r"is written, and .* did not take it \(.*401") as caught:
            push(reviewed.target, REPOSITORY, url)
        assert "w" * 20 not in str(caught.value)
        with pytest.raises(ReleaseError, match="did not take it"):
            push(reviewed.target, "no such/na me", url)
    (reviewed.target / "more.txt").write_text("x")
    with pytest.raises(ReleaseError, match=r"not pushed, more\.txt: is not listed"):
        push(reviewed.target, REPOSITORY, url)


def test_the_command_pushes_what_it_wrote(reviewed, tmp_path):
    reviewed.judge(lambda item: "accept")
    with serving(taking_hub(tmp_path / "hub", TOKEN)) as url:
        environment = {**os.environ, "HF_ENDPOINT": url, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1"}
        command = [sys.executable, "-m", "pipeline", "release", str(reviewed.out), "--push", REPOSITORY]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{url}/datasets/{REPOSITORY}/commit/" in done.stdout
    assert bytes_of(tmp_path / "hub") == bytes_of(reviewed.target)
