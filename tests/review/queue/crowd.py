"""Several reviewers in processes of their own on one review, some of them killed, and what must be true of it afterwards."""

import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from pipeline.review.settings import ReviewSettings
from pipeline.review.store import ReviewStore
from tests.review.queue.made import BUILD, fill

ROOT = Path(__file__).parents[3]


class Reviewer:
    """A process, and the lines that it printed so far."""

    def __init__(self, url: str, name: str) -> None:
        command = [sys.executable, "-m", "tests.review.queue.reviewer", url, BUILD, name]
        self.name = name
        self.lines: list[list[str]] = []
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.output = self.process.stdout
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        self.lines.extend(line.split() for line in self.output)

    def end(self, kill: bool = False) -> int:
        if kill:
            self.process.kill()
        code = self.process.wait(120)
        self.reader.join()
        self.output.close()
        return code


def review_in_a_crowd(
    store: ReviewStore, url: str, names: tuple[str, ...], count: int, kills: int, meanwhile: Callable[[], None]
) -> None:
    """`count` items, of each of which two people are asked; `kills` times somebody is killed in the midst and comes again."""
    store.configure(ReviewSettings(overlap=1.0, judges=2, gold_share=0.0, claim_seconds=2.0))
    fill(store, count)
    for name in names:
        store.redeem(store.invite(name, "reviewer"))
    crowd = {name: Reviewer(url, name) for name in names}
    ended = []
    chance = random.Random(7)
    for number in range(kills):
        name = chance.choice(names)
        while len(store.verdicts()) < (number + 1) * count // (kills + 1):
            meanwhile()
        assert crowd[name].end(kill=True) in (0, -9)
        ended.append(crowd[name])
        crowd[name] = Reviewer(url, name)
    assert [one.end() for one in crowd.values()] == [0] * len(names)
    check(store, [*ended, *crowd.values()], count)


def check(store: ReviewStore, everybody: list[Reviewer], count: int) -> None:
    """Nothing that a process was told is there is gone, and nobody was asked twice or in somebody's place."""
    said = {line[1] for one in everybody for line in one.lines if line[0] == "said" and len(line) == 3}
    kept = store.verdicts()
    assert said <= {v.id for v in kept}
    assert len(kept) == 2 * count, "two of each item, no more"
    assert set(Counter((v.sample_id, v.reviewer) for v in kept).values()) == {1}
    assert all(r.opinion == "accept" and len({v.reviewer for v in r.verdicts}) == 2 for r in store.resolutions())
    judged = Counter(entry.about for entry in store.audit(10_000_000) if entry.what == "judged")
    assert set(judged.values()) == {2}
