"""Measuring a finished output: what `verify` tells, what `truth_figures` reads, and which samples they choose."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pipeline.output import truth_rows
from pipeline.output.finalise import finalise
from pipeline.output.share import Share
from pipeline.output.truth_check import TruthCount, accepted_right
from pipeline.output.truth_figures import truth_figures
from pipeline.output.verify import examine
from pipeline.planning.truth import TruthRow, write_truth
from pipeline.storage.image_store import ImageStore
from stages.records import Axis, Diagnosis
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, manifest
from tests.output.scenes import RIGHT, TRUTH, UNDONE, Scenes, add_reflection

PASSED: dict[Axis, str] = {}
FAILED: dict[Axis, str] = {"instruction": "the circle on the left is still red"}


@pytest.fixture(scope="module")
def output(tmp_path_factory):
    """Three right direct ones, a wrong one, a needless reflection, a discarded one, a failed one, a row without a truth."""
    out = tmp_path_factory.mktemp("truth") / "out"
    scenes = Scenes(ImageStore(str(out / "store")), size=(64, 64))
    for n in range(4):
        scenes.keep(scenes.try_scene(scenes.start(n), 1, RIGHT if n else UNDONE, PASSED).accept("direct"))
    twice = scenes.try_scene(scenes.start(4), 1, RIGHT, FAILED)
    scenes.keep(scenes.try_scene(add_reflection(twice, 1, "why"), 2, RIGHT, PASSED).accept("reflection"))
    lost = scenes.try_scene(scenes.start(5), 1, UNDONE, FAILED)
    for k in (1, 2, 3):
        lost = scenes.try_scene(add_reflection(lost, k, "why"), k + 1, UNDONE, FAILED)
    lost = scenes.diagnose(lost, Diagnosis("rendering_limit", "never"))
    scenes.keep(lost.discard("rendering_limit", "never"))
    scenes.failed(6)
    truths = [TruthRow(t.sample.id, 1, False, TRUTH.cause, TRUTH.dump()) for t in scenes.made]
    scenes.direct(7)
    finalise(scenes.made, manifest(), scenes.store, out, PROMPTS, FINGERPRINT, IDENTITIES, 1)
    write_truth(truths, out / truth_rows.NAME)
    return out, scenes.store


def test_without_a_truth_nothing_is_known(tmp_path):
    assert accepted_right(tmp_path, ImageStore(str(tmp_path))) is None
    assert truth_figures(tmp_path, ImageStore(str(tmp_path))) is None


def test_accepted_samples_are_counted_by_their_last_image(output):
    out, store = output
    assert accepted_right(out, store) == TruthCount(right=4, accepted=5)
    examined = examine(out, workers=1)
    assert any(line.startswith("accepted samples truly right: 4 of 5") for line in examined.notes)
    assert examined.problems == []


@pytest.mark.parametrize("workers", [1, 2])
def test_figures_of_an_output(output, workers):
    figures = truth_figures(*output, workers=workers)
    assert figures.accepted == Share(4, 5)
    assert figures.accepted_by_mode == {"direct": Share(3, 4), "reflection": Share(1, 1), "multistep": Share(0, 0)}
    assert figures.false_pass["verdict"] == Share(1, 5)
    assert figures.false_fail["verdict"] == Share(1, 5)
    assert figures.needless["all"] == Share(1, 1)
    assert figures.notes == ()


def test_at_most_so_many_samples_are_measured_those_of_lowest_rank(output, monkeypatch):
    out, store = output
    ranks = pq.read_table(out / "record", columns=["id", "rank"]).to_pylist()
    truths = set(pq.read_table(out / truth_rows.NAME, columns=["id"]).column("id").to_pylist())
    lowest = [r["id"] for r in sorted(ranks, key=lambda r: (r["rank"], r["id"])) if r["id"] in truths]
    monkeypatch.setattr(truth_rows, "MOST", 3)
    assert truth_rows.choose(out) == truth_rows.TruthChoice(tuple(lowest[:3]), 4)
    figures = truth_figures(out, store)
    assert figures.notes == ("measured on the 3 samples of lowest rank; 4 more were left out",)
    assert figures.accepted.of <= 3
    assert "lowest rank" in str(accepted_right(out, store))


def test_lost_originals_and_damaged_truths_are_errors(output, tmp_path):
    out, _ = output
    with pytest.raises(FileNotFoundError):
        truth_figures(out, ImageStore(str(tmp_path)))
    truths = pq.read_table(out / truth_rows.NAME).to_pylist()
    for name in ("record", "run.json"):
        (tmp_path / name).symlink_to(out / name)
    write_truth((replace(TruthRow(**row), truth='{"target": 1}') for row in truths), tmp_path / truth_rows.NAME)
    with pytest.raises((ValueError, KeyError)):
        truth_figures(tmp_path, output[1])
