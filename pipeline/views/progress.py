"""How a build shows itself while it runs: a calm table in a terminal, plain lines anywhere else.

In: `Snapshot`s, as often as the caller likes. Out: a live picture of at most 80 columns; or, where the console is no terminal,
one line every few seconds without any escape code, and a last one.
"""

from dataclasses import dataclass
from math import inf, isfinite
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_BAR = 28
_WIDTH = 80


@dataclass(frozen=True, slots=True)
class RungCount:
    """A rung right now: samples on it, and how those that left it fared."""

    name: str
    in_flight: int
    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class ModeYield:
    """What was kept of a mode so far. A quota of None takes all there are."""

    name: str
    kept: int
    quota: int | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A build at one moment. `done` samples have an outcome, `earlier` of them from a run before this one (a resume); `calls` were
    answered, `in_flight_calls` are open. `usd` was spent of `budget_usd`, None where nothing is paid for. `more`: further samples
    may be planned, once these do not suffice. `held_up`: what slows the run down, or that it is stopping; in few words each.
    """

    planned: int
    done: int
    rungs: tuple[RungCount, ...]
    modes: tuple[ModeYield, ...]
    discarded: int
    failed: int
    images: int
    calls: int
    in_flight_calls: int
    elapsed_s: float
    earlier: int = 0
    usd: float | None = None
    budget_usd: float | None = None
    held_up: tuple[str, ...] = ()
    more: bool = False

    @property
    def rate(self) -> float:
        """Samples per second since the start."""
        return (self.done - self.earlier) / self.elapsed_s if self.elapsed_s > 0 else 0.0

    @property
    def finished(self) -> bool:
        """True when all samples are done, or every mode has a quota and all of them are filled."""
        return (self.done >= self.planned and not self.more) or self._to_do() == 0

    @property
    def total(self) -> str:
        """How many samples there are, as far as that is known."""
        return f"{self.planned:,}+" if self.more else f"{self.planned:,}"

    @property
    def eta_s(self) -> float | None:
        """Seconds left at this rate and these yields, 0 when finished, None while that is not known."""
        if self.finished:
            return 0.0
        left = self._to_do()
        return left / self.rate if self.rate and isfinite(left) else None

    def _to_do(self) -> float:
        """Samples still to be done: all the rest, or as many as the slowest quota seems to need."""
        rest = inf if self.more else float(max(self.planned - self.done, 0))
        if not self.modes:
            return rest
        return min(rest, max(self._needed(mode, rest) for mode in self.modes))

    def _needed(self, mode: ModeYield, rest: float) -> float:
        if mode.quota is None:
            return rest
        missing = mode.quota - mode.kept
        if missing <= 0:
            return 0.0
        return missing * self.done / mode.kept if mode.kept and self.done else rest


class Display:
    """Shows snapshots on `console` for as long as its context lasts. Plain lines come at most every `every` seconds."""

    def __init__(self, console: Console, title: str = "", every: float = 5.0) -> None:
        self._console, self._title, self._every = console, title, every
        self._live: Live | None = None
        self._latest: Snapshot | None = None
        self._written: Snapshot | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, refresh_per_second=4, transient=False)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None
        elif self._latest is not None and self._latest is not self._written:
            self._write(self._latest)

    def update(self, snapshot: Snapshot) -> None:
        """Show this picture of the build; the time is the snapshot's own."""
        self._latest = snapshot
        if self._live is not None:
            self._live.update(table(snapshot, self._title))
        elif self._written is None or snapshot.elapsed_s - self._written.elapsed_s >= self._every:
            self._write(snapshot)

    def _write(self, snapshot: Snapshot) -> None:
        self._written = snapshot
        self._console.file.write(line(snapshot) + "\n")
        self._console.file.flush()


