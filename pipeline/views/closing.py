"""The last words of a build: what was kept, what was lost and why, and the first rows that need a person.

In: the run's summary and its outcomes. Out: plain lines.
"""

from collections.abc import Iterator, Mapping, Sequence

from pipeline.output.run_json import RunSummary
from pipeline.views.text import plain
from stages.trajectory import Trajectory

FIRST = 5


def closing(summary: RunSummary, outcomes: Sequence[Trajectory]) -> Iterator[str]:
    """The lines, most important first; the failed rows come with their own line each, up to `FIRST`."""
    counts, modes = summary.counts, summary.kept_by_mode
    kept = ", ".join([*(f"{n} {mode}" for mode, n in modes.items()), f"{summary.kept_by_split['rl']} RL prompts"])
    yield f"Kept {counts['kept']} of {counts['planned']}: {kept}. Surplus {counts['surplus']}."
    for fate in ("discarded", "failed"):
        if counts[fate]:
            yield f"{fate.capitalize()} {counts[fate]}: {_reasons(summary.reasons[fate])}."
    if counts["beyond_cut"]:
        yield f"The quotas were filled; {counts['beyond_cut']} samples begun beyond the cut are in no shard."
    yield from _failed([t for t in outcomes if t.status == "failed"])
    if not counts["kept"]:
        yield "Nothing was kept: the reasons above say why; record/ holds every sample with its words."


def _reasons(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{reason} {n}" for reason, n in sorted(reasons.items(), key=lambda r: -r[1]))


def _failed(failed: Sequence[Trajectory]) -> Iterator[str]:
    for t in failed[:FIRST]:
        yield f"  {plain(t.detail or t.reason or 'failed')}"
    if len(failed) > FIRST:
        yield f"  ... and {len(failed) - FIRST} more; record/ names them all (status failed)."
