"""Pictures by models that also read: words first where they are asked for, then the tokens of a picture.

In: prompts of one size. Out: a picture for each, or what went wrong with it. Which model draws how is `FAMILIES`' affair.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch
from PIL import Image

from pipeline.backends.transformers import emu3, janus
from pipeline.backends.transformers.asking import Question, Spoken, answers, not_finite, tokens_of
from pipeline.backends.transformers.choosing import Chooser, Sampling
from pipeline.backends.transformers.loading import Weights
from pipeline.backends.transformers.options import TransformersOptions
from pipeline.backends.transformers.prompts import Prompt, readable
from stages.errors import EngineDead, ModelError
from stages.protocols import TokenLogprob, Usage

FAMILIES: dict[str, ModuleType] = {"emu3": emu3, "janus": janus}
"""What the library calls a kind of model -> how it draws: `paint` takes the inputs, (width, height) and who chooses, and gives the
tokens drawn and pictures as tensors (colour, height, width)."""


@dataclass(frozen=True)
class Drawing:
    """A picture to draw, `width` x `height` pixels."""

    prompt: Prompt
    width: int
    height: int
    seed: int


@dataclass(frozen=True)
class Drawn:
    """A picture, and the words before it."""

    picture: Image.Image
    text: str | None
    tokens: tuple[TokenLogprob, ...]
    usage: Usage


def drawings(weights: Weights, options: TransformersOptions, asked: Sequence[Drawing]) -> list[Drawn | ModelError]:
    """A picture for each, or its error; all are of one size and have equally many pictures. Raises torch's errors."""
    family = FAMILIES.get(weights.family)
    if family is None:
        raise EngineDead(f"transformers: {weights.name} ({weights.family}) draws no pictures; {', '.join(FAMILIES)} do")
    results: dict[int, Drawn | ModelError] = {}
    fit = list(range(len(asked)))
    if not family.TAKES_PICTURES:
        words_only = ModelError(
            f"{weights.name}: {weights.family} draws from words alone, and the request has pictures"
        )
        results |= {n: words_only for n in fit if asked[n].prompt.pictures}
    size = asked[0].width, asked[0].height
    room = family.room(weights, size) + options.words
    fit = [n for n in fit if n not in results]
    inputs, kept, problems = readable(weights, options, [asked[n].prompt for n in fit], room) if fit else (None, [], {})
    results |= {fit[n]: error for n, error in problems.items()}
    kept = [fit[n] for n in kept]
    spoken = _spoken(weights, options, [asked[n] for n in kept])
    results |= {n: reply for n, reply in zip(kept, spoken, strict=True) if isinstance(reply, ModelError)}
    if any(n in results for n in kept):
        # few do: those that are left are read again without them
        kept = [n for n in kept if n not in results]
        inputs, *_ = readable(weights, options, [asked[n].prompt for n in kept], room) if kept else (None,)
    if kept:
        replies = [reply for reply in spoken if isinstance(reply, Spoken)]
        results |= zip(kept, _painted(weights, options, inputs, [asked[n] for n in kept], replies), strict=True)
    return [results[n] for n in range(len(asked))]


def _spoken(weights: Weights, options: TransformersOptions, asked: Sequence[Drawing]) -> list[Spoken | ModelError]:
    if not options.words:
        return [Spoken("", (), (), Usage(0, 0), False)] * len(asked)
    questions = [Question(drawing.prompt, drawing.seed) for drawing in asked]
    return answers(weights, options, questions, options.words) if questions else []


def _painted(
    weights: Weights, options: TransformersOptions, inputs: Any, asked: Sequence[Drawing], replies: Sequence[Spoken]
) -> list[Drawn | ModelError]:
    size = asked[0].width, asked[0].height
    family = FAMILIES[weights.family]
    read = inputs["attention_mask"].sum(-1).tolist()
    # without the token that ends a reply
    words = [[number for number in answer.numbers if number not in weights.ends] for answer in replies]
    begun = _begun(weights, inputs, words, family.opening(weights, size))
    sampling = Sampling(options.draw_temperature, 1.0, options.draw_top_k)
    chooser = Chooser(sampling, [drawing.seed for drawing in asked], ())
    with torch.inference_mode():
        numbers, pixels = family.paint(weights, options, begun, size, chooser)
    results: list[Drawn | ModelError] = []
    for row, answer in enumerate(replies):
        codes = numbers[row].tolist()
        usage = Usage(read[row], len(answer.numbers) + len(codes))
        if chooser.broken[row] or not bool(torch.isfinite(pixels[row]).all()):
            results.append(not_finite(weights, usage))
            continue
        names = family.names(weights, codes) if options.logprobs else ()
        drawn = tuple(TokenLogprob(*token) for token in zip(names, chooser.logprobs[row], codes, strict=False))
        spoken = tokens_of(weights, answer.numbers, answer.logprobs) if options.logprobs else ()
        results.append(Drawn(_picture(weights, pixels[row]), answer.text or None, (*spoken, *drawn), usage))
    return results


def _picture(weights: Weights, pixels: Any) -> Image.Image:
    made = weights.processor.postprocess([pixels.cpu()], return_tensors="PIL.Image.Image")
    picture: Image.Image = made["pixel_values"][0]
    return picture


def _begun(weights: Weights, inputs: Any, spoken: Sequence[list[int]], opening: Sequence[int]) -> dict[str, Any]:
    """The inputs with what was said and the opening of a picture behind each, padded on the left again."""
    rows = [
        [*ids[mask.bool()].tolist(), *words, *opening]
        for ids, mask, words in zip(inputs["input_ids"], inputs["attention_mask"], spoken, strict=True)
    ]
    longest = max(map(len, rows))
    pad, device = weights.tokenizer.pad_token_id, inputs["input_ids"].device
    ids = torch.tensor([[pad] * (longest - len(row)) + row for row in rows], device=device)
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows], device=device)
    return {**inputs, "input_ids": ids, "attention_mask": mask}
