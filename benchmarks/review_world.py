"""What a review is worth where the truth is known: wrong rows planted in a build of the world, judged by people who err.

In: a finished build of the world, options (below). Out: Markdown for RESULTS.md on standard output: whether lots with planted wrong
rows are rejected as often as the plan states, how true the data are before and after, and how often the interval of the
Analyzer's precision holds the true one. Run as `python -m benchmarks.review_world build/demo`.
"""

import argparse
import random
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.review_table import coverage, known_rows, rejections
from pipeline.backends.world.oracle.truth import Truth, inspect
from pipeline.output import run_json
from pipeline.output.finalise import finalise
from pipeline.output.rebuild import manifest_of
from pipeline.output.record import Recorded, recorded
from pipeline.output.truth_rows import NAME, choose, inspected
from pipeline.release.release import ReleaseOrder, ReleaseRefused, release
from pipeline.review.numbers.decisions import decide_all
from pipeline.review.numbers.plans import LotPlan
from pipeline.review.preparing import prepare
from pipeline.review.records import HumanVerdict, LotKey, Opinion, ReasonMark, ReviewItem
from pipeline.review.settings import ReviewSettings
from pipeline.review.store import ReviewStore
from pipeline.storage.image_store import ImageStore
from stages.records import ImageRef
from stages.trajectory import Trajectory

PLANTED = 0.20
ERROR = 0.05
PEOPLE = ("Ann", "Bob")
LEAD = "Lea"


@dataclass(frozen=True)
class PlantedBuild:
    """A build with wrong rows, and whether each of its rows is right, by id."""

    out: Path
    right: dict[str, bool]


def plant(source: Path, out: Path, share: float, seed: int) -> PlantedBuild:
    """The build in `source` again, in `out`, with so many wrong rows in each mode: right images are exchanged for those of
    others.
    """
    shutil.copytree(source, out, ignore=shutil.ignore_patterns("run.db*", "review", "release", ".lock"))
    summary = run_json.read(out)
    store = ImageStore(run_json.store_root(summary, out) or "")
    truths = _truths(out)
    right = _right(out, store)
    chance = random.Random(seed)
    rows = list(recorded(out))
    kept = [row for row in rows if _is_taught(row)]
    changed: dict[str, Trajectory] = {}
    for mode in sorted({row.trajectory.mode or "" for row in kept}):
        some = [row for row in kept if row.trajectory.mode == mode]
        good = [row for row in some if right[row.trajectory.sample.id]]
        for row in chance.sample(good, max(0, round(share * len(some)) - (len(some) - len(good)))):
            t = row.trajectory
            others = [o.trajectory.current().image for o in chance.sample(kept, 20)]
            foreign = next(o for o in others if not inspect(store.get(o.sha256), truths[t.sample.id]).right)
            foreign = replace(foreign, original=None)
            changed[t.sample.id] = _exchange(t, t.current().image.sha256, foreign)
    outcomes = [changed.get(row.trajectory.sample.id, row.trajectory) for row in rows]
    finalise(outcomes, manifest_of(summary), store, out, summary.prompts, summary.fingerprint, summary.models, 1)
    return PlantedBuild(out, _right(out, store))


def judge_all(store: ReviewStore, right: dict[str, bool], error: float, seed: int) -> int:
    """Everybody judges until nothing is left, and a lead settles the rest; each errs in `error` of the cases. How many verdicts."""
    chance = random.Random(seed)
    before = len(store.verdicts())

    def look(item: ReviewItem, name: str) -> HumanVerdict:
        seen: Opinion = "accept" if right[item.sample_id] != (chance.random() < error) else "reject"
        reasons = (ReasonMark("image.wrong_edit"),) if seen == "reject" else ()
        return HumanVerdict("", item.sample_id, item.content_hash, name, seen, "accept", reasons=reasons)

    busy = True
    while busy:
        busy = False
        for name in PEOPLE:
            claimed = store.claim(name)
            if claimed is not None:
                store.record(look(claimed.item, name), claimed.token)
                busy = True
    for resolution in store.disputes():
        store.adjudicate(look(resolution.item, LEAD))
    return len(store.verdicts()) - before


