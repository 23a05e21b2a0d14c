"""How a review of 50,000 rows feels: times of draw, numbers and pages, with six reviewers at work.

In: a finished build, whose rows are written again under new ids until there are 50,000. Out: a table on standard output. The pages
are those of `x2i review` in a process of its own, while six reviewers look at each item for some seconds: ten times as fast as
people. `--pause 0` judges as fast as pages come.

    python -m benchmarks.review_scale build/demo [--rows 50000] [--judged 5000] [--items 500] [--pause 4] [--screen] [--again]
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.output import run_json
from pipeline.output.frame import Unit
from pipeline.output.record import Recorded, recorded, row
from pipeline.output.schema import RECORD
from pipeline.review.database import default_url
from pipeline.review.numbers.decisions import decide_all
from pipeline.review.numbers.plans import LotPlan
from pipeline.review.numbers.scored import KnownScores, final_scores
from pipeline.review.numbers.summary import summarise
from pipeline.review.preparing import prepare
from pipeline.review.records import HumanVerdict, Opinion, ReasonMark, ReviewItem
from pipeline.review.settings import ReviewSettings
from pipeline.review.store import ReviewStore
from pipeline.review.taxonomy import REASONS
from stages.identity import digest
from stages.policy import Policy

PEOPLE = tuple(f"reviewer{n}" for n in range(1, 7))
GROUP_ROWS = 64
WRONG = 0.05


def multiply(build: Path, out: Path, rows: int) -> None:
    """Write the rows of `build` again and again into `out`, each time under other ids; images stay where they are."""
    shutil.rmtree(out, ignore_errors=True)
    (out / "record").mkdir(parents=True)
    (out / "store").symlink_to((build / "store").resolve())
    shutil.copy(build / run_json.NAME, out / run_json.NAME)
    some = [r for r in recorded(build) if r.fate != "surplus"]
    with pq.ParquetWriter(out / "record" / "part-00000-of-00001.parquet", RECORD) as writer:
        group: list[dict[str, object]] = []
        for number, source in enumerate(islice(cycle(some), rows)):
            group.append(_again(source, number))
            if len(group) == GROUP_ROWS:
                writer.write_table(pa.Table.from_pylist(group, schema=RECORD))
                group = []
        if group:
            writer.write_table(pa.Table.from_pylist(group, schema=RECORD))


def _again(source: Recorded, number: int) -> dict[str, object]:
    t = source.trajectory
    name = digest("review scale", t.sample.id, number)[: len(t.sample.id)]
    copy = replace(t, rank=number, sample=replace(t.sample, id=name, rollout_of=None))
    return row(Unit(name, copy, source.fate))


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long it took."""
    begun = time.perf_counter()
    yield
    print(f"| {what} | {1000 * (time.perf_counter() - begun):,.0f} ms |", flush=True)


def judge_many(store: ReviewStore, count: int) -> None:
    """Enter verdicts on the first `count` items of the queue, by two of the six people where two are asked."""
    rng = Random(7)
    verdicts = [_verdict(item, name, rng) for item in store.items()[:count] for name in rng.sample(PEOPLE, 2)]
    for name in PEOPLE:
        store.invite(name, "reviewer")
    store.take_in(verdicts, "benchmark")


def _verdict(item: ReviewItem, name: str, rng: Random) -> HumanVerdict:
    opinion: Opinion = "reject" if rng.random() < WRONG else "accept"
    own = digest("review scale", item.sample_id, name)[:32]
    reasons = (ReasonMark(next(iter(REASONS))),) if opinion == "reject" else ()
    seconds = rng.uniform(10, 60)
    return HumanVerdict(own, item.sample_id, item.content_hash, name, opinion, None, reasons=reasons, seconds=seconds)


