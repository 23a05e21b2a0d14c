"""One `vllm.LLM` in this process, and the batches that go through it.

In: conversations with how to sample. Out: for each, what vLLM gave, or one of `stages.errors`; DeviceLost where only a new process
can go on. Whoever names the same weights, loaded in the same way, shares one engine: an `LLM` must not be entered twice, so one
batch at a time holds it.
"""

import asyncio
import json
import os
import threading
import traceback
from collections import deque
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from pipeline.backends.contract import DeviceLost
from pipeline.backends.local.batcher import Batcher, OutOfMemory
from pipeline.backends.local.faults import fault
from pipeline.backends.local.libraries import library
from pipeline.backends.local.loaded import loaded
from pipeline.backends.openai.remedies import TOO_LONG, remedy_of
from stages.errors import EngineDead, ModelError, TooLong

EXTRA = "vllm"
_ANY_REVISION = "1"  # what a manifest says where it says nothing
_LONG = ("maximum model length", "maximum context length", "max_model_len", "longer than the maximum", "context length")
_CANNOT = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    ImportError,
    MemoryError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    EOFError,
)
"""What vLLM raises, whose own errors are of these kinds; it asserts what it takes for granted."""


@dataclass(frozen=True)
class Conversation:
    """One call: messages as the OpenAI API has them, the fields of `vllm.SamplingParams`, and those of its structured outputs."""

    turns: list[dict[str, Any]]
    sampling: Mapping[str, Any]
    structured: Mapping[str, Any] | None = None


class VllmEngine:
    """An `LLM` and its queue. `submit` with shape "ask" has a conversation answered, with "score" its last message weighed."""

    def __init__(self, llm: Any, name: str, most: int, wait_s: float) -> None:
        self.tokenizer: Any = llm.get_tokenizer()
        self._llm = llm
        self._name = name
        # its own errors have a root of their own in newer versions
        own = getattr(getattr(library("vllm", EXTRA), "exceptions", None), "VLLMError", None)
        self._dead: type[Exception] = import_module("vllm.v1.engine.exceptions").EngineDeadError
        self._errors: tuple[type[Exception], ...] = (*_CANNOT, self._dead, *((own,) if own else ()))
        self._most, self._wait_s = most, wait_s
        self._using = threading.Lock()
        self._batchers: WeakKeyDictionary[asyncio.AbstractEventLoop, Batcher[Conversation, Any]] = WeakKeyDictionary()
        self.batch_sizes: deque[int] = deque(maxlen=1000)
        """The sizes of the last batches, for whichever role."""

    async def submit(self, shape: str, conversation: Conversation) -> Any:
        """The `RequestOutput` of a conversation. Raises stages.errors.ModelError."""
        loop = asyncio.get_running_loop()
        if loop not in self._batchers:
            self._batchers[loop] = Batcher(self._work, self._most, self._wait_s)
        return await self._batchers[loop].submit(shape, conversation)

    def _work(self, shape: Hashable, jobs: Sequence[Conversation]) -> list[Any]:
        with self._using:
            self.batch_sizes.append(len(jobs))
            return self._run(shape, jobs)

    def _run(self, shape: Hashable, jobs: Sequence[Conversation]) -> list[Any]:
        """What vLLM gives for each. One that it turns down turns the whole batch down: halves are tried until it stands alone."""
        try:
            return list(self._chat(shape == "score", jobs))
        except self._errors as error:
            traceback.print_exception(error)  # into the engine's log: vLLM's own words are more than one line
            if isinstance(error, self._dead):
                raise DeviceLost(
                    f"{self._name}: vLLM's engine died; its last words stand in the engine's log"
                ) from error
            if self._llm.llm_engine.has_unfinished_requests():
                # what it was at work on is still in there, and whatever is asked next would wait for it for ever
                words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
                raise DeviceLost(f"{self._name}: vLLM broke off in the middle of a batch: {words}") from error
            meaning = self._meaning(error)
            if isinstance(meaning, OutOfMemory | EngineDead):
                raise meaning from error
            if len(jobs) == 1:
                return [meaning]
        half = len(jobs) // 2
        return [*self._run(shape, jobs[:half]), *self._run(shape, jobs[half:])]

    def _chat(self, is_score: bool, jobs: Sequence[Conversation]) -> Sequence[Any]:
        return self._llm.chat(  # type: ignore[no-any-return]
            [job.turns for job in jobs],
            [self._params(job) for job in jobs],
            use_tqdm=False,
            add_generation_prompt=not is_score,
            continue_final_message=is_score,
        )

    def _params(self, job: Conversation) -> Any:
        params = self._llm.get_default_sampling_params()
        for name, value in job.sampling.items():
            setattr(params, name, value)
        if params.prompt_logprobs is not None:
            # positions that are read from the prefix cache have no log-probability: vLLM leaves stale memory there
            params.skip_reading_prefix_cache = True
        if job.structured is not None:
            from vllm.sampling_params import StructuredOutputsParams

            params.structured_outputs = StructuredOutputsParams(**job.structured)
        return params

    def _meaning(self, error: BaseException) -> OutOfMemory | ModelError:
        words = " ".join(str(error).split())
        if any(sign in words.lower() for sign in _LONG) or remedy_of(words) == TOO_LONG:
            return TooLong(f"{self._name}: {words[:300]}")
        return fault(self._name, error)


def engine_of(model: str, revision: str, load: Mapping[str, Any], most: int, wait_s: float) -> VllmEngine:
    """The engine for these weights, loaded now or before. Raises EngineDead where library or weights are missing."""
    key = ("vllm", model, revision, json.dumps(load, sort_keys=True, default=str))
    return loaded(key, lambda: VllmEngine(_load(model, revision, load), model, most, wait_s))


def _load(model: str, revision: str, load: Mapping[str, Any]) -> Any:
    # in this process, whatever the environment says: what dies is then this engine, which is started again, and errors arrive
    # whole. Where its core is killed in a process of its own, vLLM 0.32 waits for that core's answer for ever
    os.environ["VLLM_ENABLE_V1_MULTIPROCESSING"] = "0"
    vllm = library("vllm", EXTRA)
    is_folder = model.startswith((".", "/", "~"))
    if is_folder and not (Path(model).expanduser() / "config.json").is_file():
        raise EngineDead(f"the vllm backend finds no config.json in {model}; name a folder that save_pretrained wrote")
    wanted = {} if is_folder or revision == _ANY_REVISION else {"revision": revision}
    place = str(Path(model).expanduser()) if is_folder else model
    try:
        return vllm.LLM(place, enable_prefix_caching=True, **wanted, **load)
    except _CANNOT as error:
        words = " ".join(str(error).split())[:400]
        raise EngineDead(f"the vllm backend cannot load {model}: {type(error).__name__}: {words}") from error