@dataclass(frozen=True)
class WorldTrial:
    """One review of a planted build: lots rejected at first, verdicts given, and how true the taught rows were and became."""

    rejected: tuple[LotKey, ...]
    lots: int
    sampled: int
    screened: int
    rows: int
    true_before: float
    released: int
    true_after: float


def trial(source: Path, folder: Path, share: float, error: float, seed: int) -> WorldTrial:
    """Plant, review, be refused, screen what was rejected, and release."""
    built = plant(source, folder / "build", share, seed)
    settings = ReviewSettings(seed=seed, per_lot=40, overlap=0.2, gold_share=0.0, lost=0, floor=0)
    with prepare(built.out, settings=settings) as store:
        for name in PEOPLE:
            store.invite(name, "reviewer")
        store.invite(LEAD, "lead")
        sampled = judge_all(store, built.right, error, seed)
        decisions = decide_all(store.populations(), store.resolutions(), LotPlan.of(settings))
        rejected = tuple(sorted(key for key, decision in decisions.items() if decision.state == "rejected"))
        _be_refused(ReleaseOrder(built.out, folder / "refused", workers=1))
        prepare(built.out, settings=replace(settings, screened=rejected)).close()
        screened = judge_all(store, built.right, error, seed + 1)
    release(ReleaseOrder(built.out, folder / "release", workers=1))
    taught = [built.right[name] for name in _taught(built.out)]
    kept = [built.right[name] for name in _taught(folder / "release")]
    before, after = sum(taught) / len(taught), sum(kept) / len(kept)
    return WorldTrial(rejected, len(decisions), sampled, screened, len(taught), before, len(kept), after)


def _be_refused(order: ReleaseOrder) -> None:
    """A build with rejected lots is not released as it is."""
    try:
        release(order)
    except ReleaseRefused:
        return
    raise SystemExit("the planted build was released: no lot was rejected")


def _taught(out: Path) -> Iterator[str]:
    yield from (row.trajectory.sample.id for row in recorded(out) if _is_taught(row))


def _is_taught(row: Recorded) -> bool:
    return row.fate == "kept" and row.trajectory.mode is not None and row.trajectory.sample.split != "rl"


def _truths(out: Path) -> dict[str, Truth]:
    columns = pq.read_table(out / NAME, columns=["id", "truth"]).to_pydict()
    return {name: Truth.load(text) for name, text in zip(columns["id"], columns["truth"], strict=True)}


def _right(out: Path, store: ImageStore) -> dict[str, bool]:
    """Whether the image that a sample ended with is what was asked for."""
    found = inspected(out, store, choose(out), lambda row: (row.trajectory.current().image.sha256,), 1)
    return {row.trajectory.sample.id: all(f.right for f in by_image.values()) for row, by_image in found}


def _exchange(t: Trajectory, sha256: str, other: ImageRef) -> Trajectory:
    """The trajectory with another image in place of one, wherever it stands."""
    events = tuple(
        replace(
            event,
            image=other if event.image is not None and event.image.sha256 == sha256 else event.image,
            inputs=tuple(other.sha256 if name == sha256 else name for name in event.inputs),
        )
        for event in t.events
    )
    return replace(t, events=events)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("build", type=Path)
    parser.add_argument("--seeds", type=int, default=3, help="planted builds that are reviewed and released")
    parser.add_argument("--draws", type=int, default=200, help="simulated reviews of a table of known rows")
    options = parser.parse_args()
    print("| seed | lots rejected | verdicts: sample, screening | rows before | true | rows released | true |")
    print("|---|---|---|---|---|---|---|")
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as folder:
            t = trial(options.build, Path(folder), PLANTED, ERROR, seed)
        counts = f"{len(t.rejected)} of {t.lots} | {t.sampled}, {t.screened}"
        print(f"| {seed} | {counts} | {t.rows} | {t.true_before:.1%} | {t.released} | {t.true_after:.1%} |", flush=True)
    rows = known_rows(options.build)
    print("\n".join(("", *rejections(rows, options.draws), "", *coverage(rows, options.draws))))


if __name__ == "__main__":
    main()
