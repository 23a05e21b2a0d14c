"""The shortcut guard catches an encoder that betrays the verdict, and is silent where there is none."""

import io
import random
from dataclasses import replace

import pytest
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.output.finalise import finalise
from pipeline.output.shortcut import Appearance, Contest, findings
from pipeline.output.verify import verify
from pipeline.storage.image_store import ImageStore
from stages.records import ImageRef
from stages.trajectory import Trajectory
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, Maker, manifest

SIZE = (48, 48)


def blur(store: ImageStore, ref: ImageRef) -> ImageRef:
    """As from a weaker model: half the size, JPEG, and enlarged again."""
    with Image.open(io.BytesIO(store.get(ref.sha256))) as image:
        small = io.BytesIO()
        image.resize((SIZE[0] // 2, SIZE[1] // 2)).save(small, "JPEG", quality=60)
    out = io.BytesIO()
    Image.open(small).resize(SIZE).save(out, "PNG")
    return store.put(out.getvalue())


def blur_baseline(t: Trajectory, store: ImageStore) -> Trajectory:
    """The baseline's images as such a model would have made them."""
    swapped = {e.image: blur(store, e.image) for e in t.events if e.kind == "generation" and e.index == 1 and e.image}
    hashes = {image.sha256: small.sha256 for image, small in swapped.items()}
    events = (replace(e, inputs=tuple(hashes.get(sha, sha) for sha in e.inputs)) for e in t.events)
    return replace(t, events=tuple(replace(e, image=swapped.get(e.image, e.image)) if e.image else e for e in events))


@pytest.mark.parametrize("betrayed", [True, False])
def test_a_set_whose_rejected_images_were_blurred_is_caught(tmp_path, betrayed):
    maker = Maker(ImageStore(str(tmp_path / "store")), size=SIZE)
    for row in range(40):
        maker.reflection(row, rounds=1)
    outcomes = [blur_baseline(t, maker.store) if betrayed else t for t in maker.made]
    chosen = manifest(output={"image": {"size": 48}})
    finalise(outcomes, chosen, maker.store, tmp_path, PROMPTS, FINGERPRINT, IDENTITIES, 1)
    problems = [str(p) for p in verify(tmp_path, workers=1)]
    assert [
        line.startswith("sft: a shortcut: metadata alone predicts the verdict (bytes per pixel") for line in problems
    ] == ([True] if betrayed else [])
    said = CliRunner().invoke(app, ["verify", str(tmp_path)]).stdout
    assert ("1 problem. The shards are whole" in said) == betrayed
    assert "write the shards again" not in said, "they would be alike"


def make_appearance(width=64, height=64, kind="PNG", density=1.0) -> Appearance:
    return Appearance(width, height, kind, density)


@pytest.mark.parametrize(
    ("feature", "bad"),
    [
        ("width", make_appearance(width=32)),
        ("height", make_appearance(height=96)),
        ("bytes per pixel", make_appearance(density=0.7)),
        ("format JPEG", make_appearance(kind="JPEG")),
    ],
)
def test_each_feature_is_looked_at(feature, bad):
    shortcuts = [f.feature for f in findings([Contest((make_appearance(),), (bad,))] * 30) if f.is_shortcut]
    assert feature in shortcuts
    assert [
        f.feature for f in findings([Contest((make_appearance(),), (make_appearance(),))] * 30) if f.is_shortcut
    ] == []


def test_a_few_trajectories_prove_nothing():
    assert not any(f.is_shortcut for f in findings([Contest((make_appearance(),), (make_appearance(width=32),))] * 8))


def test_content_that_weighs_a_few_bytes_is_no_shortcut():
    """Every rejected image lacks an object: always a little smaller, yet subjects differ far more than that."""
    chance = random.Random(3)
    contests = []
    for _ in range(300):
        subject = chance.uniform(1, 2)
        contests.append(Contest((make_appearance(density=subject),), (make_appearance(density=subject - 0.01),)))
    (density,) = [f for f in findings(contests) if f.feature == "bytes per pixel"]
    assert density.p < 1e-10
    assert not density.is_shortcut


def test_without_rejected_images_there_is_nothing_to_find():
    assert findings([Contest((make_appearance(),), ())] * 5) == []
