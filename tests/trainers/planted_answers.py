"""Answers of the world for reward functions, written by the project's own environment: the trainers' ones lack what draws them.

`python -m tests.trainers.planted_answers FOLDER` writes `answers.json` (a whole answer, a half one, one of two images, and words
alone) and `rows.json` (RL rows of two prompts).
"""

import json
import sys
from pathlib import Path

from tests.training.rewards.world_answers import HALF, INSTRUCTION, PROMPT, direct, picture, reflected, text


def main(folder: Path) -> None:
    """Write both files."""
    whole, part = picture(INSTRUCTION), picture(HALF)
    thought = ("The small blue square is missing at the bottom.", "Add a small blue square at the bottom.")
    answers = [direct(whole), direct(part), reflected(part, whole, *thought), [text("nothing")]]
    (folder / "answers.json").write_text(json.dumps(answers))
    truth = json.dumps({**PROMPT, "explanation": None, "checker": {"style": "judge", "spec": None}})
    rows = [
        {
            "data_source": "world",
            "prompt": [{"role": "user", "content": "draw"}],
            "reward_model": {"style": "model", "ground_truth": truth},
            "extra_info": {"id": name, "task": "t2i", "category": "addition"},
        }
        for name in ("first", "second")
    ]
    (folder / "rows.json").write_text(json.dumps(rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
