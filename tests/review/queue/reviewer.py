"""A reviewer as a process of its own, to be killed: `python -m tests.review.queue.reviewer URL BUILD NAME`.

It prints what it said as soon as the review has it, and ends when nothing is left and nobody else holds anything.
"""

import sys
import time

from pipeline.review.errors import ClaimLost
from pipeline.review.store import open_review
from tests.review.queue.made import verdict

PATIENCE_S = 60


def main(url: str, build: str, name: str) -> None:
    store = open_review(url, build)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        claimed = store.claim(name)
        if claimed is None:
            if all(r.opinion or r.disputed for r in store.resolutions()):
                return
            time.sleep(0.05)  # somebody else's claim may come back
            continue
        print("claimed", claimed.slot, claimed.item.sample_id, flush=True)
        try:
            said = store.record(verdict(claimed, name, "accept"), claimed.token)
        except ClaimLost:  # this process was slower than its claim
            continue
        print("said", said.id, said.sample_id, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
