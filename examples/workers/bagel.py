"""A worker with BAGEL (ByteDance-Seed/BAGEL-7B-MoT): draws, edits, and answers questions about images.

In: the folder of a batch, the model's repository and its weights. Out: answers. It runs in the environment of that repository
(torch, accelerate, gradio), on the devices that are visible; x2i is not needed. Written against the published
`InterleaveInferencer`, and not run where it was written. Options of the model in the manifest go to the inferencer as they are
(cfg_text_scale, cfg_img_scale, num_timesteps, think, ...). It reads all images in order; an edit has the ratio of the last one.
"""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import Any

from worker import Answer, Answered, Asked, Declined, main

_STRIDE = 16  # pixels: sides of an image are multiples of it


def load(arguments: argparse.Namespace) -> Answer:
    """The function that answers; the model is loaded here."""
    sys.path.insert(0, os.path.abspath(arguments.repository))
    import torch
    from PIL import Image

    inferencer = _inferencer(os.path.abspath(arguments.weights))

    def answer_one(asked: Asked) -> Answered:
        torch.manual_seed(asked.seed)
        pictures = [Image.open(path).convert("RGB") for path in asked.images]
        words = "\n\n".join(message["content"] for message in asked.messages)
        options: dict[str, Any] = dict(asked.options)
        if asked.kind == "text":
            options |= {"understanding_output": True, "max_think_token_n": options.pop("max_tokens", 4096)}
        else:
            options["image_shapes"] = (_side(asked.height), _side(asked.width))
        parts = inferencer.interleave_inference([*pictures, words], **options)
        text = "\n".join(part for part in parts if isinstance(part, str)) or None
        image = next((part for part in parts if not isinstance(part, str)), None)
        if asked.kind == "text":
            return Answered(text=text)
        if image is None:
            raise Declined(text or "no image was made")
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return Answered(text=text, image=buffer.getvalue())

    def answer(requests: Sequence[Asked]) -> list[Answered]:
        return [answer_one(asked) for asked in requests]

    return answer


def _inferencer(weights: str) -> Any:
    """BAGEL as its repository's own page (app.py) puts it together; the page is built, and not served."""
    sys.argv = ["app.py", "--model_path", weights]
    return importlib.import_module("app").inferencer


def _side(pixels: int) -> int:
    return max(_STRIDE, round(pixels / _STRIDE) * _STRIDE)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Answers the requests of a batch with BAGEL.")
    parser.add_argument("--repository", required=True, help="a checkout of ByteDance-Seed/Bagel")
    parser.add_argument("--weights", required=True, help="the folder of BAGEL-7B-MoT")
    main(load, parser)
