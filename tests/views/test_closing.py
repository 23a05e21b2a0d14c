"""The last words of a build are true, name their samples, and fit the terminal, whatever a model has said."""

import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from pipeline.commands.places import LONGEST_LINE, fail
from pipeline.output.ending import problem_of
from pipeline.output.run_json import RunSummary
from pipeline.planning.samples import PartialRow, make_failed
from pipeline.sources.bad_row import Place
from pipeline.views.closing import NO_TERMINAL, closing, show_closing, warn
from pipeline.views.text import one_line
from stages.errors import Malformed, ModelError, Refused, TimedOut, TooLong
from stages.ladder import LONGEST_WORDS, ended_by
from stages.trajectory import Trajectory

SAMPLE = make_failed("edits", Place("a.jsonl", 7, 7), (64, 64), "other", PartialRow("x", None, None, None, "t2i"))


def summary(
    kept: int = 0,
    discarded: int = 0,
    failed: int = 0,
    rl: int = 0,
    quotas: dict[str, int | None] | None = None,
    **reasons: int,
) -> RunSummary:
    """A run with these counts; `reasons` of failures by name, those of discarded samples begin with `not_`."""
    fates = {"failed": {k: n for k, n in reasons.items() if k[:4] != "not_"}, "discarded": {}}
    fates["discarded"] = {k[4:]: n for k, n in reasons.items() if k[:4] == "not_"}
    counts = {
        "planned": kept + rl + discarded + failed,
        "kept": kept + rl,
        "surplus": 0,
        "discarded": discarded,
        "failed": failed,
    }
    values: dict[str, Any] = {name: {} for name in RunSummary.model_fields}
    values |= dict.fromkeys(("name", "fingerprint", "finished_at"), "x")
    values |= {"format": "run/1", "cut_rank": None, "shuffle_seed": 0, "store": None, "selection_of": None}
    values |= {"quotas": quotas or {}}
    values |= {"counts": counts | {"beyond_cut": 0}, "kept_by_mode": {"direct": kept}, "reasons": fates, "warnings": []}
    values["kept_before"] = []
    return RunSummary.model_validate(values | {"kept_by_split": {"train": kept, "validation": 0, "rl": rl}})


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (summary(kept=9, failed=1, malformed=1), None),
        (summary(kept=1, discarded=99, not_unsolved=99), None),
        (summary(rl=3), None),
        (
            summary(failed=15, malformed=12, transport=3),
            "nothing was kept of 15 planned samples (malformed 12, transport 3); "
            "--retry-failed asks again what a model answered badly, the same command tries again what failed in transport",
        ),
        (
            summary(kept=8, failed=2, input=1, model_error=1),
            "2 of 10 samples failed (input 1, model_error 1), more than run.max_failed 0.1 allows; "
            "mend the rows that record/ names and build with --fork, --retry-failed asks again what a model answered badly",
        ),
        (
            summary(discarded=3, not_refused=3),
            "nothing was kept of 3 planned samples (refused 3); ask models that take these instructions, or reword them",
        ),
        (
            summary(rl=2, discarded=5, not_unsolved=5),
            "nothing was kept but 2 RL prompts of 7 planned samples (unsolved 5); "
            "record/ and the report show what the judges found: change the models or the policy",
        ),
        (summary(quotas={"direct": 0, "rl": 0}), "nothing was planned: every quota is 0; raise one"),
        (
            summary(quotas={"direct": None}),
            "nothing was planned: the sources gave no row; look at their files and limits",
        ),
    ],
)
def test_a_build_is_good_or_says_why_it_is_not(run: RunSummary, problem: str | None) -> None:
    assert problem_of(run, 0.1) == problem


def test_the_share_that_may_fail_is_the_manifests() -> None:
    run = summary(kept=5, failed=5, malformed=5)
    assert problem_of(run, 0.5) is None
    assert "5 of 10 samples failed" in str(problem_of(run, 0.49))
    assert problem_of(summary(failed=5, malformed=5), 1.0) is not None


