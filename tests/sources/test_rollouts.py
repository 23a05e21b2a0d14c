"""Several trajectories of one row: ids that derive, ranks and splits that stay, quotas and cut that know groups."""

import json
from collections import Counter
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.forecast.planned import planned
from pipeline.manifest.identity import fingerprint
from pipeline.manifest.spec import Manifest
from pipeline.output.cut import Finished, cut
from pipeline.output.group_checks import check_groups
from pipeline.output.record import Recorded
from pipeline.planning.plan import plan
from pipeline.storage.image_store import ImageStore
from stages.identity import call_seed, rollout_id
from tests.output.factory import manifest

N = 3


def made(rollouts: int | None, count: int = 20) -> Manifest:
    source = {"kind": "world", "name": "made", "count": count, "size": 96}
    return manifest(sources=[source if rollouts is None else source | {"rollouts": rollouts}])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return ImageStore(str(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="module")
def plans(store):
    return plan(made(None), store, 1), plan(made(N), store, 1)


def test_rollout_0_is_the_sample_that_the_row_had_without_rollouts(plans):
    alone, several = plans
    first = {t.sample.id: t for t in several.trajectories if t.sample.rollout == 0}
    assert list(first.values()) == alone.trajectories
    assert len(several.trajectories) == N * len(first)
    for t in several.trajectories:
        lead = first[t.sample.group]
        assert t.rank == lead.rank
        assert t.sample.id == rollout_id(lead.sample.id, t.sample.rollout)
        assert replace(t.sample, id="", rollout=0, rollout_of=None) == replace(lead.sample, id="")
    truths = Counter((row.clauses, row.truth) for row in several.truth)
    assert truths == {key: N * n for key, n in Counter((r.clauses, r.truth) for r in alone.truth).items()}
    assert {row.id for row in several.truth} == {t.sample.id for t in several.trajectories}


def test_the_calls_of_rollouts_differ_and_those_of_rollout_0_stay():
    ids = [rollout_id("abc", number) for number in range(N)]
    seeds = [call_seed(7, name, "generator", "reflect", 2, 1, 1, "redraw") for name in ids]
    assert ids[0] == "abc"
    assert seeds[0] == 1351450154
    assert len(set(ids)) == len(set(seeds)) == N
    assert rollout_id("abc", 1) == "62f73852596ad51265970ac70e6c5fcf"


def test_a_single_rollout_is_no_part_of_the_fingerprint():
    assert fingerprint(made(None), {}) == fingerprint(made(1), {}) != fingerprint(made(2), {})
    assert planned(made(4)) == {"made": 80}


MODES = ("direct", "reflection", None)


@given(
    st.lists(st.lists(st.sampled_from(MODES), min_size=1, max_size=4), max_size=12),
    st.fixed_dictionaries({m: st.none() | st.integers(0, 6) for m in ("direct", "reflection")}),
)
def test_no_cut_parts_a_group_and_no_quota_within_a_mode(groups, limits):
    finished = [
        Finished(7 * rank, f"{rank}-{n}", "accepted" if mode else "discarded", mode, "train", f"{rank}-0")
        for rank, modes in enumerate(groups)
        for n, mode in enumerate(modes)
    ]
    done = cut(reversed(finished), {**limits, "rl": None})
    for rank, modes in enumerate(groups):
        fates = [done.fates.get(f"{rank}-{n}") for n in range(len(modes))]
        assert len({fate is None for fate in fates}) == 1
        for mode in ("direct", "reflection"):
            assert len({fate for fate, own in zip(fates, modes, strict=True) if own == mode}) <= 1
    kept = Counter(f.mode for f in finished if done.fates.get(f.id) == "kept")
    for mode, limit in limits.items():
        assert limit is None or kept[mode] <= limit + 3
        assert limit is None or limit == 0 or done.rank is None or kept[mode] >= limit


def test_a_group_that_is_not_whole_is_found(plans):
    rows = [Recorded(t, "discarded") for t in plans[1].trajectories]
    assert list(check_groups(rows, {"made": N})) == []
    (missing,) = check_groups(rows[1:], {"made": N})
    assert "its source makes 3" in missing.what
    stranger = replace(
        rows[0], trajectory=replace(rows[0].trajectory, sample=replace(rows[0].trajectory.sample, id="x"))
    )
    assert any("its id is not that of rollout" in p.what for p in check_groups([stranger, *rows[1:]], {"made": N}))
    other = replace(rows[0].trajectory.sample, instruction="something else")
    changed = replace(rows[0], trajectory=replace(rows[0].trajectory, sample=other))
    assert any("not the same row" in p.what for p in check_groups([changed, *rows[1:]], {"made": N}))
    assert len(list(check_groups(rows, {"made": 1}))) == 20


def x2i(*words: object) -> str:
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [str(word) for word in words])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_a_build_holds_every_group_whole(tmp_path):
    words = ["--set", "sources.world.count=8", "--set", "sources.world.rollouts=3", "--set", "sources.world.size=96",
             "--set", "output.image.size=96", "--set", "quotas.direct=4", "--set", "splits.rl=0.3",
             "--set", "splits.validation=0"]  # fmt: skip
    text = x2i("build", "manifests/demo.yaml", "--out", tmp_path / "out", *words)
    record = [
        row for file in (tmp_path / "out" / "record").glob("*.parquet") for row in pq.read_table(file).to_pylist()
    ]
    groups = Counter(row["group"] for row in record)
    assert set(groups.values()) == {3}
    assert f"The {len(record)} samples are rollouts of {len(groups)} rows" in " ".join(text.split())
    prompts = [row for file in (tmp_path / "out" / "rl").rglob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert len(prompts) == len({row["group"] for row in record if row["split"] == "rl" and row["status"] == "kept"})
    assert "no problems found" in x2i("verify", tmp_path / "out")
    later = next(row for row in record if row["rollout"] == 2)
    assert f"rollout 2 of group {later['group']}" in x2i("show", tmp_path / "out", later["id"])
    assert json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))["counts"]["planned"] == len(record)
