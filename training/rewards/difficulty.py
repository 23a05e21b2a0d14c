"""How hard RL prompts are for one model: several rollouts of each up the ladder, judged.

In: the finished rollouts of a prompt. Out: a `Difficulty`, and Parquet files of them: what was solved at least once, what never
was, and what could not be measured, apart.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean, pstdev

import pyarrow as pa
import pyarrow.parquet as pq

from stages.identity import rollout_id
from stages.records import Evaluation, Sample
from stages.rung import Recipe
from stages.trajectory import Trajectory

LEAST_ROLLOUTS = 4
SOLVED, NEVER, UNMEASURED = "solved.parquet", "never_solved.parquet", "unmeasured.parquet"


@dataclass(frozen=True, slots=True)
class Difficulty:
    """What `n` judged rollouts of a prompt came to.

    `passes`: how many were solved. `outcome_mean`, `outcome_std`: of R_o, 0 to 1, over the rollouts (std of a population).
    `rung`: the cheapest rung that solved any of them. `images`: how many a rollout took, in the mean. `lost`: rollouts that ended
    without a verdict on an image.
    """

    id: str
    model: str
    n: int
    passes: int
    outcome_mean: float | None
    outcome_std: float | None
    rung: str | None
    images: float | None
    lost: int

    @property
    def file(self) -> str:
        """Where it belongs."""
        return UNMEASURED if self.n == 0 else SOLVED if self.passes else NEVER


SCHEMA = pa.schema(
    [
        *(("id", pa.string()), ("model", pa.string()), ("n", pa.int32()), ("passes", pa.int32())),
        *(("outcome_mean", pa.float64()), ("outcome_std", pa.float64()), ("rung", pa.string())),
        *(("images", pa.float64()), ("lost", pa.int32())),
    ]
)


def rollouts_of(sample: Sample, n: int) -> list[Trajectory]:
    """`n` fresh rollouts of a prompt, each of which draws its own seeds and may climb the whole ladder."""
    return [
        Trajectory(
            replace(sample, id=rollout_id(sample.id, k), rollout=k, rollout_of=sample.id if k else None, climb="full"),
            0,
        )
        for k in range(n)
    ]


def measure(prompt: str, model: str, rollouts: Sequence[Trajectory], recipe: Recipe) -> Difficulty:
    """The difficulty of the prompt with the id `prompt`, from its finished rollouts."""
    seen = [(t, outcome) for t in rollouts if (outcome := _outcome(t)) is not None]
    if not seen:
        return Difficulty(prompt, model, 0, 0, None, None, None, None, len(rollouts))
    outcomes = [outcome for _, outcome in seen]
    modes = {t.mode for t, _ in seen if t.status == "accepted"}
    return Difficulty(
        id=prompt,
        model=model,
        n=len(seen),
        passes=sum(t.status == "accepted" for t, _ in seen),
        outcome_mean=fmean(outcomes),
        outcome_std=pstdev(outcomes),
        rung=next((rung.name for rung in recipe.rungs if rung.mode in modes), None),
        images=fmean(sum(e.kind == "generation" for e in t.events) for t, _ in seen),
        lost=len(rollouts) - len(seen),
    )


def _outcome(t: Trajectory) -> float | None:
    """R_o of the last image that was judged against the whole instruction; None where none was."""
    for event in reversed(t.events):
        if isinstance(event.payload, Evaluation) and event.against == "original":
            return fmean((axis.score - 1) / 4 for axis in event.payload.axes)
    return None


def write(difficulties: Sequence[Difficulty], folder: Path) -> list[Path]:
    """Write the files, each aside first; those that would be empty are removed. Raises OSError."""
    written = []
    for name in (SOLVED, NEVER, UNMEASURED):
        rows = [asdict(one) for one in sorted(difficulties, key=lambda one: one.id) if one.file == name]
        path = folder / name
        if not rows:
            path.unlink(missing_ok=True)
            continue
        aside = folder / f".{name}"
        pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), aside)
        aside.replace(path)
        written.append(path)
    return written
