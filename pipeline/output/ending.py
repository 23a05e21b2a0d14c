"""Whether a finished build is good, and what to say where it is not.

In: the summary of a run, and the share of its samples that may fail (`run.max_failed`). Out: nothing, or one line that says what
happened, why, and what to do. A build that is not good ends with `EXIT_CODE`, every time the same command is typed.
"""

from collections import Counter

from pipeline.output.run_json import RunSummary

EXIT_CODE = 3
"""What was asked for is written, but it is not a data set that one should train on unseen."""
_MOST = 4
_REMEDIES = {
    "transport": "the same command tries again what failed in transport",
    "malformed": "--retry-failed asks again what a model answered badly",
    "too_long": "--retry-failed asks again what a model answered badly",
    "model_error": "--retry-failed asks again what a model answered badly",
    "input": "mend the rows that record/ names and build with --fork",
    "refused": "ask models that take these instructions, or reword them",
}
_OTHERWISE = "record/ and the report show what the judges found: change the models or the policy"


def problem_of(summary: RunSummary, max_failed: float) -> str | None:
    """What is not good about the run; None when something was kept and no more than the share `max_failed` (0 to 1) failed."""
    counts, splits = summary.counts, summary.kept_by_split
    planned, kept, failed = counts["planned"], counts["kept"], counts["failed"]
    if not planned:
        all_zero = bool(summary.quotas) and all(quota == 0 for quota in summary.quotas.values())
        why = "every quota is 0; raise one" if all_zero else "the sources gave no row; look at their files and limits"
        return f"nothing was planned: {why}"
    # an RL prompt that the ladder gave up on is kept, too
    only_prompts = bool(kept) and not (splits["train"] or splits["validation"]) and bool(counts["discarded"])
    if not kept or only_prompts:
        but = f" but {kept} RL prompts" if only_prompts else ""
        return f"nothing was kept{but} of {planned} planned samples ({_reasons(summary)}); {_remedy(summary)}"
    if failed > max_failed * planned:
        return (
            f"{failed} of {planned} samples failed ({_reasons(summary, 'failed')}), "
            f"more than run.max_failed {max_failed:g} allows; {_remedy(summary, 'failed')}"
        )
    return None


def unfilled(summary: RunSummary) -> dict[str, tuple[int, int]]:
    """Slot -> (kept, asked for), of the quotas that were not filled."""
    kept = {**summary.kept_by_mode, "rl": summary.kept_by_split["rl"]}
    return {
        slot: (kept.get(slot, 0), quota)
        for slot, quota in summary.quotas.items()
        if quota is not None and kept.get(slot, 0) < quota
    }


def _count(summary: RunSummary, *fates: str) -> Counter[str]:
    counted = Counter[str]()
    for fate in fates or ("failed", "discarded"):
        counted.update(summary.reasons.get(fate, {}))
    return counted


def _reasons(summary: RunSummary, *fates: str) -> str:
    counted = _count(summary, *fates)
    rest = sum(n for _, n in counted.most_common()[_MOST:])
    named = [f"{reason} {n}" for reason, n in counted.most_common(_MOST)]
    return ", ".join([*named, *([f"others {rest}"] if rest else [])]) or "surplus"


def _remedy(summary: RunSummary, *fates: str) -> str:
    """What to do about the main reasons, each once, the weightiest first."""
    reasons = [reason for reason, _ in _count(summary, *fates).most_common(_MOST)]
    return ", ".join(dict.fromkeys(_REMEDIES.get(reason, _OTHERWISE) for reason in reasons)) or _OTHERWISE
