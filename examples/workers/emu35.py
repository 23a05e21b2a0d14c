"""A worker with Emu3.5 (BAAI): makes images from text and up to three references, as an offline job.

In: the folder of a batch, the model's repository, its weights and those of its vision tokenizer. Out: answers. It runs in the
environment of that repository (torch, transformers, flash-attn); x2i is not needed. Written against the published `build_emu3p5`,
`generate`, `multimodal_decode` and `build_image`, and not run where it was written. Templates, special tokens and sampling are
those of a configuration file of the repository (--config); options of the model in the manifest replace its settings of the same
name (classifier_free_guidance, image_area), those of `sampling_params` included (image_top_k, text_temperature, ...).
"""

import argparse
import importlib
import io
import os
import random
import sys
from collections.abc import Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

from worker import Answer, Answered, Asked, Declined, DoesNotFit, main

_MOST_REFERENCES = 3
_HOLE = "<|IMAGE|>"


def load(arguments: argparse.Namespace) -> Answer:
    """The function that answers; the model is loaded here, on the devices that are visible."""
    for name in ("weights", "vision"):
        setattr(arguments, name, os.path.abspath(getattr(arguments, name)))
    sys.path.insert(0, os.path.abspath(arguments.repository))
    os.chdir(arguments.repository)  # its tokenizer is named by a path from there
    import torch

    making = importlib.import_module("src.utils.generation_utils")
    build_image = importlib.import_module("src.utils.input_utils").build_image
    published = importlib.import_module(arguments.config)
    model, tokenizer, vision = importlib.import_module("src.utils.model_utils").build_emu3p5(
        arguments.weights,
        published.tokenizer_path,
        arguments.vision,
        vq_type=published.vq_type,
        model_device="auto",
        vq_device=arguments.vision_device,
    )

    def answer_one(asked: Asked) -> Answered:
        from PIL import Image

        if asked.kind != "image":
            raise Declined("this worker makes images; name another model for questions")
        if len(asked.images) > _MOST_REFERENCES:
            raise DoesNotFit(f"{len(asked.images)} images; this model reads {_MOST_REFERENCES}")
        random.seed(asked.seed)
        torch.manual_seed(asked.seed)
        config = _config(published, asked, tokenizer)
        pictures = [Image.open(path).convert("RGB") for path in asked.images]
        read = "".join(build_image(picture, config, tokenizer, vision) for picture in pictures)
        without, template = published.build_unc_and_template("x2i" if pictures else "t2i", bool(pictures))

        def encoded(text: str) -> Any:
            ids = tokenizer.encode(text.replace(_HOLE, read), return_tensors="pt", add_special_tokens=False)
            return ids.to(model.device)

        # the words may hold braces, so they are put in last and never formatted
        before, _, after = template.partition("{question}")
        prompt = encoded(before + asked.text + after)
        made = list(making.generate(config, model, tokenizer, prompt, encoded(without), None))
        tokens = [token for part in made for token in part]
        parts = making.multimodal_decode(tokenizer.decode(tokens, skip_special_tokens=False), tokenizer, vision)
        words = "\n".join(part for kind, part in parts if kind != "image").strip() or None
        image = next((part for kind, part in reversed(parts) if kind == "image"), None)
        if image is None:
            raise Declined(words or "no image was made")
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        usage = {"input_tokens": int(prompt.shape[1]), "output_tokens": len(tokens)}
        return Answered(text=words, image=buffer.getvalue(), usage=usage)

    def answer(requests: Sequence[Asked]) -> list[Answered]:
        return [answer_one(asked) for asked in requests]

    return answer


def _config(published: ModuleType, asked: Asked, tokenizer: Any) -> SimpleNamespace:
    """The settings of one request: those of the configuration file, replaced by the options of the manifest."""
    settings = {name: value for name, value in vars(published).items() if not name.startswith("__")}
    sampling = {name: asked.options.get(name, value) for name, value in settings["sampling_params"].items()}
    settings |= {name: value for name, value in asked.options.items() if name not in sampling}
    settings |= {"sampling_params": sampling, "streaming": False}
    settings["image_area"] = asked.options.get("image_area", asked.width * asked.height)
    ids = {name: tokenizer.encode(token)[0] for name, token in settings["special_tokens"].items()}
    return SimpleNamespace(**settings | {"special_token_ids": ids})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Answers the requests of a batch with Emu3.5.")
    parser.add_argument("--repository", required=True, help="a checkout of baaivision/Emu3.5")
    parser.add_argument("--weights", required=True, help="the folder of Emu3.5 or Emu3.5-Image")
    parser.add_argument("--vision", required=True, help="the folder of Emu3.5-VisionTokenizer")
    parser.add_argument("--vision-device", default="cuda:0")
    parser.add_argument("--config", default="configs.example_config_x2i", help="the configuration to take as a base")
    main(load, parser)
