"""How busy a GPU is, and how near to its roofline.

In: a stretch of work. Out: the share of time in which a kernel ran, as nvidia-smi sees it and as the profiler does; operations
counted as they are dispatched; the peaks of a card, from its data sheet and measured.

`utilization.gpu` of nvidia-smi is the share of its last sampling period in which any kernel ran, however few of the card's
processors it filled. Kernels end to end, as the profiler sees them, leave out the gaps between launches.
"""

import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

PEAK_BF16 = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
"""Dense bf16 operations per second, by a part of the card's name, from the vendors' data sheets."""
_COMMAND = ("nvidia-smi", "--query-gpu=utilization.gpu,memory.used,power.draw", "--format=csv,noheader,nounits", "-lms")
_EVERY_MS = 100


@dataclass
class Watched:
    """Samples of nvidia-smi: (time.time(), per cent busy, MiB in use, watts). Empty without nvidia-smi."""

    samples: list[tuple[float, float, float, float]] = field(default_factory=list)

    def between(self, start: float, end: float) -> dict[str, float]:
        """Mean share of busy time in per cent, most memory in GiB and mean power in watts from `start` to `end`."""
        inside = [sample for sample in self.samples if start <= sample[0] <= end]
        if not inside:
            return {}
        return {
            "busy_smi_percent": sum(sample[1] for sample in inside) / len(inside),
            "memory_gib": max(sample[2] for sample in inside) / 1024,
            "watts": sum(sample[3] for sample in inside) / len(inside),
        }


@contextmanager
def watching() -> Iterator[Watched]:
    """Sample the first GPU while the context is open."""
    watched = Watched()
    if shutil.which(_COMMAND[0]) is None:
        yield watched
        return
    process = subprocess.Popen([*_COMMAND, str(_EVERY_MS)], stdout=subprocess.PIPE, text=True)
    reader = threading.Thread(target=_read, args=(process, watched), daemon=True)
    reader.start()
    try:
        yield watched
    finally:
        process.terminate()
        process.wait()
        reader.join()


def _read(process: "subprocess.Popen[str]", watched: Watched) -> None:
    for line in process.stdout or ():
        try:
            busy, memory, power = (float(value) for value in line.split(","))
        except ValueError:
            continue
        watched.samples.append((time.time(), busy, memory, power))


def kernel_seconds(work: Callable[[], Any]) -> float | None:
    """The time in which at least one kernel ran during `work`; None without a GPU."""
    import torch
    from torch.profiler import ProfilerActivity, profile

    if not torch.cuda.is_available():
        return None
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        work()
        torch.cuda.synchronize()
    # as they were recorded: the library's own list of them takes many seconds to make
    spans = sorted(
        (event.start_ns(), event.start_ns() + event.duration_ns())
        for event in seen.profiler.kineto_results.events()
        if event.device_type() == torch.autograd.DeviceType.CUDA and not event.is_user_annotation()
    )
    total, until = 0, 0
    for start, end in spans:  # kernels of several streams lie over each other
        total += max(0, end - max(start, until))
        until = max(until, end)
    return total / 1e9


def operations(work: Callable[[], Any]) -> float:
    """The floating-point operations of `work`: matrix products, convolutions and attention, two for each multiply-add."""
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        work()
    return float(counter.get_total_flops())


def peak() -> tuple[str, float | None]:
    """The card's name, and its dense bf16 operations per second by its data sheet; None where it is not known."""
    import torch

    if not torch.cuda.is_available():
        return "CPU", None
    name = torch.cuda.get_device_name()
    return name, next((flops for part, flops in PEAK_BF16.items() if part in name), None)


def measured_peak(side: int = 8192, times: int = 20) -> float | None:
    """Operations per second of a product of two square bf16 matrices of random numbers; None without a GPU."""
    import torch

    if not torch.cuda.is_available():
        return None
    one, other = (torch.randn(side, side, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(3):
        one @ other
    torch.cuda.synchronize()
    began = time.perf_counter()
    for _ in range(times):
        one @ other
    torch.cuda.synchronize()
    return times * 2 * side**3 / (time.perf_counter() - began)
