"""The registry: what every backend says about itself, and that a further one needs a row of the table and nothing else."""

import asyncio
import subprocess
import sys

import pytest
import yaml

import prompts.catalogue
from pipeline.backends.contract import Access
from pipeline.backends.openai.spec import Provider
from pipeline.backends.registry import BACKENDS, backend
from pipeline.forecast.rates import prices
from pipeline.manifest.file import load
from pipeline.manifest.identity import fingerprint
from pipeline.manifest.spec import ManifestError
from pipeline.models import accesses, build, identities
from pipeline.storage.image_store import ImageStore
from stages.protocols import Message, TextReply, TextRequest

GOOD = {
    "world": ("world-analyzer", {"error_rate": 0.5}),
    "openai": ("any-name", {"temperature": 0.5}),
    "batch": ("any-name", {"steps": 5}),
    "diffusers": ("no/such-folder", {"steps": 4}),
    "transformers": ("any-name", {"temperature": 0.5}),
    "precomputed": ("any-name", {"steps": 5}),
    "vllm": ("any-name", {"temperature": 0.5}),
}
"""Backend -> a model's name and an option that changes its answers."""
ANY_OPTION = {"batch", "precomputed"}
"""Backends whose options are those of a worker that we do not know."""
HEAVY = {"openai", "httpx2", "ray", "numpy", "torch", "diffusers", "vllm"}
REQUEST = TextRequest((Message("user", "hear, hear"),), (), "evaluation", 1, 1)


class Echo:
    """A model that repeats the request."""

    max_output_tokens = 7

    def __init__(self, identity):
        self.identity = identity

    async def ask(self, request):
        return TextReply(request.messages[-1].content)


class EchoBackend:
    """A backend of its own, in this file."""

    needs_provider = False
    engine = "no"
    reads_kits = False

    def problems(self, model, options):
        if model != "echo":
            yield "model", f"there is no {model}; say echo"
        for name in options:
            if name != "loud":
                yield f"options.{name}", "unknown option; the only one is loud"

    def identity(self, model, revision, options):
        return f"echo/{model}@{revision}?{options}"

    def fixed_size(self, options):
        return "64x64"

    def open(self, access, store, pool):
        return Echo(self.identity(access.model, access.revision, access.options))


@pytest.fixture
def echo(monkeypatch):
    monkeypatch.setitem(BACKENDS, "echo", f"{__name__}:EchoBackend")


def manifest(folder, **analyzer):
    raw = {
        "name": "m",
        "sources": [{"kind": "world", "name": "w", "count": 1}],
        "prices": {"echo": {"image": {"64x64": 0.5, "other": 0.1}}},
        "models": {
            "baseline": {"model": "world-baseline"},
            "generator": {"model": "world-generator"},
            "analyzer": {"model": "echo", "backend": "echo"} | analyzer,
        },
    }
    (folder / "m.yaml").write_text(yaml.safe_dump(raw))
    return load(folder / "m.yaml")


def problems(folder, **analyzer):
    with pytest.raises(ManifestError) as caught:
        manifest(folder, **analyzer)
    return [line.partition(": ")[2] for line in caught.value.problems]


def listed():
    *others, last = map(repr, BACKENDS)
    return f"{', '.join(others)} or {last}"


def test_a_row_of_the_table_is_all_that_a_further_backend_needs(echo, tmp_path):
    made = manifest(tmp_path, options={"loud": True})
    (at,) = accesses(made, made.models.analyzer)
    model = build(at, ImageStore("memory://"), None)
    assert asyncio.run(model.ask(REQUEST)).text == "hear, hear"
    assert model.identity == identities(made)["analyzer"] == "echo/echo@1?{'loud': True}"
    assert prices(made)["analyzer"].image == 0.5
    assert fingerprint(made, prompts.catalogue.load().hashes)


def test_its_problems_are_those_of_the_manifest(echo, tmp_path):
    assert problems(tmp_path, model="ecko", options={"lout": 1})[:2] == [
        "models.analyzer.model: there is no ecko; say echo",
        "models.analyzer.options.lout: unknown option; the only one is loud",
    ]
    assert problems(tmp_path, provider="p") == [
        "models.analyzer: the echo backend asks no provider; leave provider and failover out"
    ]
    assert problems(tmp_path, backend="eco") == [f"models.analyzer.backend: got 'eco'; it should be {listed()}"]


def test_without_the_row_its_name_is_refused(tmp_path):
    assert problems(tmp_path) == [f"models.analyzer.backend: got 'echo'; it should be {listed()}"]
    with pytest.raises(KeyError, match="echo"):
        backend("echo")


def test_every_backend_is_tested_here():
    assert set(GOOD) == set(BACKENDS)


@pytest.mark.parametrize("name", BACKENDS)
def test_every_backend_keeps_the_contract(name):
    described, (model, options) = backend(name), GOOD[name]
    store, provider = ImageStore("memory://"), Provider(base_url="http://127.0.0.1:1/v1")
    assert list(described.problems(model, options)) == []
    assert described.fixed_size(options) is None
    identity = described.identity(model, "3", options)
    assert identity.startswith(f"{name}/{model}@3?")
    assert described.identity(model, "3", {}) == f"{name}/{model}@3"
    at = Access(name, "there", provider if described.needs_provider else None, model, "3", options)
    if described.engine != "must":  # what loads weights is opened in tests/engines
        assert described.open(at, store, object()).identity == identity

    if name in ANY_OPTION:
        return
    wrong = dict(described.problems(model, {"temprature": 9}))
    assert list(wrong) == ["options.temprature"]
    with pytest.raises(ValueError, match="temprature"):
        described.identity(model, "3", {"temprature": 9})
    with pytest.raises(ValueError, match="temprature"):
        described.open(Access(name, "there", at.provider, model, "3", {"temprature": 9}), store, object())


def test_the_descriptions_load_no_heavy_library():
    code = (
        "import sys; from pipeline.backends.registry import BACKENDS, backend; "
        "[backend(name) for name in BACKENDS]; print(*{name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "pydantic" in loaded
    assert not HEAVY & set(loaded)
