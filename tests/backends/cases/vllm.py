"""vLLM's offline engine as a case of the contract: a tiny Qwen3-VL that judges; its faults are raised inside the real engine.

In: the folder that X2I_VLLM_MODEL names, where vllm can be imported. Each check loads an engine of its own, and lets go of it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.backends.contract import Access, DeviceLost
from pipeline.backends.local import loaded
from pipeline.backends.registry import backend
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Malformed, ModelError, TooLong
from stages.protocols import ImageRequest, Message, Request, ScoreRequest, TextRequest
from tests.backends.cases import Case, Fault, Open
from tests.backends.openai.gateway import png
from tests.vllm.judge import LOAD, save_judge

ASKED = (Message("user", "how is it?"),)
QUESTION = TextRequest(ASKED, (), "evaluation", 1, 1, ("instruction", "quality"))
LONG = replace(QUESTION, messages=(Message("user", "a word " * 9000),))
SCORED = ScoreRequest(ASKED, (), "a red cat", 1, 1)
PICTURE = ImageRequest(ASKED, (), 64, 64, "image", 1, 1)
OPTIONS = {"temperature": 1.0, "max_tokens": 1200, "load": LOAD}

Spoil = Callable[[Any], None]
Made = Callable[[Path, ImageStore], AbstractContextManager[tuple[Open, Request]]]


def _at(folder: Path) -> Access:
    return Access("vllm", "e", None, str(folder), "1", OPTIONS)


@contextmanager
def _accessible(folder: Path) -> Iterator[Access]:
    try:
        yield _at(save_judge(Path(os.environ["X2I_VLLM_MODEL"]), folder / "judge"))
    finally:
        # not left to the collector: an engine that it finds late takes the process groups of the next one along
        for engine in loaded._loaded.values():
            engine._llm.llm_engine.engine_core.shutdown()
        loaded.forget()


def _requests(store: ImageStore, count: int) -> Sequence[Request]:
    pictures = tuple(store.put(png(colour, 64)) for colour in ("red", "blue"))
    return [
        *(replace(QUESTION, images=pictures, seed=seed) for seed in range(count)),
        *(replace(SCORED, images=pictures, seed=seed) for seed in range(count)),
    ]


def _batches(model: Any) -> Sequence[int]:
    return list(model._engine.batch_sizes)


def _spoilt(request: Request, spoil: Spoil | None = None) -> Made:
    """A model whose `vllm.LLM` is spoilt once it is loaded."""

    @contextmanager
    def made(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
        with _accessible(folder) as at:

            def opened() -> Any:
                model: Any = backend("vllm").open(at, store, None)
                if spoil is not None:
                    spoil(model._engine._llm)
                return model

            yield opened, request

    return made


@contextmanager
def _without_folder(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
    yield lambda: backend("vllm").open(_at(folder / "nothing-here"), store, None), QUESTION


@contextmanager
def _without_weights(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
    with _accessible(folder) as at:
        for file in Path(at.model).glob("*.safetensors"):
            file.unlink()
        yield lambda: backend("vllm").open(at, store, None), QUESTION


def _no_numbers(llm: Any) -> None:
    def spoil(_model: Any, _given: Any, hidden: Any) -> Any:
        return hidden * float("nan")

    llm.apply_model(lambda model: model.register_forward_hook(spoil) and None)


def _no_room(llm: Any) -> None:
    import torch

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    llm.apply_model(lambda model: model.register_forward_pre_hook(full) and None)


def _at_odds(llm: Any) -> None:
    def odd(*_: Any) -> None:
        raise AssertionError

    llm.apply_model(lambda model: model.register_forward_pre_hook(odd) and None)


def _dead(llm: Any) -> None:
    from vllm.v1.engine.exceptions import EngineDeadError

    def dead() -> None:
        raise EngineDeadError

    llm.llm_engine.engine_core.get_output = dead


CASE = Case(
    accessible=_accessible,
    requests=_requests,
    other={"temperature": 0.5, "top_p": 0.9, "structured": "none", "load": {**LOAD, "max_model_len": 4096}},
    faults={
        "no folder": Fault(_without_folder, EngineDead, r"finds no config\.json in"),
        "no weights": Fault(_without_weights, EngineDead, "cannot load"),
        "too long": Fault(_spoilt(LONG), TooLong, "."),
        "a picture": Fault(_spoilt(PICTURE), EngineDead, "reads and does not draw"),
        "score no numbers": Fault(_spoilt(SCORED, _no_numbers), ModelError, "no log-prob"),
        "logits no numbers": Fault(_spoilt(QUESTION, _no_numbers), Malformed, "logits are no numbers"),
        "out of memory": Fault(
            _spoilt(QUESTION, _no_room), DeviceLost, "broke off in the middle of a batch: OutOfMemory"
        ),
        "an assertion": Fault(_spoilt(QUESTION, _at_odds), DeviceLost, "in the middle of a batch: AssertionError"),
        "a dead engine": Fault(_spoilt(QUESTION, _dead), DeviceLost, "vLLM's engine died"),
    },
    batches=_batches,
    needs="vllm",
)
