"""Five loaders over the same rows in one run: decoded images a second, memory of the process tree, and exact resume.

In: `python -m benchmarks.loaders [--rows 450] [--repeats 5] [--per-group 20]`, in the environment of `make bench-loaders`. Out:
tables on the terminal, everything measured in `build/loaders.json`. Runs are interleaved, each in a process of its own; medians
with the quartiles beside them. Every loader decodes in two workers and hands over numbers. Memory is the highest proportional set
size (PSS) of the process tree, looked at five times a second.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.loader_data import trajectories, write_mds, write_parquet, write_tars
from benchmarks.loader_readers import LOADERS

WORKERS = 2
HOWS = {"pil": "PIL decodes for all", "own": "each with its own decoder", "bytes": "bytes only"}
LOOK_EVERY_S = 0.2


def write(folder: Path, count: int, side: int, per_group: int) -> None:
    """The data in its three forms, made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    rows = trajectories(count, side)
    write_parquet(rows, folder / "parquet", per_group)
    write_tars(rows, folder / "tar")
    write_mds(rows, folder / "mds")


def tree_pss(root: int) -> int:
    """Bytes of PSS of a process and of all below it; processes that end meanwhile count nothing."""
    found, todo = 0, [root]
    while todo:
        process = Path(f"/proc/{todo.pop()}")
        try:
            found += sum(
                int(line.split()[1])
                for line in (process / "smaps_rollup").read_text().splitlines()
                if line.startswith("Pss:")
            )
            todo += [
                int(child) for task in (process / "task").iterdir() for child in (task / "children").read_text().split()
            ]
        except OSError:
            continue
    return found * 1024


def run(module: str, *arguments: str) -> tuple[Any, float]:
    """What a module printed, and the peak PSS of its process tree in MB."""
    command = [sys.executable, "-m", f"benchmarks.{module}", *arguments]
    peak, environment = 0, {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        while process.poll() is None:
            peak = max(peak, tree_pss(process.pid))
            time.sleep(LOOK_EVERY_S)
        out, err = process.communicate()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}\n{err[-2000:]}")
    return json.loads(out.splitlines()[-1]), peak / 1e6


def measure(folder: Path, repeats: dict[str, int]) -> list[dict[str, Any]]:
    """All runs, interleaved; whoever begins a round changes."""
    found, names = [], list(LOADERS)
    for how, times in repeats.items():
        for n in range(times):
            for name in names[n % len(names) :] + names[: n % len(names)]:
                result, peak = run("loader_readers", name, how, str(folder), str(WORKERS))
                found.append(
                    {"loader": name, "how": how, "round": n, "pss_mb": peak, "load": os.getloadavg()[0], **result}
                )
    return found


def spread(values: list[float], digits: int = 0) -> str:
    """The median, and the quartiles where there are enough values."""
    middle = f"{statistics.median(values):.{digits}f}"
    if len(values) < 4:
        return f"{middle} ({min(values):.{digits}f}-{max(values):.{digits}f})"
    low, _, high = statistics.quantiles(values, n=4)
    return f"{middle} ({low:.{digits}f}-{high:.{digits}f})"


def show(found: list[dict[str, Any]]) -> None:
    """A table for each way of using images."""
    for how, words in HOWS.items():
        runs = [each for each in found if each["how"] == how]
        if not runs:
            continue
        load = statistics.median(each["load"] for each in runs)
        print(f"\n{words}, {len(runs) // len(LOADERS)} runs each, load {load:.1f}\n")
        print(
            "| loader | images/s | CPU ms an image | peak PSS MB | first batch s | rows/s |\n|---|---|---|---|---|---|"
        )
        for name in LOADERS:
            mine = [each for each in runs if each["loader"] == name]
            columns = (
                ("images_per_s", 0),
                ("cpu_ms_per_image", 2),
                ("pss_mb", 0),
                ("first_batch_s", 2),
                ("rows_per_s", 0),
            )
            print(
                f"| {name} | {' | '.join(spread([each[column] for each in mine], digits) for column, digits in columns)} |"
            )
    images = {(each["rows"], each["images"]) for each in found}
    print(f"\nrows and images of each run: {images}")


def judge(found: list[dict[str, Any]], cells: list[dict[str, Any]]) -> bool:
    """The gate: our own decoder against the best of the others, our memory against WebDataset's, exact resume."""

    def median(name: str, how: str, column: str) -> float:
        return float(statistics.median(each[column] for each in found if (each["loader"], each["how"]) == (name, how)))

    ours, others = "ours", [name for name in LOADERS if name != "ours"]
    passed = []
    for how in ("own", "pil"):
        best = max(others, key=lambda name: median(name, how, "images_per_s"))
        speed = median(ours, how, "images_per_s") / median(best, how, "images_per_s")
        memory = median(ours, how, "pss_mb") / median("WebDataset", how, "pss_mb")
        print(f"{HOWS[how]}: {speed:.2f} times the best of the others ({best}), {memory:.2f} times WebDataset's memory")
        passed += [memory <= 1.5, speed >= 1 or how == "pil"]
    mine = [cell for cell in cells if cell["loader"] == ours]
    exact = [cell for cell in mine if cell["order"] is not False and not cell["missing"] and not cell["repeated"]]
    print(f"exact resume: {len(exact)} of {len(mine)} cells")
    for cell in cells:
        if cell["loader"] != ours or cell not in exact:
            print(f"  {cell}")
    print("  WebDataset and raw pyarrow: no state to resume from")
    return all(passed) and len(exact) == len(mine)


def main() -> None:
    """Write, measure, print, and judge; exit code 1 where the gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=450)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--per-group", type=int, default=20)
    parser.add_argument("--side", type=int, default=512)
    chosen = parser.parse_args()
    folder, begin = Path("build/loader-data"), time.monotonic()
    write(folder / "large", chosen.rows, chosen.side, chosen.per_group)
    write(folder / "small", 120, 16, 5)
    print(
        f"{chosen.rows} rows of {chosen.side} pixels, {chosen.per_group} a row group, {os.cpu_count()} cores, {WORKERS} workers"
    )
    repeats = {"pil": chosen.repeats, "own": chosen.repeats, "bytes": min(3, chosen.repeats)}
    found = measure(folder / "large", repeats)
    cells, _ = run("loader_resume", str(folder / "small"))
    show(found)
    good = judge(found, cells)
    Path("build/loaders.json").write_text(json.dumps({"runs": found, "resume": cells}, indent=1), "utf-8")
    print(f"{'passed' if good else 'MISSED'}, {time.monotonic() - begin:.0f} s")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
