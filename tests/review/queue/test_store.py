"""The store of a review, as one person or a few meet it."""

import dataclasses

import pytest

from pipeline.review.errors import ClaimLost, ReviewError
from pipeline.review.records import ReasonMark
from pipeline.review.settings import ReviewSettings
from pipeline.review.store import open_review
from tests.review.queue.made import BUILD, LOTS, Clock, fill, item, judge, populations, review, verdict


@pytest.fixture
def url(tmp_path) -> str:
    return f"sqlite:///{tmp_path}/review/review.sqlite"


def alone(**changes) -> ReviewSettings:
    return ReviewSettings(overlap=0.0, gold_share=0.0, **changes)


def test_items_come_in_the_order_of_their_positions_and_once(url):
    store = review(url, 20)
    store.configure(alone())
    fill(store, 20)
    seen = [judge(store, "Ann").sample_id for _ in range(20)]
    assert seen == [one.sample_id for one in store.items()]
    assert store.claim("Ann") is None
    assert [r.opinion for r in store.resolutions()] == ["accept"] * 20


def test_whoever_loads_the_page_again_gets_the_same_item_and_what_was_fetched_ahead_comes_next(url):
    store = review(url, 9)
    first = store.claim("Ann")
    ahead = store.ahead("Ann", 2)
    assert store.claim("Ann").token == first.token
    assert [c.token for c in store.ahead("Ann", 2)] == [c.token for c in ahead]
    store.record(verdict(first, "Ann"), first.token)
    assert store.claim("Ann").token == ahead[0].token


def test_the_same_verdict_sent_twice_is_entered_once_and_another_is_refused(url):
    store = review(url, 3)
    claimed = store.claim("Ann")
    once = store.record(verdict(claimed, "Ann", seconds=4.0), claimed.token)
    assert store.record(verdict(claimed, "Ann", seconds=4.0), claimed.token) == once
    with pytest.raises(ClaimLost, match="already"):
        store.record(verdict(claimed, "Ann", "reject"), claimed.token)
    store.undo("Ann")
    with pytest.raises(ClaimLost):
        store.record(verdict(claimed, "Ann", seconds=4.0), claimed.token)
    assert len(store.verdicts()) == 2


def test_nobody_writes_under_the_claim_of_another(url):
    store = review(url, 5, people=("Ann", "Bob"))
    ann, bob = store.claim("Ann"), store.claim("Bob")
    with pytest.raises(ClaimLost):
        store.record(verdict(ann, "Bob"), ann.token)
    with pytest.raises(ClaimLost, match="claim is for sample"):
        store.record(verdict(ann, "Bob"), bob.token)
    with pytest.raises(ClaimLost):
        store.skip("Bob", ann.token, "not mine")
    assert store.verdicts() == []


def test_a_claim_that_expired_goes_to_another_and_a_late_verdict_counts_where_nobody_took_it(url):
    clock = Clock()
    store = review(url, 2, clock, ("Ann", "Bob"))
    store.configure(alone(claim_seconds=60))
    fill(store, 2)
    ann = store.claim("Ann")
    clock.now += 61
    bob = store.claim("Bob")
    assert bob.item == ann.item
    with pytest.raises(ClaimLost, match="no longer yours"):
        store.record(verdict(ann, "Ann"), ann.token)
    store.record(verdict(bob, "Bob"), bob.token)
    late = store.claim("Ann")
    clock.now += 61
    assert store.record(verdict(late, "Ann"), late.token).reviewer == "Ann"
    assert store.claim("Bob") is None


def test_who_looks_again_keeps_the_claim(url):
    clock = Clock()
    store = review(url, 1, clock, ("Ann", "Bob"))
    store.configure(alone(claim_seconds=60))
    fill(store, 1)
    ann = store.claim("Ann")
    for _ in range(3):
        clock.now += 50
        assert store.claim("Ann").token == ann.token
        assert store.claim("Bob") is None


def test_two_judge_blindly_and_a_lead_settles_what_they_differ_about(url):
    store = review(url, 4, people=("Ann", "Bob", "Lea"))
    store.configure(ReviewSettings(overlap=1.0, judges=2, gold_share=0.0))
    fill(store, 4)
    for _ in range(4):
        judge(store, "Ann")
    assert store.claim("Ann") is None, "the second opinion is never one's own"
    assert {r.opinion for r in store.resolutions()} == {None}
    said = [judge(store, "Bob", opinion) for opinion in ("accept", "reject", "unsure", "accept")]
    disputes = store.disputes()
    assert {r.item.sample_id for r in disputes} == {said[1].sample_id, said[2].sample_id}
    with pytest.raises(ReviewError, match="only a lead"):
        store.adjudicate(verdict(disputes[0].item, "Bob", "reject"))
    once = store.adjudicate(verdict(disputes[0].item, "Lea", "reject"))
    assert store.adjudicate(verdict(disputes[0].item, "Lea", "reject")) == once, "sent again"
    again = store.adjudicate(verdict(disputes[0].item, "Lea", "accept"))
    settled = {r.item.sample_id: r for r in store.resolutions()}[once.sample_id]
    assert (settled.opinion, settled.adjudicated, settled.disputed, len(settled.verdicts)) == ("accept", True, False, 3)
    assert again.supersedes == once.id
    assert store.undo("Lea") == again
    assert len(store.disputes()) == 2


