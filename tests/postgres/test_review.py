"""A review in PostgreSQL: the same promises as in SQLite, with a server between the processes."""

import pytest

from pipeline.review.records import HumanVerdict, ReasonMark
from pipeline.review.settings import ReviewSettings
from pipeline.review.store import open_review
from tests.review.queue.crowd import review_in_a_crowd
from tests.review.queue.made import BUILD, Clock, fill, item, judge, populations, review, verdict

pytestmark = pytest.mark.slow


@pytest.fixture
def url(postgres) -> str:
    return str(postgres.database())


def test_six_reviewers_and_ten_kills(url):
    with open_review(url, BUILD) as store:
        review_in_a_crowd(
            store, url, ("Ann", "Bob", "Cem", "Dee", "Eve", "Fay"), 300, 10, lambda: list(store.resolutions())
        )


def test_a_day_of_a_review(url):
    clock = Clock()
    store = review(url, 0, clock, ("Ann", "Bob", "Lea"))
    store.configure(ReviewSettings(overlap=0.5, gold_share=0.3, claim_seconds=60))
    items = fill(store, 40)
    for number in range(25):
        judge(store, "Ann", ("accept", "reject")[number % 5 == 0])
        judge(store, "Bob")
    store.undo("Ann")
    skipped = store.claim("Ann")
    store.skip("Ann", skipped.token, "unclear")
    late = store.claim("Bob")
    clock.now += 61
    store.release_claims("Ann")
    store.record(verdict(late, "Bob", note="\"'<b>\u202e\x1b"), late.token)
    for resolution in store.disputes():
        store.adjudicate(verdict(resolution.item, "Lea", "reject"))
    assert store.disputes() == []
    store.add_items(items[5:], populations(items[5:]), "fewer", True)
    foreign = HumanVerdict("f", "s9", item(9).content_hash, "Carl", "reject", None, reasons=(ReasonMark("image.text"),))
    assert store.take_in([foreign], by="Lea").taken == 1
    store.revoke("Ann", by="Lea")
    assert store.gold()
    assert store.audit(5)[0].what == "revoked"
    again = open_review(url, BUILD, clock)
    assert list(again.resolutions()) == list(store.resolutions())
    assert again.verdicts() == store.verdicts()
    for one in (store, again):
        one.close()


def test_a_server_that_went_away_is_waited_for_by_nobody_and_loses_nothing(postgres, url):
    with review(url, 5) as store:
        said = judge(store, "Ann")
        postgres.stop()
        postgres.start()
        assert [v.id for v in store.verdicts()] == [said.id]
        assert judge(store, "Ann") is not None
