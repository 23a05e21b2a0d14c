"""The server that outlives the builds, a build without kills, and a table at the end of a test run of what the kills cost."""

from dataclasses import astuple, dataclass, fields

import pytest

from pipeline.output.verify import examine
from tests.kill.counting import serve_counting
from tests.kill.promise import find_repeats
from tests.kill.victim import GONE_S, Build, wait_for_end


@dataclass(frozen=True)
class Reference:
    """The build without kills: the digests of its files, and of its requests."""

    digests: dict[str, str]
    request_digests: set[str]


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with serve_counting(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="session")
def reference(server, tmp_path_factory) -> Reference:
    build = Build(tmp_path_factory.mktemp("reference") / "out", server, "reference")
    build.start()
    assert build.finish() == 0, build.report()
    requests = build.requests()
    assert not list(find_repeats(requests, []))
    assert not examine(build.out).problems
    assert wait_for_end(build.pid, GONE_S) == []
    assert len(requests) > 150
    return Reference(build.digests(), {one.digest for one in requests})


@dataclass(frozen=True)
class Figures:
    """One build that was killed. `moment`: the share of the remaining calls after which each kill came. Times in seconds."""

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
