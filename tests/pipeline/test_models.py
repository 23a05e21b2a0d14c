"""Models from their specs: where each is asked, in order, and who it is, whatever its address."""

import yaml

import prompts.catalogue
from pipeline.manifest.file import load
from pipeline.manifest.identity import fingerprint
from pipeline.models import accesses, identities

BASE = {
    "name": "m",
    "sources": [{"kind": "world", "name": "w", "count": 1}],
    "providers": {
        "near": {"base_url": "http://127.0.0.1:1/v1", "api_key_env": "NEAR_KEY"},
        "far": {"base_url": "https://far.example/v1"},
    },
    "models": {
        "baseline": {"backend": "openai", "provider": "near", "model": "painter"},
        "generator": {"model": "world-generator"},
        "analyzer": {
            "backend": "openai",
            "provider": "near",
            "model": "judge",
            "revision": "2",
            "options": {"temperature": 0.5},
            "failover": [{"provider": "far"}, {"provider": "far", "model": "vendor/judge"}],
        },
    },
}


def manifest(tmp_path, *overrides):
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(BASE))
    return load(tmp_path / "m.yaml", list(overrides))


def test_an_identity_names_each_model_that_may_answer_once_and_no_place(tmp_path):
    assert identities(manifest(tmp_path)) == {
        "baseline": "openai/painter@1",
        "generator": "world/world-generator@1",
        "analyzer": "openai/judge@2?temperature=0.5|openai/vendor/judge@2?temperature=0.5",
    }


def test_who_is_asked_in_order(tmp_path):
    made = manifest(tmp_path)
    places = [(at.name, at.model, at.revision) for at in accesses(made, made.models.analyzer)]
    assert places == [("near", "judge", "2"), ("far", "judge", "2"), ("far", "vendor/judge", "2")]
    (alone,) = accesses(made, made.models.generator)
    assert (alone.name, alone.provider) == ("world", None)


def test_another_place_of_the_same_model_is_the_same_data_set_and_another_model_is_not(tmp_path):
    hashes = prompts.catalogue.load().hashes

    def of(*overrides):
        return fingerprint(manifest(tmp_path, *overrides), hashes)

    same = (
        ["providers.near.base_url=http://127.0.0.1:2/v1", "providers.near.requests_per_minute=9"],
        ["models.baseline.provider=far"],
        ["models.baseline.failover=[{provider: far}]"],
        [
            "prices={judge: {request: 1}, painter: {image: 1}, vendor/judge: {}, world-generator: {}}",
            "run.budget_usd=3",
        ],
        ["run.retries=1", "run.concurrency=2"],
    )
    assert {of(*overrides) for overrides in same} == {of()}
    others = (["models.baseline.failover=[{provider: far, model: other}]"], ["models.analyzer.options={}"])
    assert of() not in {of(*overrides) for overrides in others}
