"""Measure vLLM as a server that the build starts against vLLM in an engine: the same model, calls and number of calls at once.

In: the model's folder, the server's command with {port} in it, and sizes (below). Out: a line for each way and kind of call:
texts/s and tokens/s, with the machine's load. All calls share the beginning of their prompt. It runs where vLLM and Ray are.
"""

import argparse
import asyncio
import os
import shlex
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from pipeline.backends.contract import Access, BareModel
from pipeline.backends.openai.backend import OpenAIModel
from pipeline.backends.openai.client import close_clients
from pipeline.backends.openai.spec import Provider
from pipeline.engines.client import key_of
from pipeline.engines.fleet import start
from pipeline.engines.servers.launch import running
from pipeline.engines.spec import EngineSpec
from pipeline.run.session import session
from pipeline.storage.image_store import ImageStore
from stages.protocols import Message, ScoreReply, ScoreRequest, TextReply, TextRequest

RUBRIC = "score the image on instruction, consistency, quality and knowledge. "
SCORED = "the cup is red and stands on the left. "
LOAD = {
    "dtype": "bfloat16",
    "max_model_len": 4096,
    "enforce_eager": True,
    "limit_mm_per_prompt": {"image": 8, "video": 0},
}
WARM = -1_000_000  # first seeds of the calls that are made before the clock starts


class WaysOptions(argparse.Namespace):
    """The sizes."""

    model: str
    command: str
    served_as: str
    calls: int
    at_once: int
    tokens: int
    prefix: int


async def measure(way: str, model: BareModel, sizes: WaysOptions) -> None:
    """Have texts written and scored, and print what they took."""
    shared = RUBRIC * sizes.prefix
    slots = asyncio.Semaphore(sizes.at_once)

    async def ask(number: int) -> TextReply:
        async with slots:
            return await model.ask(TextRequest((Message("user", f"{shared}{number}"),), (), "evaluation", number, 1))

    async def score(number: int) -> ScoreReply:
        async with slots:
            asked = (Message("user", shared),)
            return await model.score(ScoreRequest(asked, (), f"{SCORED * 4}{number}", number, 1))

    try:
        await asyncio.gather(*(call(WARM + number) for call in (ask, score) for number in range(sizes.at_once)))
        began = time.perf_counter()
        written = await asyncio.gather(*map(ask, range(sizes.calls)))
        seconds = time.perf_counter() - began
        tokens = sum(reply.usage.output_tokens or 0 for reply in written if reply.usage)
        say(way, "answers", sizes.calls, tokens, seconds)
        began = time.perf_counter()
        scored = await asyncio.gather(*map(score, range(sizes.calls)))
        seconds = time.perf_counter() - began
        say(way, "scores", sizes.calls, sum(len(reply.tokens) for reply in scored), seconds)
        read = sum(reply.usage.input_tokens or 0 for reply in scored if reply.usage)
        print(f"{way:8} {read / sizes.calls:.0f} tokens read a scored text", flush=True)
    finally:
        await close_clients()


def say(way: str, what: str, texts: int, tokens: int, seconds: float) -> None:
    """One line."""
    rates = f"{texts / seconds:7.1f} texts/s {tokens / seconds:8.0f} tokens/s"
    print(f"{way:8} {what:8} {rates}, load {os.getloadavg()[0]:.1f}", flush=True)


def by_server(sizes: WaysOptions, folder: Path, stack: ExitStack) -> BareModel:
    """The model at a server that is up until the stack ends."""
    command = {"command": shlex.split(sizes.command), "startup_s": 300}
    servers = stack.enter_context(running({"mine": Provider.model_validate({"server": command})}, folder, None, print))
    options = {"temperature": 0.0, "max_tokens": sizes.tokens, "structured": "none"}
    store = ImageStore(str(folder / "store"))
    return OpenAIModel(sizes.served_as, "1", options, "mine", servers.providers["mine"], store)


def by_engine(sizes: WaysOptions, folder: Path, stack: ExitStack) -> BareModel:
    """The model in an engine, which ends with the session."""
    options = {"temperature": 0.0, "max_tokens": sizes.tokens, "structured": "none", "load": LOAD}
    at = Access("vllm", "e", None, sizes.model, "1", options, batch=sizes.at_once, batch_wait_s=0.05)
    spec = EngineSpec(cpus=0.1, batch=sizes.at_once)
    fleet = start({"e": spec}, {"e": {key_of(at): at}}, str(folder / "store"), folder / "engines", print)
    return fleet.model(at)


WAYS: dict[str, Callable[[WaysOptions, Path, ExitStack], BareModel]] = {"server": by_server, "engine": by_engine}


def main() -> None:
    """Measure both ways, one after the other, each in a session of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder of the model, for the engine")
    parser.add_argument("--command", required=True, help="starts the server; {port} stands for its port")
    parser.add_argument("--served-as", default="tiny-qwen3vl", help="name of the model at the server")
    parser.add_argument("--calls", type=int, default=128)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=32, help="of an answer, at most")
    parser.add_argument("--prefix", type=int, default=16, help="how often the rubric's sentence stands in the prompt")
    sizes = parser.parse_args(namespace=WaysOptions())
    for way, made in WAYS.items():
        with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
            folder = Path(name)
            stack.enter_context(session(None, folder / "ray.log"))
            asyncio.run(measure(way, made(sizes, folder, stack), sizes))


if __name__ == "__main__":
    main()
