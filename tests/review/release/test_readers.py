"""What reads a build reads a release: datasets, mlcroissant, the loader's folders, exports; and the numbers agree."""

import io
import json
import subprocess

import mlcroissant
import pytest
from datasets import load_dataset
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.output import run_json
from tests.output.conftest import built
from tests.review.release.scenes import Reviewed, copy_of, ids, rows


@pytest.fixture(scope="module")
def released(build, tmp_path_factory) -> Reviewed:
    """A release with two rows withdrawn, one of them of the validation split's group of products."""
    reviewed = copy_of(build.out, tmp_path_factory.mktemp("readers") / "build")
    seen: set[str] = set()

    def opinion(item):
        first = item.cell.lot.outcome not in seen
        seen.add(item.cell.lot.outcome)
        return "reject" if first and item.cell.lot.outcome in ("direct", "multistep") else "accept"

    reviewed.judge(opinion)
    reviewed.release()
    return reviewed


@pytest.mark.slow
def test_datasets_reads_every_product_and_split(released, tmp_path):
    held = rows(released.target)
    for product, splits in {
        "sft": ("train", "validation"),
        "rl": ("train",),
        "edit_pairs": ("train", "validation"),
    }.items():
        read = [
            row
            for split in splits
            for row in load_dataset(str(released.target), product, split=split, cache_dir=str(tmp_path))
        ]
        names = [row["extra_info"]["id"] if product == "rl" else row["id"] for row in read]
        assert sorted(names) == sorted(held[product])
    assert read[0]["references"][0].size == (32, 32)


def test_croissant_is_valid_and_its_records_are_the_rows(released):
    dataset = mlcroissant.Dataset(str(released.target / "croissant.json"))
    issues = dataset.metadata.ctx.issues
    assert not issues.errors
    assert not issues.warnings
    held = rows(released.target)
    document = json.loads((released.target / "croissant.json").read_text("utf-8"))
    splits = [record_set["@id"] for record_set in document["recordSet"]]
    assert "sft/validation" in splits
    read = {product: {} for product in held}
    for split in splits:
        product = split.partition("/")[0]
        for record in dataset.records(split):
            name = record[f"{split}/extra_info"][f"{split}/extra_info/id"] if product == "rl" else record[f"{split}/id"]
            read[product][name.decode()] = (split, record)
    for product, expected in held.items():
        assert read[product].keys() == expected.keys(), product
    for name, (split, record) in read["sft"].items():
        row = held["sft"][name]
        assert record[f"{split}/instruction"].decode() == row["instruction"]
        segments = record[f"{split}/segments"]
        assert [s[f"{split}/segments/kind"].decode() for s in segments] == [s["kind"] for s in row["segments"]]
        assert [s[f"{split}/segments/loss"] for s in segments] == [s["loss"] for s in row["segments"]]
        pictures = [Image.open(io.BytesIO(cell["bytes"])).tobytes() for cell in row["images"]]
        assert [picture.tobytes() for picture in record[f"{split}/images"]] == pictures
    for entry in document["distribution"]:
        if entry["@type"] == "cr:FileObject":
            assert entry["sha256"] == run_json.read(released.target).files[entry["contentUrl"]].sha256


def test_the_checksums_are_those_of_sha256sum(released):
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=released.target, check=True)


@pytest.mark.slow
def test_commands_take_a_release_as_they_take_a_build(released, tmp_path):
    runner = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"})
    for trainer in ("trl", "verl", "webdataset"):
        target = tmp_path / trainer
        done = runner.invoke(
            app, ["export", str(released.target), "--to", trainer, "--allow-lossy", "--out", str(target)]
        )
        assert done.exit_code == 0, done.output
    sample = ids(released.target)["sft"][0]
    assert runner.invoke(app, ["show", str(released.target), sample]).exit_code == 0
    checked = runner.invoke(app, ["verify", str(released.target)])
    assert "no problems found" in checked.output
    again = runner.invoke(app, ["release", str(released.target)])
    assert "is a release already" in str(again.exception)


@pytest.mark.slow
def test_row_groups_are_cut_for_the_declared_readers(build, tmp_path):
    """Two readers, four groups each: the release has eight row groups, or one a row where there are fewer."""
    output = {"image": {"size": 32}, "ranks": 2, "rank_workers": 1}
    reviewed = copy_of(built(tmp_path / "built", 1, output=output).out, tmp_path / "build")
    reviewed.judge(lambda item: "accept")
    reviewed.release()
    groups = [
        len(f.row_groups) for name, f in run_json.read(reviewed.target).files.items() if name.startswith("sft/train")
    ]
    assert groups == [min(8, len(rows(reviewed.out)["sft"]) - 2)]
