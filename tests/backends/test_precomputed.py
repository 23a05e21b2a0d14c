"""A baseline whose images come with the samples: who made them stands in the record, and a row without one fails alone."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from PIL import Image

from pipeline.forecast.rates import prices
from pipeline.manifest.file import load
from pipeline.manifest.identity import load_prompts
from pipeline.manifest.spec import ManifestError
from pipeline.models import accesses, build, identities, models_of
from pipeline.output.record_checks import unknown_makers
from pipeline.output.rehearsed import RehearsedModel
from pipeline.planning.plan import plan
from pipeline.storage.image_store import ImageStore
from stages.ladder import climb

RAW = {
    "name": "p",
    "sources": [
        {
            "kind": "jsonl",
            "name": "t",
            "path": "t.jsonl",
            "columns": {"instruction": "instruction", "first": "drawn"},
            "images": {"root": ".", "path": "{image}"},
        }
    ],
    "models": {
        "baseline": {"backend": "precomputed", "model": "emu3.5", "revision": "34b"},
        "generator": {"model": "world-generator"},
        "analyzer": {"model": "world-analyzer"},
    },
}


def manifest(folder, *overrides, **changes):
    Image.new("RGB", (96, 96), "red").save(folder / "one.png")
    rows = [
        {"instruction": "Draw a red square.", "drawn": "one.png"},
        {"instruction": "Draw a blue square.", "drawn": None},
    ]
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "m.yaml").write_text(yaml.safe_dump(RAW | changes))
    return load(folder / "m.yaml", list(overrides))


def test_who_made_the_image_stands_in_the_record_and_costs_nothing(tmp_path):
    made = manifest(tmp_path, "run.budget_usd=1", "prices={world-generator: {}, world-analyzer: {}}")
    store = ImageStore(str(tmp_path / "store"))
    planned = plan(made, store, 1).trajectories
    (sample,) = [t for t in planned if t.status == "climbing"]
    scripted = RehearsedModel("scripted", 0, 1.0, made.recipe)
    with ThreadPoolExecutor(1) as pool:
        described = build(next(accesses(made, made.models.baseline)), store, pool)
    models = models_of(
        made, load_prompts(made.recipe), store, lambda role, _: described if role == "baseline" else scripted
    )
    t = asyncio.run(climb(sample, made.recipe.rungs[0], made.recipe, models))
    first = next(e for e in t.events if e.kind == "generation")
    assert (first.made_by, first.image) == ("baseline:precomputed/emu3.5@34b", sample.sample.first)
    assert identities(made)["baseline"] == "precomputed/emu3.5@34b"
    known = identities(made) | {"analyzer": scripted.identity}
    assert list(unknown_makers(t, known)) == []
    assert prices(made)["baseline"].image == 0.0


def test_a_row_without_its_image_fails_alone_and_says_where(tmp_path):
    planned = plan(manifest(tmp_path), ImageStore(str(tmp_path / "store")), 1).trajectories
    (failed,) = [t for t in planned if t.status == "failed"]
    assert failed.reason == "input"
    assert failed.detail.endswith(
        "t.jsonl: row 2: first (drawn): the row brings no image along, and the baseline is precomputed; "
        "give the image, or name a model that draws"
    )


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["models.generator={backend: precomputed, model: x}"], "models.generator.backend: only the baseline's"),
        (["policy.ladder=[direct, best_of]"], "policy.ladder: direct and best_of ask the baseline for several images"),
        (["sources.t.columns.first=null"], "columns.first: names no column"),
        (["sources=[{kind: world, name: w, count: 1}]"], "brings no images along"),
    ],
)
def test_what_cannot_be_built_so_is_refused(tmp_path, overrides, words):
    with pytest.raises(ManifestError) as caught:
        manifest(tmp_path, *overrides)
    assert words in str(caught.value)
