"""Where `tests.trainers.prepare` has put what trainers read."""

import os
from pathlib import Path

DATA = Path(os.environ.get("X2I_TRAINERS_DATA", "build/trainers/data")).absolute()
STEPS = 100
"""Optimisation steps at least."""


def reader_processor():
    """The processor of the tiny Qwen3-VL, without its part for videos, which needs torchvision; its class keeps its name."""
    from transformers import Qwen3VLProcessor

    parts = [part for part in Qwen3VLProcessor.get_attributes() if part != "video_processor"]
    kind = type("Qwen3VLProcessor", (Qwen3VLProcessor,), {"get_attributes": classmethod(lambda _: parts)})
    return kind.from_pretrained(DATA / "reader", backend="pil")


def stand_in_for_torchvision():
    """Names for `qwen_vl_utils` to import: it uses torchvision for videos alone, and no build of it fits a torch for CPUs."""
    import enum
    import sys
    import types

    made = {name: types.ModuleType(name) for name in ("torchvision", "torchvision.io", "torchvision.transforms")}
    top, made["torchvision.transforms"].functional = made["torchvision"], types.SimpleNamespace()
    made["torchvision.transforms"].InterpolationMode = enum.Enum("InterpolationMode", "BICUBIC")
    top.__version__, top.io, top.transforms = "0.0", made["torchvision.io"], made["torchvision.transforms"]
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    import qwen_vl_utils  # noqa: F401

    # others ask whether torchvision is there, and have to hear that it is not
    for name, module in before.items():
        sys.modules.pop(name) if module is None else sys.modules.update({name: module})
