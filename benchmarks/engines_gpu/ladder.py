"""Part of the measurement: a whole build, whose images an engine draws under Ray, one by one and in batches.

In: the folder of an SDXL. Out: images/s between the first and the last image, and the share of that time in which the GPU worked.
The build is one like any other: `x2i build` in a process, rungs, journal, store. Its analyzer is the world's, which reads pictures
of random weights as wrong ones, so that every sample climbs all rungs; its sources are new pictures of the world.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.engines_gpu.figures import FigureLog
from benchmarks.engines_gpu.watch import watching

BATCH = 8
LIMIT_S = 100
_ON_NO_GPU = {"RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}  # an engine that asks for no GPU sees them all the same


def measure_ladder(figures: FigureLog, model: Path, folder: Path, tiny: bool) -> None:
    """Build in batches, then one by one with fewer samples."""
    rates: dict[int, float] = {}
    for batch, samples in ((BATCH, 8 if tiny else 96), (1, 3 if tiny else 12)):
        out = folder / f"ladder-{batch}"
        rate = _measure(figures, model, out, batch, samples, tiny)
        rates |= {} if rate is None else {batch: rate}
    if len(rates) == 2:
        figures.say("batched against one by one", times=rates[BATCH] / rates[1])


def manifest(model: Path, batch: int, samples: int, tiny: bool, gpus: float) -> dict[str, Any]:
    """A manifest whose baseline and generator are one SDXL in one engine: new pictures, and others drawn over a start."""
    options: dict[str, Any] = {
        "pipeline": "StableDiffusionXLImg2ImgPipeline",
        "text_to_image": {"pipeline": "StableDiffusionXLPipeline"},
        "strength": 1.0,
        "dtype": "float32" if tiny else "bfloat16",
        "steps": 2 if tiny else 20,
    }
    side = 96 if tiny else 512
    painter = {"backend": "diffusers", "engine": "painter", "model": str(model), "kit": "editor", "options": options}
    return {
        "name": f"ladder-{batch}",
        "seed": 7,
        "sources": [{"kind": "world", "name": "w", "count": samples, "size": side, "t2i": 1.0}],
        "engines": {"painter": {"gpus": gpus, "cpus": 0.5, "batch": batch, "batch_wait_s": 0.1}},
        "models": {
            "baseline": painter,
            "generator": painter,
            "analyzer": {"backend": "world", "model": "world-analyzer"},
        },
        "policy": {"judging": {"judgements": 1}},
        "output": {"image": {"size": side}},
        "splits": {"rl": 0.0},
        "run": {"concurrency": 8 * batch + 16, "max_failed": 1},
    }


def _measure(figures: FigureLog, model: Path, out: Path, batch: int, samples: int, tiny: bool) -> float | None:
    import torch

    with watching() as watched:
        for gpus, around in ((1.0, {}), (0.0, _ON_NO_GPU)) if torch.cuda.is_available() else ((0.0, {}),):
            code, words = _built(manifest(model, batch, samples, tiny, gpus), out, around, LIMIT_S * (3 if tiny else 1))
            if code == 0 or "GPU" not in words:
                break
            figures.say("Ray sees no GPU here, so the engine asks for none", words=words[-300:])
    drawn = sorted(file.stat().st_mtime for file in (out / "store").rglob("*") if _is_image(file))
    if len(drawn) < 3:
        figures.say(f"batch {batch} failed", code=code, words=words[-1500:])
        return None
    first, last = drawn[0], drawn[-1]
    middle = drawn[len(drawn) // 10 : len(drawn) - len(drawn) // 10]
    rate = (len(middle) - 1) / max(middle[-1] - middle[0], 1e-9)
    figures.say(
        f"batch {batch}",
        code=code,
        samples=samples,
        images=len(drawn),
        images_per_s=(len(drawn) - 1) / (last - first),
        images_per_s_middle=rate,
        middle=watched.between(middle[0], middle[-1]),
        **watched.between(first, last),
    )
    return rate


def _built(raw: dict[str, Any], out: Path, around: dict[str, str], seconds: float) -> tuple[int, str]:
    path, log = out.with_suffix(".yaml"), out.with_suffix(".log")
    path.write_text(json.dumps(raw), "utf-8")  # JSON is YAML too, without its aliases
    command = [sys.executable, "-m", "pipeline", "build", str(path), "--out", str(out)]
    with log.open("wb") as printed:
        process = subprocess.Popen(
            command, env={**os.environ, **around}, stdin=subprocess.DEVNULL, stdout=printed, stderr=subprocess.STDOUT
        )
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()  # what is drawn by then counts; the rest of its session ends with this part
            code = process.wait()
    return code, log.read_text("utf-8", errors="replace")


def _is_image(file: Path) -> bool:
    return file.is_file() and "." not in file.name