def test_quotas_that_were_not_filled_are_named() -> None:
    lines = list(closing(summary(kept=3, quotas={"direct": 9, "rl": None}), [], 80))
    assert "Quotas not filled: direct 3 of 9. All samples have climbed: give more rows, or lower the quotas." in lines
    assert not [line for line in closing(summary(kept=9, quotas={"direct": 9}), [], 80) if "Quotas not" in line]


HOSTILE = "{" + "\x1b[31m\u202e\u200b\x07\n" * 20_000


@pytest.mark.parametrize(
    "error", [Malformed(HOSTILE, "not JSON"), TooLong(HOSTILE), TimedOut(HOSTILE), ModelError(HOSTILE)]
)
@pytest.mark.parametrize(("width", "terminal"), [(80, True), (200, True), (80, False)])
def test_a_line_about_a_sample_names_it_and_fits(error: ModelError, width: int, terminal: bool) -> None:
    ended = ended_by(Trajectory(SAMPLE, 1), error)
    file = io.StringIO()
    show_closing(Console(file=file, width=width, force_terminal=terminal), summary(failed=1, malformed=1), [ended])
    (line,) = [line for line in file.getvalue().splitlines() if "row:7" in line]
    assert line.startswith("  edits row:7: ")
    assert cell_len(line) <= (width if terminal else NO_TERMINAL)
    assert line.isprintable()
    assert "\ufffd" in line
    assert len(ended.detail or "") < LONGEST_WORDS + 100


def test_nothing_ends_with_a_colon_that_nothing_follows() -> None:
    ended = ended_by(Trajectory(SAMPLE, 1), Malformed("", "the reply is empty"))
    assert ended.detail == "the reply is empty"
    bare = replace(ended, detail=None)
    lines = [line for t in (ended, bare) for line in closing(summary(failed=1), [t], 80) if "row:7" in line]
    assert lines == ["  edits row:7: malformed: the reply is empty", "  edits row:7: malformed"]


def test_the_words_of_a_refusal_are_kept_up_to_their_limit() -> None:
    assert ended_by(Trajectory(SAMPLE, 1), Refused("I will not.")).detail == "I will not."
    long = ended_by(Trajectory(SAMPLE, 1), Refused("no " * 50_000)).detail or ""
    assert long.startswith("no no ")
    assert long.endswith(" ... (150,000 characters)")
    assert len(long) < LONGEST_WORDS + 100


def test_what_stops_a_run_is_printable_and_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        fail(f"the run stopped: {HOSTILE.replace(chr(10), ' ')}\n  --fork  go on", 3)
    assert ended.value.code == 3
    first, second = capsys.readouterr().err.splitlines()
    assert len(first) <= LONGEST_LINE + len("x2i: ")
    assert first.isprintable()
    assert second == "  --fork  go on"
    file = io.StringIO()
    warn(Console(file=file, width=80), f"{HOSTILE}")
    assert file.getvalue().rstrip("\n").isprintable()


@given(text=st.text(max_size=300), width=st.integers(20, 200))
@settings(max_examples=200, deadline=None)
def test_one_line_is_one_line_of_that_width(text: str, width: int) -> None:
    line = one_line(text, width)
    assert cell_len(line) <= width
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert not line.endswith(":")


def test_what_was_left_out_is_said_and_where_to_read_of_it():
    run = summary(kept=3).model_copy(update={"left_out": {"duplicate": 12, "cap": 900}})
    assert (
        "Left out before it cost anything: cap 900, duplicate 12. screened.parquet names the rows that screens dropped."
        in list(closing(run, [], 200))
    )
    (line,) = [line for line in closing(run.model_copy(update={"left_out": {"sample": 5}}), [], 200) if "Left" in line]
    assert line == "Left out before it cost anything: sample 5."
