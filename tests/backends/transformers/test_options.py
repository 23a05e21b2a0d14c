"""The options of the transformers backend, without its library."""

import subprocess
import sys

import pytest

from pipeline.backends.contract import Access
from pipeline.backends.registry import backend
from pipeline.backends.transformers.options import LOADING, NOT_NAMED, TransformersOptions
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead

CHANGED = {
    "dtype": "float32",
    "device": "cuda:1",
    "attention": "eager",
    "temperature": 0.5,
    "top_p": 0.5,
    "top_k": 5,
    "max_new_tokens": 5,
    "structured": "none",
    "logprobs": True,
    "template": {"enable_thinking": False},
    "processor": {"max_pixels": 1000},
    "words": 5,
    "guidance": 1.0,
    "draw_temperature": 0.5,
    "draw_top_k": 5,
    "negative": "blurred",
}


def test_every_option_is_part_of_the_identity_but_where_a_model_runs():
    described = backend("transformers")
    plain = described.identity("m", "1", {})
    assert set(CHANGED) == set(TransformersOptions.model_fields)
    changed = {name: described.identity("m", "1", {name: value}) for name, value in CHANGED.items()}
    assert {name for name, identity in changed.items() if identity == plain} == set(NOT_NAMED) == {"device"}
    assert len(set(changed.values())) == len(CHANGED)
    assert set(LOADING) < set(CHANGED)


@pytest.mark.parametrize(
    ("options", "name", "text"),
    [
        ({"temprature": 1.0}, "temprature", "did you mean temperature?"),
        ({"guidance": 0.5}, "guidance", "greater than or equal to 1"),
        ({"max_new_tokens": 0}, "max_new_tokens", "greater than or equal to 1"),
        ({"structured": "grammar"}, "structured", "'json_schema' or 'none'"),
        ({"dtype": "int8"}, "dtype", "'float32'"),
    ],
)
def test_a_wrong_option_is_named_with_its_remedy(options, name, text):
    [(named, problem)] = TransformersOptions.problems(options)
    assert named == name
    assert text in problem


def test_without_the_library_a_model_is_dead_by_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    at = Access("transformers", "engine", None, "somewhere", "1")
    with pytest.raises(EngineDead, match=r"needs torch.*install x2i-ladder\[transformers\]"):
        backend("transformers").open(at, ImageStore("memory://"), None)
    with pytest.raises(ValueError, match="temprature"):
        backend("transformers").open(
            Access("transformers", "e", None, "m", "1", {"temprature": 1}), ImageStore("memory://"), None
        )


def test_its_description_loads_no_library():
    code = (
        "import sys; from pipeline.backends.registry import backend; "
        "backend('transformers').identity('m', '1', {}); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "transformers", "numpy"} & set(loaded)
