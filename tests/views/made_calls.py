"""Repeated judgements and a ledger of calls for builds made by hand."""

import random
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stages.records import Evaluation, Event, Judge, Judgement, Score
from stages.trajectory import Trajectory

KINDS = {"generation": "image", "decomposition": "plan"}
LEDGER = pa.schema(
    [
        ("call_key", pa.string()),
        ("try", pa.int32()),
        ("role", pa.string()),
        ("model", pa.string()),
        ("provider", pa.string()),
        ("kind", pa.string()),
        ("started", pa.float64()),
        ("seconds", pa.float64()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("images", pa.int32()),
        ("usd", pa.float64()),
        ("outcome", pa.string()),
    ]
)


def judged(event: Event, rng: random.Random, contrary: float = 0.1) -> Event:
    """The verdict with two judgements behind it: a third and the second judge's where the two disagree."""
    verdict = event.payload
    assert isinstance(verdict, Evaluation)
    scores = tuple(Score(a.axis, a.score, a.passed) for a in verdict.axes)
    other = tuple(
        replace(s, score=2 if s.passed else 5, passed=not s.passed) if rng.random() < contrary else s for s in scores
    )
    said: list[tuple[Judge, tuple[Score, ...]]] = [("analyzer", scores), ("analyzer", other)]
    if other != scores:
        said += [("analyzer", scores), ("second_analyzer", scores)]
    keys = [f"{event.call_key}-{n}" for n in range(1, len(said) + 1)]
    judgements = tuple(
        Judgement(judge, s, n, key, f"{judge}:w") for n, ((judge, s), key) in enumerate(zip(said, keys, strict=True))
    )
    return replace(event, call_key=keys[0], payload=replace(verdict, judgements=judgements))


def write_ledger(
    path: Path, trajectories: Iterable[Trajectory], rng: random.Random, image_usd: float | None = None
) -> None:
    """One try a call, now and then one in vain before it; tokens of the Analyzer only, money of images only, if at all."""
    rows = [row for t in trajectories for row in _rows(t, rng)]
    for row in rows:
        row["usd"] = image_usd if row["images"] and row["outcome"] == "ok" else None
    pq.write_table(pa.Table.from_pylist(rows, schema=LEDGER), path)


def _rows(t: Trajectory, rng: random.Random) -> Iterator[dict[str, object]]:
    at = 1.7e9 + t.rank
    for event in t.events:
        judgements = event.payload.judgements if isinstance(event.payload, Evaluation) else ()
        calls: list[tuple[str | None, str]] = [(j.call_key, j.judge) for j in judgements]
        calls = calls or [(event.call_key, (event.made_by or "").split(":")[0])]
        for key, role in calls:
            if key is None:
                continue
            image = event.kind == "generation"
            vain = rng.random() < 0.02
            for n in range(1, 2 + vain):
                seconds = rng.uniform(2, 6) if image else rng.uniform(0.2, 1.5)
                yield {
                    "call_key": key,
                    "try": n,
                    "role": role,
                    "model": f"{role}@1",
                    "provider": "gateway" if image else "ours",
                    "kind": KINDS.get(event.kind, event.kind),
                    "started": at,
                    "seconds": seconds,
                    "input_tokens": None if image else 900,
                    "output_tokens": None if image else 120,
                    "images": int(image),
                    "usd": None,
                    "outcome": "RateLimited" if vain and n == 1 else "ok",
                }
                at += seconds
