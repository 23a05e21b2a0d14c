"""Counting what is truly right: real scenes of the world, drawn right and drawn wrong."""

import io

import numpy as np
from PIL import Image

from pipeline.output.finalise import finalise
from pipeline.output.truth_check import TruthCount, accepted_right
from pipeline.output.verify import examine
from pipeline.sources.truth import TruthRow, write_truth
from pipeline.store import ImageStore
from pipeline.world.draw import render
from pipeline.world.source import WorldSpec, row
from stages.records import ImageRef
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, Maker, manifest


class Scenes(Maker):
    """Draws the given picture instead of noise."""

    shown: bytes = b""

    def image(self, noise: bool = True) -> ImageRef:
        return self.store.put(self.shown) if self.shown else super().image(noise)


def picture(pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(out, "PNG")
    return out.getvalue()


def test_accepted_samples_are_counted_by_their_last_image(tmp_path):
    spec = WorldSpec(kind="world", name="made", count=4)
    maker = Scenes(ImageStore(str(tmp_path / "store")), size=(256, 256))
    truths = []
    for n in range(4):
        truth = row(spec, 1, n).truth
        other = row(spec, 1, n + 10).truth
        maker.shown = picture(render((truth if n < 3 else other).target, 256, 256))
        t = maker.direct(n)
        truths.append(TruthRow(t.sample.id, truth.clauses, truth.exotic, truth.cause, truth.dump()))
    maker.shown = b""
    maker.failed(9)
    finalise(maker.made, manifest(), maker.store, tmp_path, PROMPTS, FINGERPRINT, IDENTITIES, 1)
    assert accepted_right(tmp_path, maker.store) is None
    write_truth(truths, tmp_path / "truth.parquet")
    assert accepted_right(tmp_path, maker.store) == TruthCount(right=3, accepted=4)
    told = examine(tmp_path, workers=1)
    assert any(line.startswith("accepted samples truly right: 3 of 4") for line in told.notes)
    assert told.problems == []
