"""The last words of a build: what was kept, what was lost and why, and the first samples that need a person.

In: the run's summary and its outcomes, and the console. Out: plain lines; those about a sample begin with its source and row, and
are cut to the width of the terminal, or to `NO_TERMINAL`. Whether the build is good is said after them (`pipeline.output.ending`).
"""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console

from pipeline.output.ending import unfilled
from pipeline.output.run_json import RunSummary
from pipeline.screening.dropped import FILE, REASONS
from pipeline.views.text import clip, one_line
from stages.trajectory import Trajectory

FIRST = 5
NO_TERMINAL = 160
"""How wide a line about a sample may be where nobody knows the width."""
LONGEST_WARNING = 1000


def show_closing(console: Console, summary: RunSummary, outcomes: Sequence[Trajectory]) -> None:
    """Print the lines of `closing`."""
    for line in closing(summary, outcomes, console.width if console.is_terminal else NO_TERMINAL):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def warn(console: Console, words: str) -> None:
    """Print a warning, which may hold the words of a server."""
    console.print(f"Warning: {one_line(words, LONGEST_WARNING)}", markup=False, highlight=False, soft_wrap=True)


def closing(summary: RunSummary, outcomes: Sequence[Trajectory], width: int) -> Iterator[str]:
    """The lines, most important first; the failed samples come with their own line each, up to `FIRST`."""
    counts, modes = summary.counts, summary.kept_by_mode
    kept = ", ".join([*(f"{n} {mode}" for mode, n in modes.items()), f"{summary.kept_by_split['rl']} RL prompts"])
    yield f"Kept {counts['kept']} of {counts['planned']}: {kept}. Surplus {counts['surplus']}."
    for fate in ("discarded", "failed"):
        if counts[fate]:
            yield f"{fate.capitalize()} {counts[fate]}: {_reasons(summary.reasons[fate])}."
    if summary.left_out:
        screened = any(reason in REASONS for reason in summary.left_out)
        yield f"Left out before it cost anything: {_reasons(summary.left_out)}." + (
            f" {FILE} names the rows that screens dropped." if screened else ""
        )
    if any(t.sample.rollout for t in outcomes):
        groups = {t.sample.group for t in outcomes}
        yield f"The {len(outcomes)} samples are rollouts of {len(groups)} rows: record/ names the group of each."
    if counts["beyond_cut"]:
        yield f"The quotas were filled; {counts['beyond_cut']} samples begun beyond the cut are in no shard."
    if short := unfilled(summary):
        missing = ", ".join(f"{slot} {kept} of {quota}" for slot, (kept, quota) in short.items())
        yield f"Quotas not filled: {missing}. All samples have climbed: give more rows, or lower the quotas."
    yield from (f"Warning: {warning}." for warning in summary.warnings)
    yield from _failed([t for t in outcomes if t.status == "failed"], width)


def _reasons(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{clip(reason, 40)} {n}" for reason, n in sorted(reasons.items(), key=lambda r: -r[1]))


def _failed(failed: Sequence[Trajectory], width: int) -> Iterator[str]:
    for t in failed[:FIRST]:
        yield "  " + one_line(f"{t.sample.source} {t.sample.row_id}: {t.reason}: {t.detail or ''}", width - 2)
    if len(failed) > FIRST:
        yield f"  ... and {len(failed) - FIRST} more; record/ names them all (status failed)."
