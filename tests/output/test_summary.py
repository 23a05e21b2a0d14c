"""run.json and the card: the figures add up and the words are there."""

import json

import pyarrow.parquet as pq
import yaml

from pipeline.manifest.forms import PRODUCTS
from pipeline.output import run_json
from pipeline.output.card import card
from pipeline.output.funnel import ENDS
from pipeline.output.origins import Origins
from pipeline.output.schema import SCHEMAS
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS


def test_the_law_holds(many):
    counts = many.summary.counts
    assert counts["planned"] == len(many.outcomes) == sum(counts[f] for f in ("kept", "surplus", "discarded", "failed"))
    assert counts["beyond_cut"] == 0
    assert sum(many.summary.kept_by_split.values()) == counts["kept"]
    for fate in ("discarded", "failed"):
        assert sum(many.summary.reasons[fate].values()) == counts[fate]
    assert many.summary.reasons == {"discarded": {"missing_knowledge": 6}, "failed": {"input": 1, "malformed": 6}}


def test_the_funnel_loses_nobody(many):
    funnel = many.summary.funnel
    for station in funnel.values():
        assert station["entered"] == sum(station[end] for end in ENDS)
    chain = list(funnel.values())
    assert [a["went_on"] for a in chain[:-1]] == [b["entered"] for b in chain[1:]]
    # Per block of twelve: 6 samples with a first failure that climb on (2 + 1 reflection, 2 multistep, 2 discarded).
    assert funnel["direct"]["entered"] == 11 * 6 + 1
    assert funnel["direct"]["failed"] == funnel["direct"]["stopped"] == 6
    assert [funnel[f"reflect {k}"]["entered"] for k in (1, 2, 3)] == [42, 36, 30]
    assert sum(funnel[f"reflect {k}"]["passed"] for k in (1, 2, 3)) == 18
    assert funnel["multistep diagnosis"]["discarded"] == funnel["multistep"]["passed"] == 12
    for row in many.summary.categories.values():
        assert row["planned"] == sum(row[f] for f in ("kept", "surplus", "discarded", "failed"))
    assert sum(row["planned"] for row in many.summary.categories.values()) == len(many.outcomes)


def test_run_json_reads_back(many):
    assert run_json.read(many.out) == many.summary
    run = json.loads((many.out / "run.json").read_text("utf-8"))
    assert run["format"] == "run/1"
    assert (run["fingerprint"], run["prompts"], run["models"]) == (FINGERPRINT, PROMPTS, IDENTITIES)
    assert run["versions"].keys() >= {"python", "pyarrow", "pillow", "numpy", "ray", "x2i-ladder"}
    assert run["manifest"]["output"]["row_group_bytes"] == 70_000
    rows = {name: entry["rows"] for name, entry in run["files"].items()}
    assert rows == {name: pq.read_metadata(many.out / name).num_rows for name in rows}


def test_work_begun_beyond_the_cut_is_counted_and_nowhere_else(many):
    made = run_json.read(many.out)
    assert made.counts["beyond_cut"] + made.counts["planned"] == len(many.outcomes)


def test_the_card_has_a_head_the_hub_understands(many):
    text = (many.out / "README.md").read_text("utf-8")
    _, head, body = text.split("---\n", 2)
    metadata = yaml.safe_load(head)
    assert metadata["annotations_creators"] == ["machine-generated"]
    assert metadata["size_categories"] == ["n<1K"]
    assert {"image", "text", "datasets"} <= set(metadata["tags"])
    assert metadata["license"] == "other"
    configs = {c["config_name"]: {f["split"]: f["path"] for f in c["data_files"]} for c in metadata["configs"]}
    assert configs["sft"] == {
        "train": "sft/train/train-*.parquet",
        "validation": "sft/validation/validation-*.parquet",
    }
    assert configs.keys() == set(PRODUCTS)
    assert "arxiv.org/abs/2605.14709" in body
    assert "| multistep | generation | first | off |" in body
    assert "planned 74 = kept" in body
    categories = [line for line in body.splitlines() if line.startswith(("| addition |", "| count |"))]
    assert len(categories) == 2
    assert all(line.rstrip().count("|") == 10 for line in categories)
    for schema in SCHEMAS.values():
        for name in schema.names:
            assert f"`{name}`" in body, name
    for field in SCHEMAS["sft"].field("segments").type.value_type:
        assert f"`{field.name}`" in body, field.name


def test_the_card_says_what_stayed_out_and_what_it_was_compared_with(many):
    quiet = card(many.summary, Origins())
    assert "left out" not in quiet
    sets = [{"name": "geneval"}, {"name": "kris|bench"}]
    manifest = many.summary.manifest | {"screens": {"decontaminate": sets}}
    told = card(many.summary.model_copy(update={"left_out": {"contaminated": 12}, "manifest": manifest}), Origins())
    line = next(line for line in told.splitlines() if "left out" in line)
    assert line.endswith(r"contaminated 12. Compared with the evaluation sets geneval, kris\|bench.")
    assert [text for text in told.splitlines() if text != line and text] == [
        text for text in quiet.splitlines() if text
    ]