def test_undo_goes_back_step_by_step_and_gives_each_item_again(url):
    store = review(url, 5)
    store.configure(alone())
    fill(store, 5)
    said = [judge(store, "Ann", opinion) for opinion in ("accept", "reject", "unsure")]
    assert store.last("Ann", 9) == said[::-1]
    assert store.undo("Ann") == said[2]
    assert store.undo("Ann") == said[1]
    assert store.claim("Ann").item.sample_id == said[1].sample_id
    assert store.ahead("Ann", 1)[0].item.sample_id == said[2].sample_id
    assert judge(store, "Ann").opinion == "accept"
    assert [v.withdrawn for v in store.verdicts()] == [False, False, False, True, True, False]


def test_a_correction_stands_in_place_of_what_it_corrects(url):
    store = review(url, 2, people=("Ann", "Bob"))
    first = judge(store, "Ann")
    fixed = dataclasses.replace(first, id="", result="reject", reasons=(ReasonMark("image.text"),), supersedes=first.id)
    kept = store.record(fixed)
    assert store.last("Ann", 5) == [kept]
    with pytest.raises(ReviewError, match="no standing verdict"):
        store.record(fixed)
    with pytest.raises(ReviewError, match="no standing verdict of Bob"):
        store.record(dataclasses.replace(fixed, reviewer="Bob", supersedes=kept.id))


def test_a_skipped_item_goes_to_others_with_the_reason_kept(url):
    store = review(url, 2, people=("Ann", "Bob"))
    store.configure(alone())
    fill(store, 2)
    ann = store.claim("Ann")
    with pytest.raises(ReviewError, match="say why"):
        store.skip("Ann", ann.token, "  ")
    store.skip("Ann", ann.token, "I know the author")
    assert [judge(store, "Ann").sample_id] == [one.sample_id for one in store.items()][1:]
    assert store.claim("Ann") is None
    assert store.claim("Bob").item == ann.item
    assert [(d.reviewer, d.reason) for d in store.declined()] == [("Ann", "I know the author")]


def test_people_get_the_lots_that_they_are_assigned(url):
    store = review(url, 10, people=("Ann", "Bob"))
    store.configure(alone())
    fill(store, 10)
    store.assign("Ann", [LOTS[1]])
    seen = [v.sample_id for v in iter(lambda: judge(store, "Ann"), None)]
    assert {int(name[1:]) % 2 for name in seen} == {1}
    assert len(seen) == 5
    store.assign("Ann", [])
    assert judge(store, "Ann") is not None


def test_an_invitation_works_once_and_a_revoked_person_is_out_at_once(url):
    store = review(url, 3, people=())
    link = store.invite(" Ann ", "reviewer")
    session = store.redeem(link)
    assert store.redeem(link) is None
    assert store.redeem("guess") is None
    assert store.person(session).name == "Ann"
    assert store.person(link) is None
    held = store.claim("Ann")
    store.revoke("Ann", by="Lea")
    assert store.person(session) is None
    with pytest.raises(ReviewError, match="no longer takes part"):
        store.record(verdict(held, "Ann"), held.token)
    newer = store.redeem(store.invite("Ann", "reviewer"))
    assert store.person(newer).name == "Ann"
    assert [p.revoked for p in store.people()] == [False]