def time_numbers(out: Path, store: ReviewStore) -> None:
    """Times of all that the lead's page computes."""
    policy = Policy.model_validate(run_json.read(out).manifest.get("policy"))
    with timed("scores of all rows, once, in the background"):
        known = KnownScores(
            (r.trajectory.sample.id, final_scores(r.trajectory, policy.thresholds)) for r in recorded(out)
        )
    with timed("patterns of scores, once"):
        known.patterns  # noqa: B018 - it is kept
    with timed("resolutions from the database"):
        said = list(store.resolutions())
    populations, gold = store.populations(), store.gold_answers()
    summarise(populations, said[:100], gold, known, policy.thresholds)  # imports scipy
    with timed(f"summarise, {len(said):,} items"):
        summarise(populations, said, gold, known, policy.thresholds)
    for _ in range(2):  # the second time plans are known
        with timed(f"decide {len(populations):,} lots"):
            decide_all(populations, said, LotPlan.of(store.settings()))


class Reviewer:
    """A person who judges as fast as the pages come. `seconds` by what was asked for."""

    def __init__(self, link: str) -> None:
        self.seconds: dict[str, list[float]] = {"items": [], "result": [], "verdict": [], "image": []}
        self.failed = 0
        base, token = link.split("/join/")
        self._http = HTTPConnection(base.removeprefix("http://"), timeout=60)
        self._headers = {"origin": base}
        self._send("POST", "/join", f"invitation={token}", "application/x-www-form-urlencoded")
        found = re.search(r'name="review-token" content="(\w+)"', self._send("GET", "/guide")[1])
        if found is None:
            raise LookupError("the guideline page has no token for writes; the page has changed")
        self._headers["x-review-token"] = found[1]

    def _send(self, method: str, path: str, body: str | None = None, kind: str = "application/json") -> tuple[int, str]:
        headers = self._headers | ({"content-type": kind} if body else {})
        try:
            self._http.request(method, path, body, headers)
            answer = self._http.getresponse()
        except ConnectionError:  # the server closes what was idle for five seconds; a browser asks again, too
            self._http.close()
            self._http.request(method, path, body, headers)
            answer = self._http.getresponse()
        data = answer.read()
        if cookie := answer.getheader("set-cookie"):
            self._headers["cookie"] = cookie.split(";")[0]
        return answer.status, data.decode("utf-8", "replace")

    def judge(self, count: int, pause: float) -> None:
        """Judge `count` items, and look at each for about `pause` seconds."""
        rng = Random(self._headers["cookie"])
        for _ in range(count):
            time.sleep(pause * rng.uniform(0.5, 1.5))
            page = self._ask("items", "GET", "/items")
            form = page[page.index('<form class="verdict-form') :] if '<form class="verdict-form' in page else ""
            if not form:
                return
            sample, content, token = (_of(form, name) for name in ("data-sample", "data-content", "data-token"))
            for image in re.findall(r'src="(/image/[^"]+)"', page)[:2]:
                self._ask("image", "GET", image)
            told = self._ask("result", "POST", "/result", {"token": token, "sample": sample, "result": "accept"})
            reasoning = None if 'data-reasoning="no"' in told else "accept"
            said = {"token": token, "sample": sample, "content": content, "result": "accept", "reasoning": reasoning}
            self._ask("verdict", "POST", "/verdict", {**said, "seconds": 3.5})

    def look(self, path: str, count: int) -> list[float]:
        """How long a page takes, `count` times."""
        return [self._timed("GET", path, None)[1] for _ in range(count)]

    def _ask(self, what: str, method: str, path: str, body: object = None) -> str:
        text, seconds = self._timed(method, path, body)
        self.seconds[what].append(seconds)
        return text

    def _timed(self, method: str, path: str, body: object) -> tuple[str, float]:
        begun = time.perf_counter()
        status, text = self._send(method, path, json.dumps(body) if body else None)
        seconds = time.perf_counter() - begun
        if status >= 400:
            self.failed += 1
            print(f"{path}: {status} {text[:200]}", file=sys.stderr)
        return text, seconds


