"""What the trainers' tests read: an output with real rows, every export of it by the command, tiny models.

Run with the project's own environment: `python -m tests.trainers.prepare FOLDER`. The trainers' environments lack what makes rows.
"""

import shutil
import sys
from pathlib import Path

from typer.testing import CliRunner

from pipeline.cli import app
from tests.engines.tiny_vlm import tiny_emu3, tiny_reader
from tests.training.export.outputs import pairs, rl, sft
from tests.training.rows import climbed

EXPORTS = (
    *("bagel-plan", "bagel-editing", "bagel-thinkmorph", "ms-swift-sft", "ms-swift-grpo", "trl-sft", "trl-grpo"),
    *("trl-dpo", "verl-rl", "verl-sft", "webdataset-interleaved", "pairs-pick-a-pic", "pairs-edits", "tokens-sft"),
)


def main(folder: Path) -> None:
    """Write all of it into `folder`, which is emptied."""
    shutil.rmtree(folder, ignore_errors=True)
    modes = ("direct", "reflection", "multistep")
    rows = [climbed(modes[n % 3], seed=n, references=n % 2) for n in range(24)]
    out = sft(sft(folder / "output", rows[:18]), rows[18:], split="validation")
    pairs(pairs(rl(out, count=12), count=12), "edit_pairs", references=1, count=6)
    tiny_emu3(folder / "emu3")
    tiny_reader(folder / "reader")
    for name in EXPORTS:
        trainer, _, form = name.rpartition("-") if not name.startswith("pairs") else name.partition("-")
        to = ["--to", trainer, "--form", form, "--out", str(folder / name), "--allow-lossy"]
        model = ["--model", str(folder / "emu3")] if trainer == "tokens" else []
        result = CliRunner().invoke(app, ["export", str(out), *to, *model])
        if result.exit_code:
            sys.exit(f"{name}: {result.output}{result.exception}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
