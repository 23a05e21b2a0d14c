"""Folders of tiny models, made once a test run, and an empty store. `make test-engines` installs what these tests need."""

from importlib.util import find_spec

import pytest

from pipeline.storage.image_store import ImageStore
from tests.engines.asking import end_loop

# the default tests run where the libraries of engines are not installed, and must not stumble over imports there
collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """Name of a tiny model -> its folder."""
    made = {}

    def folder(name):
        if name not in made:
            from tests.engines import tiny_vlm

            make = {
                "reader": tiny_vlm.tiny_reader,
                "judge": lambda at: tiny_vlm.tiny_reader(at, tiny_vlm.JUDGE),
                "short": lambda at: tiny_vlm.tiny_reader(at, context=128),
                "emu3": tiny_vlm.tiny_emu3,
                "janus": tiny_vlm.tiny_janus,
            }
            made[name] = make[name](tmp_path_factory.mktemp(name))
        return made[name]

    return folder


@pytest.fixture(scope="session", autouse=True)
def models_end():
    yield
    end_loop()


@pytest.fixture
def store(tmp_path):
    return ImageStore(str(tmp_path / "images"))
