"""What engines of our own make of a GPU: images/s one by one and in batches, scored tokens/s, and how near to the roofline.

In: a GPU (or `--tiny` on a CPU). Out: one line a figure. Weights are random, of the shape of a FLUX transformer of 12 B parameters
between small encoders, so that nothing is downloaded; every image goes through the diffusers backend, from request to stored PNG.

    python -m benchmarks.engines_gpu            # one GPU of 40 GB and more, about 6 minutes
    python -m benchmarks.engines_gpu --tiny     # a CPU, seconds: shows that the script runs, and no speed
    python -m benchmarks.engines_gpu --reader FOLDER   # tokens/s of the transformers backend on this model, too
"""

import argparse
import asyncio
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.backends.contract import Access, BareModel
from pipeline.backends.local import loaded
from pipeline.backends.registry import backend
from pipeline.storage.image_store import ImageStore
from stages.protocols import ImageRequest, Message, ScoreRequest
from tests.engines.tiny_pipelines import save_flux

REAL = {"num_layers": 19, "num_single_layers": 38, "attention_head_dim": 128, "num_attention_heads": 24}
PEAK_BF16 = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "4090": 165e12}
"""Dense bf16 operations per second, by a part of the card's name, from the vendors' data sheets."""
WORDS = (Message("user", "a red cup beside a blue plate on a wooden table"),)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiny", action="store_true", help="small shapes on a CPU")
    parser.add_argument("--batch", type=int, default=8, help="images in a batch (default 8)")
    parser.add_argument("--images", type=int, default=24, help="images to draw each way (default 24)")
    parser.add_argument("--steps", type=int, default=8, help="denoising steps (default 8)")
    parser.add_argument("--side", type=int, default=512, help="sides of an image in pixels (default 512)")
    parser.add_argument("--reader", type=Path, help="folder of an image-text-to-text model to score with")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure_images(args, Path(folder))
        if args.reader is not None:
            measure_scores(args, Path(folder))


def measure_images(args: argparse.Namespace, folder: Path) -> None:
    """Draw the same images one by one and in batches."""
    side = 64 if args.tiny else args.side
    dtype = "float32" if args.tiny else "bfloat16"
    model_folder = save_flux(folder / "flux", dtype=dtype, **({} if args.tiny else REAL))
    rates = {}
    for batch in (1, args.batch):
        model = _opened("diffusers", model_folder, folder, batch, _options(args, dtype))
        requests = [ImageRequest(WORDS, (), side, side, "image", seed, 0) for seed in range(args.images)]
        asyncio.run(_drawn(model, requests[: 2 * batch]))  # the first calls choose kernels
        with watched() as busy:
            began = time.perf_counter()
            asyncio.run(_drawn(model, requests))
            took = time.perf_counter() - began
        rates[batch] = len(requests) / took
        print(f"batch {batch}: {rates[batch]:.3f} images/s, {side} px, {args.steps} steps{_share(busy)}")
    print(f"batched against one by one: {rates[args.batch] / rates[1]:.2f}x")
    _roofline(model, rates, side, args.steps)
    loaded.forget()


def measure_scores(args: argparse.Namespace, folder: Path) -> None:
    """Score texts that share their prompt, through the transformers backend."""
    options = {"dtype": "float32" if args.tiny else "bfloat16"}
    model = _opened("transformers", args.reader, folder, args.batch, options)
    text = " ".join(["a cup stands beside a plate on a table"] * 8)
    requests = [ScoreRequest(WORDS, (), f"{number} {text}", number, 0) for number in range(args.images)]

    async def scored() -> int:
        return sum(len(reply.tokens) for reply in await asyncio.gather(*map(model.score, requests)))

    async def scored_twice() -> tuple[int, float, list[float]]:
        await scored()  # the first calls choose kernels
        with watched() as busy:
            began = time.perf_counter()
            tokens = await scored()
            return tokens, time.perf_counter() - began, busy

    tokens, took, busy = asyncio.run(scored_twice())  # once: a model works on one event loop
    print(f"scoring in batches of {args.batch}: {tokens / took:.0f} tokens/s{_share(busy)}")


def _opened(name: str, model: Path, folder: Path, batch: int, options: dict[str, Any]) -> BareModel:
    loaded.forget()  # batches are those of who asked first for these weights
    at = Access(name, "bench", None, str(model), "1", options, batch=batch, batch_wait_s=0.2)
    return backend(name).open(at, ImageStore(str(folder / "images")), None)


def _options(args: argparse.Namespace, dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "steps": args.steps, "extra": {"max_sequence_length": 64}}


async def _drawn(model: BareModel, requests: list[ImageRequest]) -> None:
    await asyncio.gather(*map(model.draw, requests))


@contextmanager
def watched() -> Iterator[list[float]]:
    """The GPU's utilisation, in per cent, about five times a second; empty without nvidia-smi."""
    seen: list[float] = []
    over = threading.Event()
    command = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]

    def watch() -> None:
        while not over.wait(0.2):
            try:
                seen.append(
                    float(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[0])
                )
            except (OSError, subprocess.CalledProcessError, ValueError, IndexError):
                return

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()


def _share(busy: list[float]) -> str:
    return f", GPU busy {sum(busy) / len(busy):.0f} %" if busy else ""


def _roofline(model: Any, rates: dict[int, float], side: int, steps: int) -> None:
    """Two operations a parameter and token, for picture and text tokens alike; attention's own are left out, so this is a floor."""
    import torch

    transformer = model._with_images.pipe.transformer
    parameters = sum(weight.numel() for weight in transformer.parameters())
    if not torch.cuda.is_available():
        print(f"no GPU: no roofline ({parameters / 1e6:.2f} M parameters)")
        return
    card = torch.cuda.get_device_name()
    peak = next((flops for name, flops in PEAK_BF16.items() if name in card), None)
    an_image = 2 * parameters * ((side // 16) ** 2 + 64) * steps
    for batch, rate in rates.items():
        share = "" if peak is None else f", {100 * an_image * rate / peak:.0f} % of the card's peak"
        print(f"batch {batch}: {an_image * rate / 1e12:.0f} TFLOP/s on {card}{share}")


if __name__ == "__main__":
    main()