def line(s: Snapshot) -> str:
    """A snapshot as one line of plain text."""
    modes = " ".join(f"{m.name} {m.kept}{'' if m.quota is None else f'/{m.quota}'}" for m in s.modes)
    lost = f"discarded {s.discarded} failed {s.failed}"
    work = f"calls {s.calls} ({s.in_flight_calls} in flight) images {s.images}"
    speed = f"{s.rate:.1f}/s eta {_clock(s.eta_s)}"
    more = "".join(f" | {words}" for words in (_money(s), *s.held_up) if words)
    return f"{_clock(s.elapsed_s)} {s.done}/{s.total.replace(',', '')} | {modes} | {lost} | {work} | {speed}{more}"


def table(s: Snapshot, title: str = "") -> RenderableType:
    """A snapshot as a picture of at most 80 columns."""
    return Group(_head(s, title), Text(), _rungs(s), Text(), _modes(s), Text(), _foot(s))


def _head(s: Snapshot, title: str) -> RenderableType:
    grid = _barred()
    eta = "done" if s.finished else f"eta {_clock(s.eta_s)}"
    count = Text.assemble((f"{s.done:,}", "bold"), f"/{s.total}  ", (eta, "dim"))
    grid.add_row(Text(title or "samples", "bold"), _bar(s.done, s.planned, "cyan"), count)
    return grid


def _rungs(s: Snapshot) -> RenderableType:
    grid = _grid()
    grid.add_column(width=14, no_wrap=True, overflow="ellipsis")
    for _ in range(3):
        grid.add_column(justify="right", width=11)
    grid.add_row(*(Text(word, "dim") for word in ("rung", "in flight", "passed", "not passed")))
    for r in s.rungs:
        grid.add_row(r.name, _count(r.in_flight, "cyan"), _count(r.passed, "green"), _count(r.failed, ""))
    return grid


def _modes(s: Snapshot) -> RenderableType:
    grid = _barred()
    grid.add_row(*(Text(word, "dim") for word in ("mode", "", "kept/quota")))
    most = max(1, s.done)  # without a quota: the share of what is done
    for m in s.modes:
        full = m.quota is not None and m.kept >= m.quota
        count = Text.assemble((f"{m.kept:,}", "bold"), "" if m.quota is None else f"/{m.quota:,}")
        if full:
            count.append("  full", "green")
        grid.add_row(m.name, _bar(m.kept, most if m.quota is None else m.quota, "green" if full else "blue"), count)
    return grid


def _foot(s: Snapshot) -> RenderableType:
    lost = f"discarded {s.discarded:,} · failed {s.failed:,}"
    work = f"images {s.images:,} · calls {s.calls:,} ({s.in_flight_calls:,} open)"
    pace = f"{s.rate:.1f} samples/s · {_clock(s.elapsed_s)} so far"
    foot = Text(" · ".join(words for words in (f"{lost} · {work}\n{pace}", _money(s)) if words), "dim")
    if s.held_up:
        held = Text(" · " + ", ".join(s.held_up), "yellow")
        held.truncate(max(0, _WIDTH - len(foot.plain.splitlines()[-1])), overflow="ellipsis")
        foot.append(held)
    return foot


def _money(s: Snapshot) -> str:
    """What was spent, of what; nothing where nothing is paid for."""
    if s.budget_usd is not None:
        return f"${s.usd or 0:,.2f} of ${s.budget_usd:,.2f}"
    return f"${s.usd:,.2f}" if s.usd else ""


def _grid() -> Table:
    return Table.grid(padding=(0, 2, 0, 0))


def _barred() -> Table:
    grid = _grid()
    grid.add_column(width=14, no_wrap=True, overflow="ellipsis")
    grid.add_column(width=_BAR)
    grid.add_column(no_wrap=True)
    return grid


def _bar(value: float, total: float, style: str) -> ProgressBar:
    return ProgressBar(
        max(total, 1), min(value, total), width=_BAR, style="grey37", complete_style=style, finished_style=style
    )


def _count(value: int, style: str) -> Text:
    return Text(f"{value:,}", style if value else "dim")


def _clock(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
