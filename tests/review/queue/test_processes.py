"""Reviewers in processes of their own: each opens the database itself, as a second server would."""

import pytest

from pipeline.review.store import open_review
from tests.review.queue.crowd import review_in_a_crowd
from tests.review.queue.made import BUILD


def test_two_reviewers_and_a_kill_lose_nothing_and_meet_on_no_slot(tmp_path):
    url = f"sqlite:///{tmp_path}/review.sqlite"
    with open_review(url, BUILD) as store:
        review_in_a_crowd(store, url, ("Ann", "Bob"), 30, 1, lambda: None)


@pytest.mark.slow
def test_six_reviewers_and_ten_kills_while_the_queue_is_read(tmp_path):
    url = f"sqlite:///{tmp_path}/review.sqlite"
    with open_review(url, BUILD) as store, open_review(url, BUILD) as other:
        review_in_a_crowd(
            store, url, ("Ann", "Bob", "Cem", "Dee", "Eve", "Fay"), 600, 10, lambda: list(other.resolutions())
        )
