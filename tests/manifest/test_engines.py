"""The engines of a manifest: each is named by a model that can run in one, and none changes a row."""

import pytest
import yaml

import prompts.catalogue
from pipeline.backends.contract import Access
from pipeline.manifest.file import load
from pipeline.manifest.identity import fingerprint
from pipeline.manifest.spec import ManifestError
from pipeline.models import accesses, identities

HASHES = prompts.catalogue.load().hashes
URL = "http://127.0.0.1:1/v1"


def manifest(folder, engines=None, **roles):
    models = {role: {"model": f"world-{role}"} | roles.get(role, {}) for role in ("baseline", "generator", "analyzer")}
    raw = {"name": "m", "sources": [{"kind": "world", "name": "w", "count": 1}], "models": models}
    if engines is not None:
        raw["engines"] = engines
    raw["providers"] = {"p": {"base_url": URL}}
    (folder / "m.yaml").write_text(yaml.safe_dump(raw))
    return load(folder / "m.yaml")


def problems(folder, engines=None, **roles):
    with pytest.raises(ManifestError) as caught:
        manifest(folder, engines, **roles)
    return [line.partition(": ")[2] for line in caught.value.problems]


def test_a_model_in_an_engine_is_known_by_it_and_by_nothing_else(tmp_path):
    made = manifest(tmp_path, {"e": {"batch": 8, "batch_wait_s": 0.2}}, generator={"engine": "e", "revision": "7"})
    assert list(accesses(made, made.models.generator)) == [
        Access("world", "e", None, "world-generator", "7", {}, batch=8, batch_wait_s=0.2)
    ]
    assert identities(made)["generator"] == "world/world-generator@7"


def test_engines_change_no_row(tmp_path):
    without = manifest(tmp_path)
    hosted = manifest(
        tmp_path, {"e": {"gpus": 0.5, "replicas": 3}}, generator={"engine": "e"}, baseline={"engine": "e"}
    )
    assert fingerprint(without, HASHES) == fingerprint(hosted, HASHES)


@pytest.mark.parametrize(
    ("engines", "roles", "problem"),
    [
        ({"drawing": {}}, {"generator": {"engine": "drawign"}}, "did you mean drawing?"),
        (
            None,
            {"generator": {"engine": "e"}},
            "models.generator runs in the engine 'e', which engines lacks; add it there",
        ),
        ({"e": {}}, {}, "engines.e hosts no model; name it as engine of one, or leave it out"),
        ({"world": {}}, {"generator": {"engine": "world"}}, "engines.world: a backend is called so, too"),
        ({"p": {}}, {"generator": {"engine": "p"}}, "engines.p: a provider is called so, too"),
        (
            {"e": {}},
            {"analyzer": {"backend": "openai", "provider": "p", "engine": "e"}},
            "models.analyzer: the openai backend asks a server and runs in no engine; leave engine out",
        ),
        ({"e": {"gpus": 1.5}}, {"generator": {"engine": "e"}}, "engines.e: gpus: 1.5 are no whole devices"),
        ({"e": {"gpu": 1}}, {"generator": {"engine": "e"}}, "engines.e.gpu: unknown key; did you mean gpus?"),
        ({"e": {"resources": {"h100": 0}}}, {"generator": {"engine": "e"}}, "engines.e.resources.h100: got 0"),
        ({"../e": {}}, {"generator": {"engine": "../e"}}, "engines"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, engines, roles, problem):
    assert any(problem in line for line in problems(tmp_path, engines, **roles))


def test_a_backend_that_needs_an_engine_says_so(tmp_path, monkeypatch):
    from pipeline.backends.world.description import WorldBackend

    monkeypatch.setattr(WorldBackend, "engine", "must")
    assert "models.generator: the world backend runs in an engine; name one of those under engines" in problems(
        tmp_path, {"e": {}}, baseline={"engine": "e"}
    )
