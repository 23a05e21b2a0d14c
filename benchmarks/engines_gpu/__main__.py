"""Measure engines on a GPU, part by part, each in a process of its own and within its time.

    python -m benchmarks.engines_gpu                 # one GPU of 80 GB and more, about 7 minutes
    python -m benchmarks.engines_gpu --tiny          # a CPU, some minutes: shows that all parts run, and no speed
    python -m benchmarks.engines_gpu sdxl ladder     # these parts alone

Weights are random, in the shapes of published models, made and thrown away here: nothing is downloaded.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from benchmarks.engines_gpu.figures import FigureLog, versions

PARTS = {"card": 60, "sdxl": 150, "ladder": 200, "reader": 150, "flux": 150}
"""The parts in their order, and the seconds that each may take."""
SHARED_MEMORY = Path("/dev/shm")
NEEDED_BYTES = 36 << 30
LAST_USE = {"ladder": "sdxl", "reader": "reader", "flux": "flux"}
"""Parts after which weights are not needed any more."""


def main() -> None:
    """Run the parts that are named, or one of them in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"which of {' '.join(PARTS)} (default: all)")
    parser.add_argument("--tiny", action="store_true", help="tiny shapes, for a CPU")
    parser.add_argument("--out", type=Path, help="file to which each figure is added as a line of JSON")
    parser.add_argument(
        "--within", type=float, default=480, help="seconds in which no further part begins (default 480)"
    )
    parser.add_argument("--here", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if unknown := set(args.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; name some of {', '.join(PARTS)}")
    if args.here is not None:
        measure(args.parts[0], args.here, args.tiny, args.out)
        return
    sys.exit(run_all(args.parts or list(PARTS), args))


def run_all(parts: list[str], args: argparse.Namespace) -> int:
    """Each part in a process; 1 where one failed."""
    figures, began, failed = FigureLog("all", args.out), time.monotonic(), 0
    figures.say("versions", **versions())
    with tempfile.TemporaryDirectory(dir=_roomy()) as folder:
        for part in parts:
            left = args.within - (time.monotonic() - began)
            if left < 20:
                figures.say("left out, no time", name=part)
                failed = 1
                continue
            since = time.monotonic()
            code = _run_part(part, Path(folder), args, min(left, PARTS[part] * (4 if args.tiny else 1)))
            figures.say("part ended", name=part, code=code, seconds=time.monotonic() - since)
            failed |= int(code != 0)
            if part in LAST_USE:
                shutil.rmtree(Path(folder) / LAST_USE[part], ignore_errors=True)
                (Path(folder) / f"{LAST_USE[part]}.done").unlink(missing_ok=True)
    return failed


def _roomy() -> Path | None:
    """Where weights lie: in shared memory if there is room, since a disk may be slow."""
    roomy = SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > NEEDED_BYTES
    return SHARED_MEMORY if roomy else None


def _run_part(part: str, folder: Path, args: argparse.Namespace, seconds: float) -> int:
    command = [sys.executable, "-m", "benchmarks.engines_gpu", part, "--here", str(folder)]
    command += ["--tiny"] if args.tiny else []
    command += ["--out", str(args.out)] if args.out else []
    # a group of its own: what a part started ends with it
    process = subprocess.Popen(command, start_new_session=True)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"{part}: not done within {seconds:.0f} s", flush=True)
        return 124
    finally:
        _end_group(process)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def measure(part: str, folder: Path, tiny: bool, out: Path | None) -> None:
    """One part, in this process."""
    from benchmarks.engines_gpu.shapes import FLUX, SDXL, TINY, weights  # here: torch is loaded in a part's own process

    figures = FigureLog(part, out)
    match part:
        case "card":
            from benchmarks.engines_gpu.watch import measured_peak, peak

            name, most = peak()
            found = measured_peak()
            figures.say("card", name=name, peak_flop_per_s=most, measured_flop_per_s=found)
        case "sdxl" | "flux":
            from benchmarks.engines_gpu.images import measure_images

            drawing = TINY if tiny else SDXL if part == "sdxl" else FLUX
            measure_images(figures, weights(part, folder, tiny, figures), drawing)
        case "ladder":
            from benchmarks.engines_gpu.ladder import measure_ladder

            measure_ladder(figures, weights("sdxl", folder, tiny, figures), folder, tiny)
        case "reader":
            from benchmarks.engines_gpu.reader import measure_reader

            measure_reader(figures, weights("reader", folder, tiny, figures), tiny)


if __name__ == "__main__":
    main()
