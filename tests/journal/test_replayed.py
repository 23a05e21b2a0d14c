"""The uses of a journal, on a build of the world: forks, whatif, another try of failed samples, and figures."""

import json
import shutil
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from rich.console import Console
from sqlalchemy import select

from pipeline.manifest.spec import ManifestError
from pipeline.output import lock
from pipeline.replay.figures import figures
from pipeline.replay.forget import retry_failed
from pipeline.replay.whatif import end_of, whatif
from pipeline.storage.entries import JOURNAL
from pipeline.storage.ledger import LEDGER
from pipeline.views import journal as journal_view
from pipeline.views import whatif as whatif_view
from stages.trajectory import dump
from tests.journal.built import WORDS, Built, begin

FEWER = "policy.reflection_rounds=1"


@pytest.fixture(scope="module")
def pool():
    with ThreadPoolExecutor(2) as made:
        yield made


@pytest.fixture(scope="module")
def finished(pool, tmp_path_factory):
    """A finished build, which tests must not change."""
    built = begin(tmp_path_factory.mktemp("built"))
    assert built.go(pool) > 200
    return built


@pytest.fixture
def own(finished, tmp_path):
    """A copy of the finished build, which a test may change."""
    shutil.copytree(finished.out, tmp_path / "out")
    return Built(tmp_path / "out", finished.manifest, finished.samples)


def ends(built) -> dict[str, str]:
    outcomes = built.outcomes()
    by_id = {t.sample.id: end_of(t) for t in outcomes.all()}
    outcomes.close()
    return by_id


def file_contents(out):
    """The contents of every file that reading must not change."""
    return {p: p.read_bytes() for p in out.rglob("*") if p.is_file() and p.suffix != ".db-shm"}


def print_text(view, figures) -> str:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    view(figures, console)
    return console.export_text()


def test_todays_policy_replays_to_todays_ends_and_writes_nothing(finished):
    before = file_contents(finished.out)
    replayed = whatif(finished.out, [])
    assert replayed.today == replayed.then
    assert replayed.today.ends == Counter(ends(finished).values())
    assert {"direct", "reflection", "multistep", "rl"} <= set(replayed.today.ends)
    assert not replayed.moved
    assert not replayed.then.unknown
    assert replayed.today.unpriced == 0
    assert replayed.today.usd == pytest.approx(0.01 * replayed.today.texts + 0.11 * replayed.today.images)
    assert file_contents(finished.out) == before


def test_a_changed_policy_is_foreseen_as_a_fork_then_finds_it(own, pool):
    """Every end that whatif knows comes about in the fork, which pays only for the unknown ones."""
    replayed = whatif(own.out, [FEWER])
    assert replayed.changes == ("policy.reflection_rounds: 3 -> 1",)
    unknown = replayed.then.ends["unknown"]
    assert 0 < unknown < len(own.samples)
    assert set(replayed.then.unknown) == {"multistep: diagnosis by analyzer"}
    assert replayed.then.images == replayed.today.images  # samples that end alike take the same calls
    assert replayed.then.calls["image"] < replayed.today.calls["image"]
    assert replayed.then.accepted < whatif(own.out, []).today.accepted
    fork = own.under(FEWER)
    assert fork.fingerprint != own.fingerprint
    calls = fork.go(pool)
    assert calls >= unknown
    after = Counter(ends(fork).values())
    for end, count in replayed.then.ends.items():
        assert end == "unknown" or after[end] >= count
    assert after.total() == len(own.samples)
    fork.lock()
    complete = whatif(own.out, [])
    assert complete.today == complete.then
    assert not complete.then.unknown
    run, other = figures(own.out).runs
    assert (run.own, run.fingerprint, run.calls) == (True, fork.fingerprint, calls)
    assert run.hits > run.calls
    assert run.saved > 0
    assert other.hits == 0


