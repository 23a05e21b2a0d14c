"""The transformers backend as a case of the contract: a tiny Emu3, which reads, scores and draws."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from pipeline.backends.contract import Access
from pipeline.backends.registry import backend
from pipeline.storage.image_store import ImageStore
from stages.errors import EngineDead, Malformed, ModelError, TooLong
from stages.protocols import ImageRequest, Message, Request, ScoreRequest, TextRequest
from tests.backends.cases import Case, Fault, Open

ASKED = (Message("user", "how is it?"),)
QUESTION = TextRequest(ASKED, (), "evaluation", 1, 1, ("instruction", "quality"))
PICTURE = ImageRequest(ASKED, (), 64, 48, "image", 1, 1)
OPTIONS = {"temperature": 1.0, "max_new_tokens": 900}


def _at(folder: Path, **options: Any) -> Access:
    return Access("transformers", "e", None, str(folder), "1", OPTIONS | options)


@contextmanager
def _accessible(folder: Path) -> Iterator[Access]:
    from tests.engines.tiny_vlm import JUDGE, tiny_emu3

    yield _at(tiny_emu3(folder / "emu3", JUDGE))


def _requests(_: ImageStore, count: int) -> Sequence[Request]:
    return [
        *(ImageRequest(ASKED, (), 64, 48, "image", seed, 1) for seed in range(count)),
        *(TextRequest(ASKED, (), "evaluation", seed, 1, ("instruction", "quality")) for seed in range(count)),
        *(ScoreRequest(ASKED, (), "a red cat", seed, 1) for seed in range(count)),
    ]


def _batches(model: Any) -> Sequence[int]:
    return list(model.batch_sizes.elements())


def _spoilt(
    request: Request, spoil: Callable[[Any], None], **options: Any
) -> Callable[[Path, ImageStore], AbstractContextManager[tuple[Open, Request]]]:
    """A model that is spoilt once it is loaded."""

    @contextmanager
    def made(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
        from tests.engines.tiny_vlm import tiny_emu3

        at = _at(tiny_emu3(folder / "emu3"), **options)

        def opened() -> Any:
            model: Any = backend("transformers").open(at, store, None)
            spoil(model._weights.model)
            return model

        yield opened, request

    return made


@contextmanager
def _missing(folder: Path, store: ImageStore) -> Iterator[tuple[Open, Request]]:
    yield lambda: backend("transformers").open(_at(folder / "nothing"), store, None), QUESTION


def _no_numbers(model: Any) -> None:
    model.get_output_embeddings().weight.data[:] = float("nan")


def _no_picture(model: Any) -> None:
    for parameter in model.model.vqmodel.decoder.parameters():
        parameter.data[:] = float("nan")


def _no_room(model: Any) -> None:
    import torch

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    model.model.text_model.register_forward_pre_hook(full)


def _as_it_is(model: Any) -> None:
    pass


LONG = TextRequest((Message("user", "a word " * 9000),), (), "evaluation", 1, 1, ("quality",))

CASE = Case(
    accessible=_accessible,
    requests=_requests,
    other={"temperature": 0.5, "guidance": 5.0, "dtype": "bfloat16", "words": 5},
    faults={
        "no weights": Fault(_missing, EngineDead, "cannot be loaded"),
        "logits no numbers": Fault(_spoilt(QUESTION, _no_numbers), Malformed, "logits are no numbers"),
        "picture no numbers": Fault(_spoilt(PICTURE, _no_picture), Malformed, "no"),
        "score no numbers": Fault(
            _spoilt(ScoreRequest(ASKED, (), "a cat", 1, 1), _no_numbers), ModelError, "log-probabilities are no numbers"
        ),
        "no memory": Fault(_spoilt(PICTURE, _no_room), TooLong, "no room for this call even alone"),
        "too long": Fault(_spoilt(LONG, _as_it_is), TooLong, "the model has room for"),
        "cut short": Fault(_spoilt(QUESTION, _as_it_is, max_new_tokens=3), Malformed, "cut short after 3 tokens"),
    },
    batches=_batches,
    needs="torch",
)
