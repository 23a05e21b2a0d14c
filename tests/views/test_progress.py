"""The display: plain lines to a pipe, at most 80 columns in a terminal, an ETA that knows about quotas."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from pipeline.views.progress import Display, ModeYield, RungCount, Snapshot, line, table

NOW = Snapshot(
    planned=240,
    done=120,
    rungs=(RungCount("direct", 12, 71, 49), RungCount("reflect", 20, 30, 8), RungCount("multistep", 4, 4, 3)),
    modes=(ModeYield("direct", 80, 80), ModeYield("reflection", 30, 40), ModeYield("multistep", 10, 20)),
    discarded=14,
    failed=2,
    images=512,
    calls=1204,
    in_flight_calls=32,
    elapsed_s=60.0,
)


def test_a_pipe_gets_few_plain_lines_and_the_last() -> None:
    file = io.StringIO()
    with Display(Console(file=file, force_terminal=False), "demo") as display:
        for tenth in range(121):
            display.update(replace(NOW, elapsed_s=tenth / 10, done=tenth))
        display.update(replace(NOW, elapsed_s=12.1, done=240))
    lines = file.getvalue().splitlines()
    assert len(lines) == 4  # at 0, 5 and 10 seconds, and the end
    assert "\x1b" not in file.getvalue()
    assert "240/240" in lines[-1]
    assert "reflection 30/40" in lines[-1]


def test_the_last_line_is_not_written_twice() -> None:
    file = io.StringIO()
    with Display(Console(file=file, force_terminal=False)) as display:
        display.update(NOW)
    assert len(file.getvalue().splitlines()) == 1
    with Display(Console(file=file, force_terminal=False)):
        pass
    assert len(file.getvalue().splitlines()) == 1


def test_a_terminal_gets_a_live_table() -> None:
    file = io.StringIO()
    with Display(Console(file=file, force_terminal=True, width=80, color_system="truecolor"), "demo") as display:
        display.update(NOW)
    assert "\x1b[" in file.getvalue()
    assert "reflection" in file.getvalue()


@pytest.mark.parametrize("factor", [1, 10_000])
def test_fits_80_columns(factor: int) -> None:
    big = replace(
        NOW,
        planned=NOW.planned * factor,
        done=NOW.done * factor,
        images=NOW.images * factor,
        calls=NOW.calls * factor,
        modes=tuple(ModeYield(m.name, m.kept * factor, (m.quota or 0) * factor) for m in NOW.modes),
        elapsed_s=NOW.elapsed_s * factor,
        usd=12.5 * factor,
        budget_usd=99.0 * factor,
        held_up=("openrouter pauses 12 s", "another-provider is out"),
    )
    file = io.StringIO()
    Console(file=file, width=80).print(table(big, "a-build-with-quite-a-long-name"))
    lines = file.getvalue().splitlines()
    assert max(len(shown.rstrip()) for shown in lines) <= 80
    assert len(lines) == 2 + len(big.rungs) + 1 + 1 + 1 + len(big.modes) + 1 + 2


def test_eta_follows_the_slowest_quota() -> None:
    assert NOW.rate == 2
    assert NOW.eta_s == 60  # multistep: 10 more at 10 per 120 done need 120 samples, and 120 are left
    assert replace(NOW, modes=NOW.modes[:2]).eta_s == 20  # reflection: 10 more at 30 per 120 need 40 samples
    assert replace(NOW, modes=(ModeYield("direct", 80, None),)).eta_s == 60  # no quota: all the rest
    assert replace(NOW, modes=NOW.modes[:1]).eta_s == 0
    assert replace(NOW, done=0, elapsed_s=0).eta_s is None
    assert replace(NOW, done=240).finished
    assert replace(NOW, earlier=60).eta_s == 120  # what an earlier run did says nothing about the pace of this one
    assert not NOW.finished


def test_a_line_says_what_is_unknown() -> None:
    assert line(replace(NOW, done=0)).endswith("eta –")
    assert "1:00:00" in line(replace(NOW, elapsed_s=3600))


def test_money_and_what_holds_the_run_up_are_told() -> None:
    now = replace(NOW, usd=1.234, held_up=("openai pauses 12 s",))
    assert line(now).endswith("| $1.23 | openai pauses 12 s")
    assert "| $1.23 of $40.00" in line(replace(now, budget_usd=40.0))
    assert "$" not in line(replace(NOW, usd=0.0))
    file = io.StringIO()
    Console(file=file, width=80).print(table(now))
    assert "$1.23 · openai pauses 12 s" in file.getvalue()


def test_a_source_that_is_not_read_to_its_end_has_no_total_and_no_end_but_by_its_quotas():
    modes = (ModeYield("direct", 20, 40),)
    open_ended = replace(NOW, planned=100, done=100, earlier=0, elapsed_s=10.0, modes=modes, more=True)
    assert "100/100+ |" in line(open_ended)
    assert not open_ended.finished
    assert open_ended.eta_s == 10.0
    assert replace(open_ended, modes=(ModeYield("direct", 20, None),)).eta_s is None
