"""Known answers, and verdicts from elsewhere."""

import dataclasses

import pytest

from pipeline.review.errors import ReviewError
from pipeline.review.records import HumanVerdict, ReasonMark
from pipeline.review.settings import ReviewSettings
from tests.review.queue.made import fill, item, judge, populations, review, verdict


@pytest.fixture
def store(tmp_path):
    store = review(f"sqlite:///{tmp_path}/review.sqlite", 0, people=("Ann", "Bob", "Lea"))
    store.configure(ReviewSettings(overlap=0.0, gold_share=0.5))
    fill(store, 40)
    return store


def test_settled_items_measure_those_who_have_not_seen_them_and_count_for_nothing_else(store):
    seen = [judge(store, "Ann") for _ in range(10)]
    for said in seen:
        store.adjudicate(verdict(store.item(said.sample_id), "Lea", "reject"))
    before = {r.item.sample_id: r for r in store.resolutions()}
    said = list(iter(lambda: judge(store, "Bob"), None))
    answers = store.gold_answers()
    assert {a.sample_id for a in answers} == {v.sample_id for v in seen}, "Bob met each of them once"
    assert {(a.reviewer, a.expected, a.given) for a in answers} == {("Bob", "reject", "accept")}
    assert len(said) == 30 + 10
    after = {r.item.sample_id: r for r in store.resolutions()}
    assert all(after[v.sample_id] == before[v.sample_id] for v in seen)
    assert store.claim("Lea") is None, "who settled them is not asked, and nothing else is left"


def test_gold_comes_at_its_share_and_in_no_tell_tale_order(store):
    for one in store.items()[20:]:
        store.mark_gold(one.sample_id, "accept", "Lea")
    gold = set(store.gold())
    turns = [judge(store, "Bob").sample_id in gold for _ in range(24)]
    assert 6 <= sum(turns) <= 18
    assert turns != sorted(turns)
    assert turns != sorted(turns, reverse=True)


def test_an_undone_or_skipped_known_answer_is_no_answer(store):
    store.configure(ReviewSettings(overlap=0.0, gold_share=1.0))
    one = store.items()[5]
    store.mark_gold(one.sample_id, "accept", "Lea")
    assert judge(store, "Bob", "reject").sample_id == one.sample_id
    assert len(store.gold_answers()) == 1
    store.undo("Bob")
    assert store.gold_answers() == []
    claimed = store.claim("Bob")
    assert claimed.item.sample_id == one.sample_id
    store.skip("Bob", claimed.token, "tired")
    assert store.claim("Bob").item.sample_id != one.sample_id


def test_planted_items_belong_to_no_lot_and_stay_when_the_build_is_drawn_again(store):
    planted = item(99, draw="gold")
    items = store.items()
    store.add_items([*items, planted], populations(items), "with one planted", False)
    store.mark_gold("s99", "reject", "Lea")
    store.add_items(items, populations(items), "without", False)
    assert "s99" in {one.sample_id for one in store.items()}
    said = [v.sample_id for v in iter(lambda: judge(store, "Bob"), None)]
    assert said.count("s99") == 1
    assert "s99" not in {r.item.sample_id for r in store.resolutions()}


def test_only_accept_and_reject_are_known_answers(store):
    with pytest.raises(ReviewError, match="accept or reject"):
        store.mark_gold("s1", "unsure", "Lea")
    with pytest.raises(ReviewError, match="not in this review"):
        store.mark_gold("nobody", "accept", "Lea")
    store.adjudicate(verdict(item(1), "Lea", "unsure"))
    assert store.gold() == {}


def test_verdicts_from_elsewhere_enter_once_and_are_told_apart(store):
    held = store.claim("Ann").item
    free = next(one for one in store.items() if one != held)
    said = [
        dataclasses.replace(verdict(free, "Carl", "reject"), id="x1", at="2026-01-01T00:00:00+00:00"),
        dataclasses.replace(verdict(held, "Carl"), id="x2"),
        dataclasses.replace(verdict(held, "Carl"), id="x3", content_hash="0" * 64),
        dataclasses.replace(verdict(held, "Carl"), id="x4", sample_id="nobody"),
    ]
    taken = store.take_in(said, by="Lea")
    assert (taken.taken, taken.known, taken.stale, taken.strange) == (2, 0, 1, 1)
    again = store.take_in(said, by="Lea")
    assert (again.taken, again.known) == (0, 2)
    assert store.verdicts()[0].at == "2026-01-01T00:00:00+00:00"
    resolved = {r.item.sample_id: r.opinion for r in store.resolutions()}
    assert (resolved[free.sample_id], resolved[held.sample_id]) == ("reject", "accept")
    assert store.person("") is None
    assert [p.joined for p in store.people() if p.name == "Carl"] == [False]
    asked = [v.sample_id for v in iter(lambda: judge(store, "Bob"), None)]
    assert free.sample_id not in asked, "its place is filled"


def test_a_settlement_from_elsewhere_counts_as_one_where_its_author_is_a_lead_here(store):
    one = item(3)
    settled = dataclasses.replace(verdict(one, "Lea", "reject"), id="a", adjudicates=True)
    claim = dataclasses.replace(verdict(one, "Mallory"), id="b", adjudicates=True)
    store.take_in([settled, claim], by="Lea")
    resolution = {r.item.sample_id: r for r in store.resolutions()}[one.sample_id]
    assert (resolution.opinion, resolution.adjudicated) == ("reject", True)


def test_reasons_of_another_version_are_kept(store):
    mark = (ReasonMark("colour.off", "G1"),)
    foreign = HumanVerdict("f", "s1", item(1).content_hash, "Carl", "reject", None, reasons=mark, taxonomy="theirs/3")
    store.take_in([foreign], by="Lea")
    assert store.verdicts()[0].reasons == mark