def _of(form: str, name: str) -> str:
    found = re.search(rf'{name}="([^"]*)"', form)
    if found is None:
        raise LookupError(f"the form of an item has no {name}; the page has changed")
    return found[1]


def time_pages(out: Path, items: int, pause: float, warm: float) -> None:
    """Six reviewers judge while the lead looks at the figures every five seconds."""
    command = [sys.executable, "-m", "pipeline", "review", str(out), "--port", "0"]
    command += [part for name in ("lead", *PEOPLE) for part in ("--invite", name)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            links = dict(_links(server, len(PEOPLE) + 1))
            lead = Reviewer(links["lead"])
            reviewers = [Reviewer(links[name]) for name in PEOPLE]
            lead.look("/lead", 1)  # from here on the scores of all rows are read in the background
            time.sleep(warm)
            threads = [threading.Thread(target=r.judge, args=(items // len(PEOPLE), pause)) for r in reviewers]
            begun = time.perf_counter()
            for thread in threads:
                thread.start()
            looks: list[float] = []
            while any(thread.is_alive() for thread in threads):
                looks += lead.look("/lead", 1)
                time.sleep(5)
            took = time.perf_counter() - begun
        finally:
            server.terminate()
    for what in ("items", "image", "result", "verdict"):
        _print_times(what, [s for r in reviewers for s in r.seconds[what]])
    _print_times("lead", looks)
    judged = sum(len(r.seconds["verdict"]) for r in reviewers)
    print(f"| verdicts a second | {judged / took:.1f} |")
    print(f"| answers that were errors | {sum(r.failed for r in (*reviewers, lead))} |")


def _links(server: "subprocess.Popen[str]", count: int) -> Iterator[tuple[str, str]]:
    assert server.stdout is not None
    for line in server.stdout:
        found = re.match(r"(\w+)(?: \(lead\))?: (http\S+)", line)
        if found:
            yield found[1], found[2]
            count -= 1
        if not count:
            return


def _print_times(what: str, seconds: list[float]) -> None:
    if seconds:
        middle, high = (1000 * np.percentile(seconds, p) for p in (50, 95))
        print(f"| {what}, {len(seconds):,} times | median {middle:,.0f} ms, 95 % {high:,.0f} ms |", flush=True)


def main() -> None:
    """Run it all."""
    asking = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asking.add_argument("build", type=Path)
    asking.add_argument("--out", type=Path, default=Path("build/review-scale"))
    asking.add_argument("--rows", type=int, default=50_000)
    asking.add_argument("--judged", type=int, default=5_000, help="items that are judged beforehand")
    asking.add_argument("--items", type=int, default=500, help="items that are judged through the pages")
    asking.add_argument("--pause", type=float, default=4.0, help="seconds for which a reviewer looks at an item")
    asking.add_argument("--warm", type=float, default=60.0, help="seconds from the lead's first look to the reviewers")
    asking.add_argument("--again", action="store_true", help="go on with the review of the last run: pages alone")
    asking.add_argument("--screen", action="store_true", help="every row is an item of the queue")
    asked = asking.parse_args()
    if asked.again:
        time_pages(asked.out, asked.items, asked.pause, asked.warm)
        return
    if not (asked.out / run_json.NAME).exists():
        with timed(f"{asked.rows:,} rows written (not part of a review)"):
            multiply(asked.build, asked.out, asked.rows)
    shutil.rmtree(asked.out / "review", ignore_errors=True)
    per_lot = asked.rows if asked.screen else 1_000
    with timed("rows read and items drawn, once"):
        store = prepare(asked.out, default_url(asked.out), ReviewSettings(per_lot=per_lot, lost=per_lot))
    with store:
        print(f"| items in the queue | {len(store.items()):,} |")
        with timed(f"{asked.judged:,} items judged (not part of a review)"):
            judge_many(store, asked.judged)
        time_numbers(asked.out, store)
    time_pages(asked.out, asked.items, asked.pause, asked.warm)


if __name__ == "__main__":
    main()
