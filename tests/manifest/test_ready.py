"""The manifests that are ready to run can be planned, without a network, a GPU or a model: only the prompts are the tests' own."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipeline.manifest.file import load
from pipeline.views.plan import plan

FOLDER = Path(__file__).parents[2] / "manifests"
MADE_BY_THE_WORLD = {"demo.yaml", "cascade-demo.yaml", "world-over-http.yaml"}
READY = sorted(path.name for path in FOLDER.glob("*.yaml") if path.name not in MADE_BY_THE_WORLD)


@pytest.fixture(scope="module")
def prompts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A text, an edit and a composition, as the manifests' columns have them."""
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(file, "PNG")
    picture = {"bytes": file.getvalue(), "path": None}
    rows = [{"instruction": f"paint it, {n}", "references": [picture] * n, "category": "color"} for n in range(3)]
    path = tmp_path_factory.mktemp("prompts") / "prompts.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


@pytest.mark.parametrize("name", READY)
def test_it_can_be_planned(name: str, prompts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    manifest = load(FOLDER / name, [f"sources.prompts.path={prompts}"])
    assert manifest.name == name.removesuffix(".yaml")
    expected = plan(manifest)
    assert expected.rows == {"prompts": 3}
    drawn = {who for who, kind in expected.calls if kind == "image"}
    assert drawn == {"baseline", "generator", *(f"generator.{other}" for other in manifest.models.generators)}
    for mode in manifest.recipe.modes:
        assert manifest.quotas[mode], mode


def test_the_papers_quotas_are_the_papers(prompts: Path) -> None:
    manifest = load(FOLDER / "sair-paper.yaml", [f"sources.prompts.path={prompts}"])
    assert manifest.quotas == {"direct": 10_000, "reflection": 20_000, "multistep": 20_000, "rl": 50_000}
    expected = plan(manifest)
    assert expected.money["generator"] is not None, "the paper's generator is paid"
    assert expected.over_budget is not None
