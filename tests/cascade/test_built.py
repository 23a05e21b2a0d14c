"""A build by several generators, up to the report: who drew stands in record, ledger and report, and is checked."""

from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from pipeline.manifest.file import load
from pipeline.manifest.spec import ManifestError
from pipeline.models import identities
from pipeline.output.finalise import finalise
from pipeline.output.record_checks import flaws, unknown_makers
from pipeline.output.verify import verify
from pipeline.planning import world_rows
from pipeline.replay.whatif import whatif
from pipeline.storage.image_store import ImageStore
from pipeline.views.report import report
from pipeline.views.story import stories
from pipeline.views.tables.ledger import ledger
from pipeline.views.tables.reading import read
from pipeline.views.tables.rows import rows
from stages.makers import maker_in
from stages.trajectory import Trajectory
from tests.journal.built import WORDS, Built
from tests.views.page import Page

SETTINGS = ["sources.world.count=36", "sources.world.size=96", "output.image.size=96", "policy.judging.judgements=1"]
MAKERS = ["baseline", "generator", "generator.cheap", "generator.strong"]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    out = tmp_path_factory.mktemp("cascade")
    manifest = load("manifests/cascade-demo.yaml", SETTINGS)
    store = ImageStore(str(out / "store"))
    made = world_rows.read(manifest.sources[0], manifest.seed, store, 2)
    build = Built(out, manifest, [Trajectory(sample, n) for n, (sample, _) in enumerate(made)]).lock()
    with ThreadPoolExecutor(2) as pool:
        build.go(pool)
    outcomes = build.outcomes()
    outcomes.write_ledger(out)
    finalise(list(outcomes.all()), manifest, store, out, WORDS.hashes, build.fingerprint, identities(manifest), 1)
    outcomes.close()
    return build


def trajectories(build: Built) -> list[Trajectory]:
    outcomes = build.outcomes()
    every = list(outcomes.all())
    outcomes.close()
    return every


def images(build: Built) -> Counter[str]:
    return Counter(maker_in(e.made_by) for t in trajectories(build) for e in t.events if e.kind == "generation")


def test_record_and_ledger_say_who_drew(built):
    sent = ledger(built.out)
    assert sent is not None
    drawn = {str(who): int(row["images"]) for (who, kind), row in sent.table.iterrows() if kind == "image"}
    assert drawn == images(built)
    assert list(drawn) == MAKERS


def test_it_verifies_and_another_maker_does_not(built):
    assert [str(problem) for problem in verify(built.out)] == []
    recipe, models = built.manifest.recipe, identities(built.manifest)
    checked = 0
    for t in trajectories(built):
        assert list(flaws(t, recipe)) == []
        assert list(unknown_makers(t, models)) == []
        for n, event in enumerate(t.events):
            if maker_in(event.made_by) != "generator.strong" or event.kind != "generation":
                continue
            by_another = replace(event, made_by=f"generator.cheap:{models['generator.cheap']}")
            wrong = replace(t, events=(*t.events[:n], by_another, *t.events[n + 1 :]))
            due = f"events[{n}] (generation {event.index}): it was made by generator.cheap, the policy names generator.strong"
            assert any(problem.startswith(due) for problem in flaws(wrong, recipe))
            checked += 1
    assert checked


def test_the_report_counts_what_each_drew_and_what_passed(built):
    passed: dict[str, int] = defaultdict(int)
    for t in trajectories(built):
        for one in t.tries():
            if one.generation is not None:
                passed[maker_in(one.generation.made_by)] += (
                    any(e.kind == "evaluation" for e in one.events) and one.verdict.passed
                )
    reading = read(built.out)
    table = {row["who"]: row for row in rows(reading.drawers.by_maker())}
    assert list(table) == MAKERS
    for who, n in images(built).items():
        row = table[who]
        assert (row["images"], row["passed"]) == (n, passed[who])
        # every call costs the same in this build, whoever is asked
        assert row["usd"] == pytest.approx(0.11 * n)
        assert row["each"] == pytest.approx(0.11 * n / passed[who])
    by_round = list(rows(reading.drawers.by_round()))
    assert sum(row["images"] for row in by_round) == images(built).total()
    assert [row["who"] for row in by_round if row["where"].startswith("Reflection")] == [
        *("generator.cheap", "generator.cheap", "generator.strong")
    ]
    page = Page(report(built.out).read_text("utf-8"))
    assert "Who drew, and what passed" in " ".join(page.words)


def test_a_sample_is_shown_with_who_drew(built):
    notes = Counter(
        e.note.rpartition("by ")[2]
        for story in stories(built.out, built.manifest.recipe)
        for e in story.events
        if e.event.kind == "generation" and "by " in e.note
    )
    drawn = images(built)
    assert notes == {name: drawn[f"generator.{name}"] for name in ("cheap", "strong")}


def test_whatif_replays_the_rounds_that_the_same_generator_draws(built):
    same = whatif(
        built.out, ["policy.generators={reflect: [cheap, cheap, strong], multistep: [generator, strong, strong]}"]
    )
    assert same.then.ends == same.today.ends
    other = whatif(built.out, ["policy.generators.reflect=[cheap, strong]"])
    assert set(other.then.unknown) == {"reflect: image by generator.strong"}
    kept = {end: n for end, n in other.then.ends.items() if end != "unknown"}
    assert kept["direct"] == other.today.ends["direct"]
    first = sum(1 for t in trajectories(built) if t.mode == "reflection" and len(t.tries()) == 2)
    assert kept["reflection"] == first


def test_whatif_knows_no_generator_that_the_build_had_not(built):
    with pytest.raises(
        ManifestError, match=r"policy\.generators\.reflect names 'dear', which models\.generators lacks"
    ):
        whatif(built.out, ["policy.generators.reflect=dear"])
