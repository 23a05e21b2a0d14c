"""Whatever several people do in whatever order: nobody sees an item twice, nothing said is lost, and every item can be finished."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pipeline.review.errors import ClaimLost
from pipeline.review.settings import ReviewSettings
from pipeline.review.store import open_review
from tests.review.queue.made import BUILD, Clock, item, populations, review, verdict

PEOPLE = ("Ann", "Bob", "Cem")
people = st.sampled_from(PEOPLE)
opinions = st.sampled_from(("accept", "reject", "unsure"))


class Queue(RuleBasedStateMachine):
    """A review beside the plainest model of it: who said what of which item, in order, and who declined what."""

    @initialize(overlap=st.sampled_from((0.0, 0.5, 1.0)), judges=st.integers(1, 3), count=st.integers(1, 6))
    def begin(self, overlap, judges, count):
        self.folder = tempfile.TemporaryDirectory()
        self.clock = Clock()
        self.url = f"sqlite:///{Path(self.folder.name)}/review.sqlite"
        self.store = review(self.url, 0, self.clock, PEOPLE)
        self.other = open_review(self.url, BUILD, self.clock)  # as a second server would
        self.store.configure(ReviewSettings(overlap=overlap, judges=judges, gold_share=0.0, claim_seconds=60))
        self.shown = {name: set() for name in PEOPLE}
        self.said = []  # (name, sample, opinion), what was taken back left out
        self.declined = set()
        self.rows = 0
        self.tokens = []
        self.grow(count)

    @rule(count=st.integers(0, 8))
    def grow(self, count):
        self.items = [item(n) for n in range(max(count, len(getattr(self, "items", ()))))]
        self.store.add_items(self.items, populations(self.items), str(len(self.items)), False)

    @rule(name=people, ahead=st.integers(0, 2))
    def look(self, name, ahead):
        first = self.store.claim(name)
        given = [first, *self.other.ahead(name, ahead)] if first else []
        for claimed in given:
            assert claimed.expires == self.clock.now + 60
            assert (name, claimed.item.sample_id) not in self.declined
            assert claimed.item.sample_id not in {s for n, s, _ in self.said if n == name}
            self.tokens.append((name, claimed))
        assert len({c.slot for c in given}) == len({c.item.sample_id for c in given}) == len(given)

    @precondition(lambda self: bool(getattr(self, "tokens", None)))
    @rule(data=st.data(), opinion=opinions)
    def judge(self, data, opinion):
        name, claimed = data.draw(st.sampled_from(self.tokens))
        done = {s for n, s, _ in self.said if n == name}
        try:
            self.other.record(verdict(claimed, name, opinion), claimed.token)
        except ClaimLost:
            return
        if claimed.item.sample_id not in done:  # else it was sent again
            self.said.append((name, claimed.item.sample_id, opinion))
            self.rows += 1

    @rule(name=people)
    def undo(self, name):
        mine = [entry for entry in self.said if entry[0] == name]
        taken = self.store.undo(name)
        assert (taken and (name, taken.sample_id, taken.opinion)) == (mine[-1] if mine else None)
        if mine:
            last = len(self.said) - 1 - self.said[::-1].index(mine[-1])
            del self.said[last]
            self.rows += 1
            assert self.store.claim(name).item.sample_id == mine[-1][1]

    @rule(name=people)
    def skip(self, name):
        claimed = self.store.claim(name)
        if claimed:
            self.store.skip(name, claimed.token, "no")
            self.declined.add((name, claimed.item.sample_id))

    @rule(name=people)
    def give_back(self, name):
        self.store.release_claims(name)

    @rule(seconds=st.sampled_from((30, 61)))
    def wait(self, seconds):
        self.clock.now += seconds

    @invariant()
    def what_was_said_is_there(self):
        if not hasattr(self, "rows"):
            return
        assert len(self.store.verdicts()) == self.rows
        standing = [(v.reviewer, v.sample_id, v.opinion) for r in self.store.resolutions() for v in r.verdicts]
        assert sorted(standing) == sorted(self.said)

    def teardown(self):
        if not hasattr(self, "rows"):
            return
        for name in PEOPLE:
            while claimed := self.store.claim(name):
                self.store.record(verdict(claimed, name), claimed.token)
        shares = self.store.settings()
        for resolution in self.store.resolutions():
            name = resolution.item.sample_id
            able = len(PEOPLE) - sum(sample == name for _, sample in self.declined)
            asked = len(resolution.verdicts)
            assert asked in (min(able, 1), min(able, shares.judges))
            assert len({v.reviewer for v in resolution.verdicts}) == asked
        self.store.close()
        self.other.close()
        self.folder.cleanup()


Queue.TestCase.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)
test_queue = Queue.TestCase
