"""Which rows go into which files, and in which order.

In: planned trajectories with their fates, in rank order. Out: `Part`s: `train` and `validation` of `sft`, `pairs` and `edit_pairs`,
`rl/train`, `record/part`, each with its `Unit`s. Rows for training are shuffled by a hash of seed and row id; the record
stays in rank order. A part without rows is still written, so that a reader finds the schema and zero rows; only an
empty validation split is left out: Hugging Face `datasets` refuses a split without rows, and the others along with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline.manifest.forms import Product
from pipeline.output import pairs, record, rl, traj
from pipeline.output.cut import Fate
from pipeline.output.frame import RunFrame, Unit
from pipeline.output.view import Views
from stages.identity import digest
from stages.records import Split
from stages.trajectory import Trajectory

Planned = Sequence[tuple[Trajectory, Fate]]


@dataclass(frozen=True)
class Part:
    """The rows of one product and split, in the order in which they are written."""

    product: Product
    stem: str
    units: tuple[Unit, ...]


def parts(planned: Planned, frame: RunFrame) -> list[Part]:
    """All parts of an output. Raises stages.mask.NoRule for a trajectory without a complete mask."""
    train, validation = (_sft(planned, split, frame) for split in ("train", "validation"))
    prompts = _prompts(planned)
    content = [
        Part("sft", "train", shuffled(train, frame.seed)),
        Part("sft", "validation", shuffled(validation, frame.seed)),
        Part("rl", "train", shuffled([replace(u, number=n) for n, u in enumerate(prompts)], frame.seed)),
        *_compared("train", train, frame),
        *_compared("validation", validation, frame),
        Part("record", "part", tuple(Unit(t.sample.id, t, fate) for t, fate in planned)),
    ]
    return [part for part in content if part.units or part.stem != "validation"]


def build_row(product: Product, unit: Unit, frame: RunFrame, views: Views) -> dict[str, Any]:
    """The row of `unit`. Raises FileNotFoundError when a view is missing."""
    match product:
        case "sft":
            return traj.row(unit.trajectory, frame, views)
        case "rl":
            return rl.row(unit, frame, views)
        case "pairs" | "edit_pairs":
            return pairs.row(unit, frame, views)
        case "record":
            return record.row(unit)


def row_bytes(unit: Unit, view_bytes: Mapping[str, int]) -> int:
    """About how large the row of `unit` is: its images exactly, its text roughly."""
    return sum(view_bytes[sha256] for sha256 in unit.images) + record.text_bytes(unit.trajectory)


def _sft(planned: Planned, split: Split, frame: RunFrame) -> list[Unit]:
    kept = [(t, fate) for t, fate in planned if fate == "kept" and t.sample.split == split]
    return [Unit(t.sample.id, t, fate, traj.shown_images(t, frame.dialect, frame.recipe)) for t, fate in kept]


def _compared(split: str, accepted: Sequence[Unit], frame: RunFrame) -> list[Part]:
    """Pairs of images made from words alone, and apart from them those made from references, too."""
    units = [unit for u in accepted for unit in pairs.units(u.trajectory, u.fate, frame.policy)]
    drawn = [unit for unit in units if not unit.trajectory.sample.references]
    edited = [unit for unit in units if unit.trajectory.sample.references]
    return [
        Part("pairs", split, shuffled(drawn, frame.seed)),
        Part("edit_pairs", split, shuffled(edited, frame.seed)),
    ]


def _prompts(planned: Planned) -> list[Unit]:
    """One a group: a trainer that rolls out itself wants every prompt once. It is the kept rollout with the lowest number."""
    first: dict[str, tuple[Trajectory, Fate]] = {}
    for t, fate in planned:
        if fate == "kept" and t.sample.split == "rl":
            before = first.setdefault(t.sample.group, (t, fate))
            if t.sample.rollout < before[0].sample.rollout:
                first[t.sample.group] = (t, fate)
    return [_references(t, fate) for t, fate in first.values()]


def _references(t: Trajectory, fate: Fate) -> Unit:
    return Unit(t.sample.id, t, fate, tuple(ref.sha256 for ref in t.sample.references))


def shuffled(units: Sequence[Unit], seed: int) -> tuple[Unit, ...]:
    """The order of rows for training: by a hash of seed and id."""
    return tuple(sorted(units, key=lambda u: digest(seed, "shuffle", u.id)))
