"""Finalise: outcomes and store in, a data set out. The only place where shards are written.

A pure function of its inputs: the order of the outcomes, the number of workers and the time of day change no byte of
`sft rl pairs edit_pairs record`. Sort by rank, cut by quota, make the trained views, plan shards, write aside in parallel, rename,
`run.json` last.
"""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from pipeline.manifest.spec import Manifest
from pipeline.output import install, run_json
from pipeline.output.card import card
from pipeline.output.chosen import choose
from pipeline.output.frame import RunFrame, frame_of
from pipeline.output.origins import origins
from pipeline.output.parts import Part, parts, row_bytes
from pipeline.output.readers import wanted_groups
from pipeline.output.run_json import RunSummary
from pipeline.output.shards import Shard, ShardFile, Targets, lay_out, plan, write
from pipeline.output.view import Views, make_views
from pipeline.storage.files import aside, write_synced
from pipeline.storage.image_store import ImageStore
from pipeline.workers import process_pool
from stages.trajectory import Trajectory


def finalise(
    outcomes: Sequence[Trajectory],
    manifest: Manifest,
    store: ImageStore,
    out: Path,
    prompts: Mapping[str, str],
    fingerprint: str,
    identities: Mapping[str, str],
    workers: int,
    left_out: Mapping[str, int] | None = None,
    before: Collection[str] = (),
) -> RunSummary:
    """Write the output of a run into `out`, replacing what is there, and say what it holds.

    `prompts` maps a prompt's name to its sha256, `identities` a role to its model; `left_out` as in `RunSummary`; `before`: ids
    kept for earlier targets. Hold the output's lock: two writers at once would remove each other's work. Raises ValueError for a
    trajectory that still climbs, OSError when an image is missing or a write fails, pipeline.output.shards.RowTooLarge,
    stages.mask.NoRule.
    """
    quota_cut = choose(outcomes, manifest, before)
    by_id = {t.sample.id: t for t in outcomes}
    planned = [(by_id[name], fate) for name, fate in quota_cut.fates.items()]
    frame = frame_of(manifest, fingerprint, prompts, identities)
    content = parts(planned, frame)
    with aside(out) as folder, process_pool(workers) as pool:
        files = _write(content, manifest, store, folder, frame, pool)
        store_name = run_json.store_named(store.root, out)
        summary = run_json.summary(manifest, frame, quota_cut, planned, files, store_name, left_out, before)
        write_synced(folder / install.CARD, card(summary, origins(t.sample for t, fate in planned if fate == "kept")))
        write_synced(folder / run_json.NAME, run_json.dump(summary))
        install.install(folder, out)
    return summary


def _write(
    content: Sequence[Part], manifest: Manifest, store: ImageStore, folder: Path, frame: RunFrame, pool: Executor
) -> dict[str, ShardFile]:
    views = Views(folder / "views")
    shown = (sha256 for part in content for unit in part.units for sha256 in unit.images)
    view_bytes = make_views(shown, store, views, frame.view, pool)
    output = manifest.output
    targets = Targets(output.shard_bytes, output.row_group_bytes, output.row_group_rows, wanted_groups(output))
    shards: list[Shard] = []
    for part in content:
        planned = plan({unit.id: row_bytes(unit, view_bytes) for unit in part.units}, targets)
        shards += lay_out(part.product, part.stem, part.units, planned)
    written = pool.map(partial(write, folder=folder, frame=frame, views=views), shards)
    return dict(zip((shard.name for shard in shards), written, strict=True))
