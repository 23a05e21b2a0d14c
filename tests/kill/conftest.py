"""The server that survives, the undisturbed build, and what the kills cost: a table at the end of a test run."""

from dataclasses import astuple, dataclass, fields

import pytest

from pipeline.output.verify import examine
from tests.kill.counting import counting
from tests.kill.promise import repeats
from tests.kill.victim import GONE_S, Build, ended


@dataclass(frozen=True)
class Reference:
    """The undisturbed build: its bytes and its requests."""

    digests: dict[str, str]
    asked: set[str]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with counting(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def reference(server, tmp_path_factory) -> Reference:
    build = Build(tmp_path_factory.mktemp("reference") / "out", server, "reference")
    build.start()
    assert build.finish() == 0, build.told()
    seen = build.seen()
    assert not list(repeats(seen, []))
    assert not examine(build.out).problems
    assert ended(build.pid, GONE_S) == []
    assert len(seen) > 150
    return Reference(build.digests(), {one.digest for one in seen})


@dataclass(frozen=True)
class Figures:
    """One build that was killed; `moment`: shares of the calls that were left; times in seconds."""

    kind: str
    moment: str
    calls: int
    repeats: int
    open: int
    just_sent: int
    lost: int
    calls_after: str
    gone_after: str
    resumed_in: str


_FIGURES = pytest.StashKey[list[Figures]]()


def pytest_configure(config):
    config.stash[_FIGURES] = []


@pytest.fixture
def figures(pytestconfig) -> list[Figures]:
    rows: list[Figures] = pytestconfig.stash[_FIGURES]
    return rows


def pytest_terminal_summary(terminalreporter):
    rows = terminalreporter.config.stash[_FIGURES]
    if not rows:
        return
    terminalreporter.section("kills")
    names = [field.name.replace("_", " ") for field in fields(Figures)]
    table = [names, *([str(value) for value in astuple(row)] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        terminalreporter.write_line("  ".join(word.rjust(width) for word, width in zip(line, widths, strict=True)))
    repeated, kills = [row.repeats for row in rows], sum(len(row.moment.split()) for row in rows)
    terminalreporter.write_line(
        f"{len(rows)} builds, {kills} kills, {sum(row.calls for row in rows)} calls: {sum(repeated)} repeated "
        f"({sum(row.open for row in rows)} open at a kill, {sum(row.just_sent for row in rows)} answered just before one)"
    )