def test_lower_thresholds_cost_nothing(own, pool):
    """A sample that passes earlier makes no new call, unless its end is unknown."""
    lower = "policy.thresholds.instruction=4"
    replayed = whatif(own.out, [lower])
    assert replayed.moved
    fork = own.under(lower)
    calls = fork.go(pool)
    assert (calls == 0) == (replayed.then.ends["unknown"] == 0)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("seed=3", "only the policy"),
        ("policy.reflection_rounds", "only the policy"),
        ("policy.nothing=3", "policy.nothing"),
        ("policy.nothing.more=3", "no nothing"),
        ("policy.reflection_rounds=eleven", "policy.reflection_rounds"),
        ("policy.judging={judgements: 2}", "policy.judging"),
        ("policy.judging=[", "correct the value"),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(finished, override, problem):
    with pytest.raises(ManifestError) as refused:
        whatif(finished.out, [override])
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)


def spoil(bad):
    """A function that spoils the replies to requests with the seeds `bad`: the first and the second try of an evaluation."""
    return lambda request, text: "no JSON at all" if request.seed in bad else text


def test_failed_samples_are_tried_again_and_pay_only_for_what_ended_them(own, pool):
    outcomes = own.outcomes()
    finished_outcomes = list(outcomes.all())
    long = [t for t in finished_outcomes if sum(e.kind == "evaluation" for e in t.events) > 2][:3]
    verdicts = [[e.payload for e in t.events if e.kind == "evaluation"][-2] for t in long]
    bad = {v.judgements[1].seed + n for v in verdicts for n in (0, 1)}
    outcomes.forget([t.sample.id for t in long], [v.judgements[1].call_key for v in verdicts])
    own.go(pool, spoil(bad))
    assert Counter(ends(own).values())["failed: malformed"] == len(long) == 3

    def column(of):
        with outcomes.engine.connect() as connection:
            return Counter(connection.execute(select(of)).scalars())

    before = column(JOURNAL.c.call_key)
    assert retry_failed(outcomes, own.manifest, WORDS, own.store()) == 3
    assert retry_failed(outcomes, own.manifest, WORDS, own.store()) == 0
    gone = set(before - column(JOURNAL.c.call_key))
    assert len(gone) == 6
    assert own.go(pool) == 3  # the second try of each is not needed now
    assert [dump(t) for t in outcomes.all()] == [dump(t) for t in finished_outcomes]
    twice = {key for key, times in column(LEDGER.c.call_key).items() if times > 1}
    assert twice == {v.judgements[1].call_key for v in verdicts} < gone
    outcomes.close()


def test_figures_tell_what_was_saved(own, pool):
    first = figures(own.out)
    (run,) = first.runs
    assert (run.hits, run.saved, run.lost, run.under_way) == (0, 0.0, 0, 0)
    assert run.calls == sum(kind.count for kind in first.answers)
    assert run.outcomes == len(own.samples)
    assert first.images == len([p for p in (own.out / "store").rglob("*") if p.is_file()])
    outcomes = own.outcomes()
    outcomes.forget([t.sample.id for t in own.samples])
    outcomes.close()
    assert own.go(pool) == 0
    (again,) = figures(own.out).runs
    assert (again.hits, again.calls, again.unpriced) == (run.calls, run.calls, 0)
    assert again.saved == pytest.approx(run.spent)


def test_views_are_eighty_columns_wide_and_json_holds_the_same(finished):
    shown, replayed = figures(finished.out), whatif(finished.out, [FEWER])
    for text in (print_text(journal_view.print_journal, shown), print_text(whatif_view.print_whatif, replayed)):
        assert max(map(len, text.splitlines())) <= max(80, len(shown.database) + 20)
    assert json.loads(journal_view.as_json(shown))["runs"][0]["calls"] == shown.runs[0].calls
    data = json.loads(whatif_view.as_json(replayed))
    assert data["then"]["ends"] == replayed.then.ends
    assert data["today"]["per_accepted"]["images"] == pytest.approx(replayed.today.images / replayed.today.accepted)
    assert "policy.reflection_rounds: 3 -> 1" in print_text(whatif_view.print_whatif, replayed)


def test_where_there_is_no_journal_it_is_said(finished, tmp_path):
    with pytest.raises(LookupError, match="no build has begun"):
        figures(tmp_path)
    Built(tmp_path, finished.manifest, []).lock()
    with pytest.raises(LookupError, match="is gone"):
        whatif(tmp_path, [])
    (tmp_path / lock.DATABASE).touch()
    with pytest.raises(LookupError, match="no journal"):
        figures(tmp_path)
