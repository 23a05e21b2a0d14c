"""The newest Hugging Face `datasets` reads the output, offline; `make compat` does the same with 3.6.0."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parents[1] / "compat" / "datasets_360.py"


def run(cache: Path, folder: Path, *arguments: str) -> str:
    offline = {
        "HF_HUB_OFFLINE": "1",
        "HF_DATASETS_OFFLINE": "1",
        "HF_HOME": str(cache),
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    command = [sys.executable, *arguments]
    done = subprocess.run(command, env=os.environ | offline, cwd=folder, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def load(out: Path, cache: Path) -> dict[str, Any]:
    counts: dict[str, Any] = json.loads(run(cache, out, str(SCRIPT), str(out), str(cache)).splitlines()[-1])
    return counts


def test_the_code_of_the_card_runs_in_its_folder(few, tmp_path):
    code = (few.out / "README.md").read_text("utf-8").split("```python\n")[1].split("```")[0]
    assert "\ninstruction 0 0.0 " in f"\n{run(tmp_path, few.out, '-c', code)}"


def test_map_style_and_streaming_decode_every_image(many, tmp_path):
    counts = load(many.out, tmp_path)
    splits = many.summary.kept_by_split
    assert counts["sft/train rows"] == splits["train"]
    assert counts["sft/validation rows"] == splits["validation"]
    assert counts["rl/train rows"] == splits["rl"]
    assert counts["record/train rows"] == many.summary.counts["planned"]
    assert counts["sft/train images"] > 2 * splits["train"]


def test_what_has_no_rows_is_not_offered_by_the_card(many, tmp_path):
    """`datasets` refuses a split without rows, and with it all other splits of the same configuration."""
    many.again(tmp_path / "out", [t for t in many.outcomes if t.mode == "direct" and t.sample.split == "train"])
    counts = load(tmp_path / "out", tmp_path / "cache")
    assert {name for name in counts if name.endswith("rows")} == {"sft/train rows", "record/train rows"}
    assert counts["sft/train rows"] == 6
