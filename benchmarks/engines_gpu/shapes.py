"""What each part loads and draws: the folders of its random weights, and sizes for a GPU and for a CPU."""

import shutil
import time
from pathlib import Path

from benchmarks.engines_gpu.figures import FigureLog
from benchmarks.engines_gpu.images import DrawPlan

SDXL = DrawPlan(side=512, steps=20, batch=8, seconds=12, dtype="bfloat16")
"""Launches take longer than the kernels of one image: a GPU waits for its processor unless images come in batches."""
FLUX = DrawPlan(side=1024, steps=4, batch=4, seconds=16, dtype="bfloat16")
"""One image fills the card: there is little that batches could gain."""
TINY = DrawPlan(side=64, steps=2, batch=4, seconds=2, dtype="float32")


def weights(name: str, folder: Path, tiny: bool, figures: FigureLog) -> Path:
    """The folder of the weights called `name`, made unless an earlier part made it. Raises OSError where there is no room."""
    from benchmarks.engines_gpu import painters, readers

    place, done = folder / name, folder / f"{name}.done"
    if not done.exists():
        shutil.rmtree(place, ignore_errors=True)
        make = {"sdxl": painters.save_sdxl, "flux": painters.save_flux, "reader": readers.save_reader}[name]
        began = time.perf_counter()
        make(place, tiny)
        size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
        figures.say("weights written", name=name, gb=size / 1e9, seconds=time.perf_counter() - began)
        done.touch()
    return place