def test_the_database_holds_no_token_of_a_person(url, tmp_path):
    store = review(url, 1, people=())
    link = store.invite("Ann", "lead")
    session = store.redeem(link)
    store.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "review").iterdir())
    assert link.encode() not in kept
    assert session.encode() not in kept


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 61, "\u202egnp", "a\0", "\ud800", "x2i"])
def test_what_is_no_name_is_refused(url, name):
    with pytest.raises(ReviewError, match="cannot be a name"):
        review(url, 0).invite(name, "reviewer")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"result": "reject", "reasons": ()}, "needs a reason"),
        ({"result": "reject", "reasons": (ReasonMark("image.ugly"),)}, "no reason of reasons/1"),
        ({"result": "yes"}, "'yes'"),
        ({"axes": {"beauty": "accept"}}, "no axis"),
        ({"seconds": float("nan")}, "seconds"),
        ({"note": "\0"}, "cannot be kept"),
        ({"note": "\ud800"}, "cannot be kept"),
        ({"note": "x" * 10_001}, "10,001 characters"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_the_claim_stays(url, changes, words):
    store = review(url, 1)
    claimed = store.claim("Ann")
    with pytest.raises(ReviewError, match=words):
        store.record(verdict(claimed, "Ann", **changes), claimed.token)
    assert store.verdicts() == []
    store.record(verdict(claimed, "Ann", note="<script>\u202e\x1b[31m' \" ; DROP TABLE"), claimed.token)
    assert store.verdicts()[0].note == "<script>\u202e\x1b[31m' \" ; DROP TABLE"


def test_adding_the_same_items_again_changes_nothing(url):
    store = review(url, 30)
    judge(store, "Ann")
    held = store.claim("Ann")
    items, before = store.items(), store.audit()
    added = store.add_items(items, populations(items), "frame of 30", False)
    assert (added.new, added.changed, added.withdrawn, added.back) == (0, 0, 0, 0)
    assert store.audit() == before
    assert store.claim("Ann").token == held.token


def test_an_item_with_other_content_is_asked_again_and_old_verdicts_do_not_count(url):
    store = review(url, 2)
    store.configure(alone())
    fill(store, 2)
    old = [judge(store, "Ann") for _ in range(2)]
    items = [item(0, content="2"), item(1)]
    assert store.add_items(items, populations(items), "other", False).changed == 1
    assert [r.opinion for r in store.resolutions()] == [None, "accept"]
    again = store.claim("Ann")
    assert (again.item.sample_id, again.item.content_hash[0]) == ("s0", "2")
    store.undo("Ann")
    assert len(store.verdicts()) == len(old) + 1


def test_what_is_drawn_no_more_is_unavailable_and_comes_back_with_its_verdicts(url):
    store = review(url, 4)
    store.configure(alone())
    items = fill(store, 4)
    said, held = judge(store, "Ann"), store.claim("Ann")
    left = [one for one in items if one.sample_id not in (said.sample_id, held.item.sample_id)]
    assert store.add_items(left, populations(left), "fewer", True).withdrawn == 2
    with pytest.raises(ClaimLost):
        store.record(verdict(held, "Ann"), held.token)
    assert store.undo("Ann") == said
    assert {judge(store, "Ann").sample_id for _ in left} == {one.sample_id for one in left}
    store.add_items(items, populations(items), "all again", True)
    assert {judge(store, "Ann").sample_id for _ in range(2)} == {said.sample_id, held.item.sample_id}
    assert [r.opinion for r in store.resolutions()] == ["accept"] * 4


def test_two_reviews_share_a_database_and_nothing_else(url):
    one, other = review(url, 3), open_review(url, "c" * 64)
    assert (len(one.items()), other.items(), other.people()) == (3, [], [])
    other.invite("Ann", "reviewer")
    assert other.claim("Ann") is None
    judge(one, "Ann")
    assert (len(one.verdicts()), other.verdicts()) == (1, [])


def test_settings_are_kept_and_refused_outside_their_range(url):
    store = review(url, 1)
    settings = ReviewSettings(seed=9, screened=(LOTS[0],), guideline="Look.", limiting=0.05)
    store.configure(settings, by="Lea")
    assert open_review(url, BUILD).settings() == settings
    assert store.audit(1)[0].who == "Lea"
    for bad in ({"overlap": 1.2}, {"judges": 0}, {"claim_seconds": 0.0}, {"limiting": 1.0}, {"per_lot": 0}):
        with pytest.raises(ReviewError, match=next(iter(bad))):
            ReviewSettings(**bad)


@pytest.mark.parametrize(
    "bad", ["sqlite:////proc/none/review.sqlite", "nonsense", "mysql://x/y", "sqlite:////dev/null"]
)
def test_a_database_that_cannot_be_used_is_one_clear_line(bad):
    with pytest.raises(ReviewError) as error:
        open_review(bad, BUILD)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("text", ["\0", "\ud800", "x" * 1000, "' OR 1=1 --", ""])
def test_odd_texts_from_a_browser_are_nobody_and_nothing(url, text):
    store = review(url, 2, people=("Ann", "Lea"))
    claimed = store.claim("Ann")
    assert store.redeem(text) is None
    assert store.person(text) is None
    with pytest.raises(ReviewError):
        store.claim(text)
    with pytest.raises(ReviewError, match="not in this review"):
        store.item(text)
    with pytest.raises(ReviewError, match="not in this review"):
        store.mark_gold(text, "accept", "Lea")
    with pytest.raises(ClaimLost):
        store.record(verdict(claimed, "Ann"), text)
    store.save_keys("Ann", {"accept": text})
    assert store.people()[0].keys == {"accept": text}
    assert store.verdicts() == []


@pytest.mark.parametrize("field", ["id", "sample_id", "content_hash", "taxonomy", "at"])
def test_a_verdict_from_elsewhere_that_no_database_holds_is_refused_whole(url, field):
    store = review(url, 2)
    good = dataclasses.replace(verdict(item(0), "Carl"), id="1")
    bad = dataclasses.replace(verdict(item(1), "Carl"), id="2")
    for value in ("x" * 65, "\0", "\ud800"):
        with pytest.raises(ReviewError, match=field):
            store.take_in([good, dataclasses.replace(bad, **{field: value})], by="Lea")
    assert store.verdicts() == [], "all or none"


def test_one_name_is_one_person_however_its_accents_are_written(url):
    store = review(url, 1, people=())
    store.invite("Zo\u00eb", "reviewer")
    store.invite("Zoe\u0308", "lead")
    assert [(p.name, p.place) for p in store.people()] == [("Zo\u00eb", "lead")]
