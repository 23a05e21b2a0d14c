"""Verdicts from elsewhere: corrected and taken back ones keep an item in the queue, and nobody takes back another's words."""

from dataclasses import replace

import pytest

from pipeline.review.errors import ReviewError
from tests.review.queue.made import judge, review, verdict


@pytest.fixture
def store(tmp_path):
    store = review(f"sqlite:///{tmp_path / 'review.sqlite'}", 1, people=("Ann", "Bob", "Lea"))
    store.configure(replace(store.settings(), overlap=1.0, judges=2, gold_share=0.0))
    store.add_items(store.items(), store.populations(), "frame", False)
    return store


def said(store, name, number, **changes):
    return replace(verdict(store.items()[0], name), id=f"v{number}", **changes)


def test_a_corrected_verdict_fills_one_slot(store):
    first = said(store, "Out", 1)
    store.take_in([first, said(store, "Out", 2, supersedes="v1", note="again")], "Lea")
    assert judge(store, "Ann") is not None, "the second judge is still asked"
    assert next(store.resolutions()).opinion == "accept"


def test_what_was_taken_back_is_asked_again(store):
    first = said(store, "Out", 1)
    store.take_in([first, replace(first, id="v2", supersedes="v1", withdrawn=True)], "Lea")
    assert judge(store, "Ann") is not None
    assert judge(store, "Bob") is not None
    assert next(store.resolutions()).opinion == "accept"


def test_a_verdict_on_what_its_author_holds_ends_that_claim(store):
    held = store.claim("Ann")
    store.take_in([said(store, "Ann", 1)], "Lea")
    assert store.claim("Ann") is None
    assert judge(store, "Bob") is not None
    assert next(store.resolutions()).opinion == "accept"
    assert [v.id for v in store.verdicts()][:1] == ["v1"]
    assert held is not None


@pytest.mark.parametrize("withdrawn", [False, True])
@pytest.mark.parametrize("order", [1, -1])
def test_nobody_takes_back_what_another_said(store, withdrawn, order):
    mine = said(store, "Bob", 1, result="reject", reasons=verdict(store.items()[0], "Bob", "reject").reasons)
    theirs = said(store, "Mallory", 2, supersedes="v1", withdrawn=withdrawn)
    with pytest.raises(ReviewError, match="their own words"):
        store.take_in([mine, theirs][::order], "Lea")
    assert store.verdicts() == []


def test_a_verdict_that_supersedes_itself_is_refused(store):
    with pytest.raises(ReviewError, match="supersedes itself"):
        store.take_in([said(store, "Bob", 1, supersedes="v1")], "Lea")


def test_a_settlement_that_is_none_here_leaves_the_one_before_alone(store):
    store.take_in([said(store, "Lea", 1, adjudicates=True)], "Lea")
    store.take_in([said(store, "Mallory", 2, adjudicates=True, supersedes="v1", note="no")], "Lea")
    resolution = next(store.resolutions())
    assert resolution.adjudicated
    assert resolution.verdicts[-1].id == "v1"
