"""How a long source is read: rows a second and memory through read, checks, duplicates and decontamination; and how soon a build
begins.

    python -m benchmarks.streaming [--rows 100000 1000000] [--build]

In: numbers of rows. Out: a table on standard output. Each number of rows is read in a process of its own, wave by wave into a plan
on disk, so that the peaks of memory compare. The source is text, JSONL in 16 files: instructions drawn from lists of words, a
tenth of them repeated word by word, and a hundredth taken from an evaluation set; duplicates are looked for exactly and by MinHash.
With `--build`, `x2i build` of 200 accepted rows from the largest source runs against the world; the first call's time is that
of the first line of its database's ledger or open calls, and the plan says how many rows were read by the end.
"""

import argparse
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.manifest.file import load
from pipeline.planning.book import PlanBook
from pipeline.planning.planner import Planner
from pipeline.screening.screen import Screen
from pipeline.storage.image_store import ImageStore

FILES = 16
ACCEPTED = 200
SIZES = ["small", "medium", "large"]
COLOURS = ["red", "green", "blue", "pink", "purple", "yellow", "brown"]
SHAPES = ["candle", "diamond", "star", "circle", "square", "ring", "heart", "cross", "hourglass"]
PLACES = ["top left", "top right", "bottom left", "bottom right", "top", "bottom"]
COUNTS = ["two", "three", "four", "five"]
GROUNDS = ["cream", "lavender"]


def instruction(dice: random.Random) -> str:
    """One of a million and more, in words that the world understands."""
    first, second = (
        f"a {dice.choice(SIZES)} {dice.choice(COLOURS)} {dice.choice(SHAPES)} placed at the {place}"
        for place in dice.sample(PLACES, 2)
    )
    return f"A picture with {first}, {second}, and everything on a plain {dice.choice(GROUNDS)} background."


def evaluated(dice: random.Random) -> str:
    """A prompt of the evaluation set."""
    return f"a photo of {dice.choice(COUNTS)} {dice.choice(COLOURS)} {dice.choice(SHAPES)}s and a {dice.choice(COLOURS)} box"


def write_source(folder: Path, rows: int) -> None:
    """So many rows below `folder`, in files of equal size."""
    dice = random.Random(rows)
    folder.mkdir(parents=True)
    earlier = [instruction(dice) for _ in range(100)]
    for number in range(FILES):
        with open(folder / f"{number:03d}.jsonl", "w", encoding="utf-8") as file:
            for n in range(number * rows // FILES, (number + 1) * rows // FILES):
                text = dice.choice(earlier) if n % 10 == 9 else evaluated(dice) if n % 100 == 50 else instruction(dice)
                file.write(json.dumps({"id": f"r{n}", "prompt": text, "kind": dice.choice(SHAPES)}) + "\n")


def write_manifest(folder: Path, rows: int, screens: bool) -> Path:
    """A manifest of the source beside it."""
    source = {
        "kind": "jsonl", "name": "long", "path": f"rows-{rows}", "id": "{id}",
        "columns": {"instruction": "prompt", "category": "kind"},
    }  # fmt: skip
    dice = random.Random(0)
    with open(folder / "evaluation.jsonl", "w", encoding="utf-8") as file:
        for _ in range(500):
            file.write(json.dumps({"prompt": evaluated(dice)}) + "\n")
    evaluation = {
        "kind": "jsonl",
        "name": "evaluation",
        "path": "evaluation.jsonl",
        "columns": {"instruction": "prompt"},
    }
    content: dict[str, Any] = {
        "name": "streaming",
        "sources": [source],
        "models": {role: {"model": f"world-{role}"} for role in ("baseline", "generator", "analyzer")},
    }
    if screens:
        content["screens"] = {"duplicates": {"exact": True, "near_text": 0.95}, "decontaminate": [evaluation]}
    path = folder / f"manifest-{rows}-{'screens' if screens else 'plain'}.yaml"
    path.write_text(json.dumps(content), "utf-8")
    return path


def read(path: Path, out: Path) -> dict[str, float]:
    """Read the whole source into a plan at `out`."""
    out.mkdir()
    manifest = load(path)
    began = time.monotonic()
    with (
        PlanBook(out / "plan.db", "bench") as book,
        Screen(manifest.screens, out) as screen,
        Planner(manifest, ImageStore(str(out / "store")), 2, book, screen) as planner,
    ):
        while not planner.done:
            planner.advance()
        rows = sum(state.rows for state in planner.states)
        left_out = sum(planner.left_out().values())
    seconds = time.monotonic() - began
    disk = sum(file.stat().st_size for file in out.rglob("*") if file.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"rows": rows, "left_out": left_out, "seconds": seconds, "peak_mb": peak, "disk_mb": disk / 2**20}


def first_call(folder: Path, path: Path) -> str:
    """Build `ACCEPTED` rows; when the first call was opened, and how many rows were read by the end."""
    out, began = folder / "out", time.time()
    quotas = f"quotas={{direct: {ACCEPTED}, rl: 0}}"
    command = [sys.executable, "-m", "pipeline", "build", str(path), "--out", str(out), "--set", quotas]
    sizes = ["--set", "output.image.size=96", "--set", "policy.ladder=[direct]"]
    with open(folder / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([*command, *sizes], stdout=log, stderr=subprocess.STDOUT)
    first = next(_when_called(out, process), None)
    if process.wait() != 0:
        print((folder / "log").read_text("utf-8")[-2000:])
    with sqlite3.connect(out / "plan.db") as plan:
        (state,) = (json.loads(row[0]) for row in plan.execute("SELECT state FROM sources"))
    after = "never" if first is None else f"{first - began:.1f} s"
    return f"first call after {after}; {time.time() - began:.0f} s in all, exit {process.returncode}; rows read: {state['rows']:,}"


def _when_called(out: Path, process: subprocess.Popen[bytes]) -> Iterator[float]:
    while process.poll() is None:
        time.sleep(0.1)
        if not (out / "run.db").exists():
            continue
        try:
            with sqlite3.connect(f"file:{out / 'run.db'}?mode=ro", uri=True) as database:
                opened = database.execute("SELECT (SELECT count(*) FROM open_calls) + (SELECT count(*) FROM ledger)")
                if opened.fetchone()[0]:
                    yield time.time()
        except sqlite3.OperationalError:
            continue  # its tables are being made


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Rows a second and memory of long sources.")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--build", action="store_true", help="build from the largest source, too")
    parser.add_argument("--only-build", action="store_true", help="and do nothing else")
    parser.add_argument("--read", type=Path, nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read:
        print(json.dumps(read(*options.read)))
        return
    print(f"load {os.getloadavg()[0]:.2f}, {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name:
        for rows in options.rows:
            write_source(Path(name) / f"rows-{rows}", rows)
        for screens in () if options.only_build else (False, True):
            for rows in options.rows:
                path = write_manifest(Path(name), rows, screens)
                command = [sys.executable, "-m", "benchmarks.streaming", "--read", str(path), f"{path}.out"]
                done = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                words = "read, checks, duplicates, decontamination" if screens else "read and checks"
                print(
                    f"{words:42} {done['rows']:>10,} rows  {done['rows'] / done['seconds']:>8,.0f} rows/s  "
                    f"peak {done['peak_mb']:,.0f} MB  on disk {done['disk_mb']:,.0f} MB  left out {done['left_out']:,}",
                    flush=True,
                )
        if options.build or options.only_build:
            print(first_call(Path(name), write_manifest(Path(name), max(options.rows), screens=True)))


if __name__ == "__main__":
    main()
