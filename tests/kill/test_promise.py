"""Which repeats a kill explains, to the millisecond: the other tests of this folder rely on it."""

import pytest

from tests.kill.counting import SeenRequest
from tests.kill.promise import Kill, find_repeats

KILL = Kill(sent=100.0, done=100.1)


@pytest.mark.parametrize(
    ("came", "sent", "reason"),
    [
        (99.0, None, "open"),
        (99.0, 100.001, "open"),
        (100.05, 101.0, "open"),  # the kill was on its way
        (99.0, 99.751, "just sent"),
        (99.0, 99.749, "broken"),
        (100.101, None, "broken"),  # an orphan's call
    ],
)
def test_a_repeat_is_explained_by_a_kill_or_was_paid_twice(came, sent, reason):
    first = SeenRequest("d", 1, "m", 1, came, sent, None)
    again = SeenRequest("d", 1, "m", 2, 110.0, 110.1, 200)
    assert [one.reason for one in find_repeats([first, again], [KILL])] == [reason]
    assert [one.reason for one in find_repeats([first, again], [])] == ["broken"]


def test_a_kill_explains_nothing_that_came_again_before_it():
    twice = [SeenRequest("d", 1, "m", 1, 90.0, None, None), SeenRequest("d", 1, "m", 1, 95.0, None, None)]
    assert [one.reason for one in find_repeats(twice, [KILL])] == ["broken"]
    assert not list(find_repeats([twice[0], SeenRequest("other", 1, "m", 1, 95.0, None, None)], [KILL]))
