"""Checkpoints: a Hugging Face folder that any tool loads, and beside it in `trainer/` what a resume needs.

In: a folder for all of a run, a model, an optimizer, what else has to be known. Out: `checkpoint-000100/`, whole or not there at
all; and `run.json`, which says what the run is, so that another one does not go on with it.
"""

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from training.trainee.model import Trainee
from training.trainee.problem import TrainProblem

_NAME = re.compile(r"checkpoint-([0-9]{6,})")
_PLAN = "run.json"


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that is whole: its folder, and after how many steps it was written."""

    folder: Path
    step: int

    def progress(self) -> dict[str, Any]:
        """What was noted when it was written."""
        notes: dict[str, Any] = json.loads((self.folder / "trainer" / "progress.json").read_text("utf-8"))
        return notes

    def restore(self, optimizer: Any) -> None:
        """Brings the optimizer to where it stood."""
        path = self.folder / "trainer" / "optimizer.pt"
        optimizer.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))


def newest(out: Path) -> Checkpoint | None:
    """The last whole checkpoint of a run."""
    whole = [(int(match[1]), path) for path in out.glob("checkpoint-*") if (match := _NAME.fullmatch(path.name))]
    return Checkpoint(max(whole)[1], max(whole)[0]) if whole else None


def save(out: Path, step: int, trainee: Trainee, optimizer: Any, progress: Mapping[str, Any], keep: int) -> Checkpoint:
    """Writes a checkpoint aside, names it when it is whole, and removes all but the `keep` last ones."""
    folder = out / f"checkpoint-{step:06d}"
    aside = out / f".{folder.name}.part"
    shutil.rmtree(aside, ignore_errors=True)
    (aside / "trainer").mkdir(parents=True)
    trainee.model.save_pretrained(aside)
    trainee.processor.save_pretrained(aside)
    torch.save(optimizer.state_dict(), aside / "trainer" / "optimizer.pt")
    (aside / "trainer" / "progress.json").write_text(json.dumps({"step": step, **progress}), "utf-8")
    for path in (p for p in aside.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
    shutil.rmtree(folder, ignore_errors=True)
    os.rename(aside, folder)
    for old in sorted(path for path in out.glob("checkpoint-*") if _NAME.fullmatch(path.name))[:-keep]:
        shutil.rmtree(old)
    return Checkpoint(folder, step)


def check_plan(out: Path, plan: Mapping[str, Any]) -> None:
    """Notes what the run in `out` is; raises TrainProblem where another one is there, and names what differs."""
    path = out / _PLAN
    plan = json.loads(json.dumps(plan))
    if not path.exists():
        out.mkdir(parents=True, exist_ok=True)
        aside = path.with_suffix(".part")
        aside.write_text(json.dumps(plan, indent=1), "utf-8")
        os.replace(aside, path)
        return
    before = json.loads(path.read_text("utf-8"))
    if changed := [name for name in {**before, **plan} if before.get(name) != plan.get(name)]:
        name = changed[0]
        raise TrainProblem(
            f"{out}: the run there has {name} {before.get(name)!r}, this one {plan.get(name)!r}; give another --out, or the same "
            "settings to go on with it"
        )
