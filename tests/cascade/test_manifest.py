"""Named generators in a manifest: names agree, and a manifest without any is what it always was."""

import json
from pathlib import Path

import pytest
import yaml

from pipeline.forecast.declaration import declaration
from pipeline.forecast.declared import DeclaredRates
from pipeline.forecast.forecast import forecast
from pipeline.manifest.file import load
from pipeline.manifest.identity import fingerprint, load_prompts, meaning, resolved
from pipeline.manifest.spec import Manifest, ManifestError
from pipeline.models import identities

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "manifests" / "cascade-demo.yaml"
CHEAP = {"model": "world-generator-cheap"}
REFLECT = "policy.generators={reflect: [cheap, strong]}"
BOTH = "models.generators={cheap: {model: world-generator-cheap}, strong: {model: world-generator-strong}}"


def written(folder: Path, **keys: object) -> Path:
    models = {role: {"model": f"world-{role}"} for role in ("baseline", "generator", "analyzer")}
    sources = [{"kind": "world", "name": "w", "count": 4}]
    path = folder / "m.yaml"
    path.write_text(yaml.safe_dump({"name": "m", "sources": sources, "models": models} | keys))
    return path


def hashed(manifest: Manifest) -> str:
    return fingerprint(manifest, load_prompts(manifest.recipe, kits=manifest.models.kits.values()).hashes)


def test_a_manifest_without_named_generators_has_no_new_keys(tmp_path):
    manifest = load(written(tmp_path))
    for data in (resolved(manifest), meaning(manifest, {})):
        assert "generators" not in json.dumps(data)
    empty = load(written(tmp_path), ["policy.generators={}", "models.generators={}"])
    assert hashed(empty) == hashed(manifest)


def test_all_that_a_cascade_is_made_of_is_in_the_fingerprint(tmp_path):
    path = written(tmp_path)
    changes = [
        [BOTH, REFLECT],
        [BOTH, "policy.generators={reflect: [cheap, strong, strong], multistep: cheap}"],
        [BOTH, "policy.generators={reflect: [strong, cheap]}"],
        [BOTH, REFLECT, "models.generators.strong.options={ability: 0.9}"],
        [BOTH, REFLECT, "models.generators.strong.revision='2'"],
    ]
    assert len({hashed(load(path, change)) for change in [[], *changes]}) == 1 + len(changes)


def test_it_survives_the_lock_file(tmp_path):
    manifest = load(written(tmp_path), [BOTH, REFLECT])
    assert Manifest.model_validate(resolved(manifest)) == manifest


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([REFLECT], "policy.generators.reflect names 'cheap', which models.generators lacks"),
        (
            [BOTH, "policy.generators={reflect: cheep}"],
            "names 'cheep', which models.generators lacks; did you mean cheap",
        ),
        ([BOTH, "policy.generators={reflect: cheap}"], "models.generators.strong would never draw"),
        ([BOTH], "models.generators.cheap would never draw"),
        (["models.generators={generator: {model: world-generator}}"], "generator is the default one"),
        (["models.generators={'a.b': {model: world-generator}}"], "is no name of a generator"),
        (
            ["models.generators={a: {model: world-generatr}}", "policy.generators={reflect: a}"],
            "models.generators.a.model",
        ),
        ([BOTH, REFLECT, "models.generators.cheap.backend=openai"], "needs a provider"),
        ([BOTH, "policy.generators={reflect: [cheap, cheap, cheap, strong]}"], "draws in 3 rounds"),
        ([BOTH, "policy.generators={direct: cheap, reflect: strong}"], "direct draws with the baseline alone"),
        ([BOTH, REFLECT, "run.budget_usd=5"], "models.generators.cheap.model: run.budget_usd is set"),
    ],
)
def test_what_does_not_agree_is_refused(tmp_path, overrides, words):
    with pytest.raises(ManifestError) as error:
        load(written(tmp_path), overrides)
    assert words in str(error.value)
    assert all(len(problem.splitlines()) == 1 for problem in error.value.problems)


def test_the_demo_of_a_cascade_prices_each_generator_in_the_rounds_it_serves():
    manifest = load(DEMO)
    assert set(identities(manifest)) == {*("baseline", "generator", "analyzer", "generator.cheap", "generator.strong")}
    expected = forecast(manifest, DeclaredRates(declaration(None), manifest))
    for who, price in (("generator", 0.01), ("generator.cheap", 0.004), ("generator.strong", 0.04)):
        images, money = expected.calls[who, "image"]["images"], expected.money[who]
        assert images is not None
        assert money is not None
        assert images.mean > 0
        assert money.mean == pytest.approx(price * images.mean)
    alone = load(DEMO, ["policy.generators={}", "models.generators={}"])
    whole = forecast(alone, DeclaredRates(declaration(None), alone)).calls["generator", "image"]["images"]
    each = [images for (_, kind), took in expected.calls.items() if kind == "image" and (images := took["images"])]
    baseline = expected.calls["baseline", "image"]["images"]
    assert whole is not None
    assert baseline is not None
    assert sum(images.mean for images in each) - baseline.mean == pytest.approx(whole.mean, rel=0.02)
