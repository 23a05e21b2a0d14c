"""Emu3 as transformers has it (`Emu3ForConditionalGeneration`): its vocabulary holds the codes of images.

In: its tokenizer; its model and its image processor. Out: its token grammar, and its images as tokens.

    <|image start|> ROWS*COLUMNS <|image token|> (COLUMNS codes, <|extra_200|>) x ROWS <|extra_201|> <|image end|>

as `Emu3Processor` spells it, with 8 pixels a token.
"""

import io
from dataclasses import dataclass
from typing import Any

from training.render.grammar import TokenGrammar
from training.render.hf import HfText, number_of, special_ids, split_lead, turn
from training.render.tokenizers import ImageTokens

LINE_END = "<|extra_200|>"
VISUAL = "<|visual token"
_TURN = ("You are a helpful assistant. USER: ", " ASSISTANT:")
"""The turns of the published model, for a tokenizer without a chat template."""


def emu3_grammar(tokenizer: Any) -> TokenGrammar:
    """The grammar of an Emu3 tokenizer. Raises RenderProblem where it lacks a token."""
    text = HfText(tokenizer)
    before, after = turn(tokenizer, _TURN)
    names, lead = split_lead(f"{tokenizer.bos_token or ''}{before}")
    return TokenGrammar(
        name="emu3",
        text=text,
        begin=(*text.encode_marked(names), *text.encode(lead)),
        answer=tuple(text.encode_marked(after)),
        end=(number_of(tokenizer, tokenizer.eos_token),),
        image_start=number_of(tokenizer, tokenizer.boi_token),
        image_body=number_of(tokenizer, tokenizer.image_wrapper_token),
        line_end=number_of(tokenizer, LINE_END),
        last_line_ends=True,
        frame_end=(number_of(tokenizer, tokenizer.eof_token),),
        image_end=number_of(tokenizer, tokenizer.eoi_token),
        visual=frozenset(n for name, n in tokenizer.get_vocab().items() if name.startswith(VISUAL)),
        special=special_ids(tokenizer),
        lead=lead,
    )


@dataclass(frozen=True)
class Emu3Images:
    """Images by Emu3's own vision tokenizer. `model` is an `Emu3ForConditionalGeneration`, `processor` its `Emu3Processor`."""

    model: Any
    processor: Any

    def encode(self, image_bytes: bytes) -> ImageTokens:
        """See `ImageTokenizer`. Raises ValueError where the image cannot be decoded."""
        import torch
        from PIL import Image

        try:
            picture = Image.open(io.BytesIO(image_bytes)).convert("RGB")
        except OSError as error:
            raise ValueError(f"no image: {error}") from error
        made = self.processor.image_processor(images=[picture], return_tensors="pt")
        height, width = (int(pixels) // self.processor.downsample_ratio for pixels in made["image_sizes"][0])
        pixels = made["pixel_values"].to(self.model.device, self.model.dtype)
        with torch.no_grad():
            ids = self.model.model.get_image_tokens(pixels, made["image_sizes"])
        # each line comes with its end
        grid = ids.reshape(height, width + 1)[:, :-1]
        return ImageTokens(tuple(grid.reshape(-1).tolist()), height, width)

    def decode(self, tokens: ImageTokens) -> bytes:
        """See `ImageTokenizer`."""
        import torch

        line_end = self.model.model.vocabulary_mapping.eol_token_id
        lines = torch.tensor(tokens.grid, device=self.model.device)
        ended = torch.nn.functional.pad(lines, (0, 1), value=line_end).reshape(1, -1)
        # the decoder drops the three tokens that close an image
        ended = torch.nn.functional.pad(ended, (0, 3))
        with torch.no_grad():
            pixels = self.model.model.decode_image_tokens(ended, height=tokens.rows, width=tokens.columns)
        picture = self.processor.postprocess(list(pixels.float()), return_tensors="PIL.Image.Image")["pixel_values"][0]
        out = io.BytesIO()
        picture.save(out, "PNG")
        return out.getvalue()
