"""A tiny pipeline of diffusers as a case of the contract; its faults are real ones, raised by the parts of a loaded pipeline."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.backends.contract import Access
from pipeline.backends.registry import backend
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Malformed, Refused, TooLong
from stages.protocols import ImageRequest, Message, Request, TextRequest
from tests.backends.cases import Case, Fault, Open

WORDS = (Message("user", "a red cup on a table"),)
OPTIONS = {"dtype": "float32", "steps": 2, "device": "cpu", "extra": {"max_sequence_length": 16}}
DRAWN = ImageRequest(WORDS, (), 64, 64, "image", 1, 0)


@contextmanager
def _accessible(folder: Path) -> Iterator[Access]:
    from tests.engines.tiny_pipelines import save_sd3

    place = folder / "tiny-sd3"
    yield Access("diffusers", "e", None, str(place if place.is_dir() else save_sd3(place)), "1", OPTIONS)


def requests(_: ImageStore, count: int) -> Sequence[Request]:
    """Images to draw."""
    return [replace(DRAWN, seed=seed) for seed in range(count)]


Spoil = Callable[[Any], None]
Made = Callable[[Path, ImageStore], AbstractContextManager[tuple[Open, Request]]]


def _spoiled(spoil: Spoil, request: Request = DRAWN) -> Made:
    """A pipeline in which something goes wrong: `spoil` changes its parts once they are loaded."""

    @contextmanager
    def made(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
        with _accessible(folder) as at:

            def opened() -> Any:
                model = backend("diffusers").open(at, store, None)
                spoil(model._with_images.pipe)  # type: ignore[attr-defined]
                return model

            yield opened, request

    return made


def _no_room(pipe: Any) -> None:
    import torch

    def forward(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    pipe.transformer.forward = forward


def _nan(pipe: Any) -> None:
    import torch

    with torch.no_grad():
        pipe.vae.decoder.conv_out.bias.fill_(float("nan"))


def _black(pipe: Any) -> None:
    import torch

    with torch.no_grad():
        pipe.vae.decoder.conv_out.weight.zero_()
        pipe.vae.decoder.conv_out.bias.fill_(-9.0)


def _withheld(pipe: Any) -> None:
    _black(pipe)
    pipe.safety_checker = object()


@contextmanager
def _without_weights(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
    with _accessible(folder) as at:
        for file in (Path(at.model) / "transformer").glob("*.safetensors"):
            file.unlink()
        yield lambda: backend("diffusers").open(at, store, None), DRAWN
        shutil.rmtree(at.model)


@contextmanager
def _without_folder(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
    at = Access("diffusers", "e", None, str(folder / "nothing-here"), "1", OPTIONS)
    yield lambda: backend("diffusers").open(at, store, None), DRAWN


CASE = Case(
    accessible=_accessible,
    requests=requests,
    other={"steps": 3, "guidance": 2.5, "negative_prompt": "blur", "side": 128},
    faults={
        "out of memory": Fault(_spoiled(_no_room), TooLong, "no room for this call even alone"),
        "numbers that are none": Fault(_spoiled(_nan), Malformed, "NaN"),
        "a black image": Fault(_spoiled(_black), Malformed, "black image"),
        "a withheld image": Fault(_spoiled(_withheld), Refused, "safety checker"),
        "no weights": Fault(_without_weights, EngineDead, "transformer holds no weights"),
        "no folder": Fault(_without_folder, EngineDead, "no such folder"),
        "a question": Fault(
            _spoiled(lambda _: None, TextRequest(WORDS, (), "evaluation", 1, 0)), EngineDead, "answers no questions"
        ),
    },
    batches=lambda model: model.batch_sizes,  # type: ignore[attr-defined]
    needs="torch",
)
