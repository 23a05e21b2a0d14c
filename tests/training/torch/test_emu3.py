"""Emu3 as transformers has it: rows are spelled and sized as by its own processor, and its forward takes both alike."""

import io
import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import Emu3ForConditionalGeneration, Emu3Processor
from transformers.models.emu3.image_processing_emu3 import smart_resize

from tests.engines.tiny_vlm import tiny_emu3
from tests.training.rows import RECIPE, climbed
from training.render.emu3 import Emu3Images, emu3_grammar
from training.render.estimates import emu3_size, image_tokens_at
from training.render.parse import parse
from training.render.render import render
from training.render.rendered import RenderProblem
from training.render.restore import restore
from training.render.tokenizers import ImageTokens

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny_emu3(tmp_path_factory.mktemp("emu3"))


@pytest.fixture(scope="module")
def model(folder):
    return Emu3ForConditionalGeneration.from_pretrained(folder).eval()


@pytest.fixture(scope="module")
def processor(folder):
    return Emu3Processor.from_pretrained(folder)


def pictures(row):
    return [Image.open(io.BytesIO(cell.bytes)).convert("RGB") for cell in row.images]


@pytest.mark.parametrize("references", [0, 1, 3])
@pytest.mark.parametrize("template", ["own", "none"])
def test_the_users_turn_is_what_the_processor_makes_of_it(model, processor, references, template):
    row = climbed("direct", references=references, instruction="Give the cat a hat: now.")
    own = processor.tokenizer.chat_template
    if template == "none":
        processor.tokenizer.chat_template = None
    try:
        grammar, images = emu3_grammar(processor.tokenizer), Emu3Images(model, processor)
    finally:
        processor.tokenizer.chat_template = own
    words = f"{'<image>' * references}{row.instruction}"
    if template == "own":
        content = [{"type": "image"}] * references + [{"type": "text", "text": row.instruction}]
        text = processor.tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
    else:
        text = f"You are a helpful assistant. USER: {words} ASSISTANT:"
    shown = pictures(row)[:references]
    made = processor(images=shown or None, text=text, return_tensors="pt")
    ids = made["input_ids"].clone()
    if references:
        codes = model.model.get_image_tokens(made["pixel_values"], made["image_sizes"])
        ids[ids == processor.image_token_id] = codes.long()
    tokens = [images.encode(cell.bytes) for cell in row.images[:references]]
    assert ids[0].tolist() == grammar.turn(tokens, row.instruction)
    rendered = render(row, grammar, images)
    assert ids[0].tolist() == rendered.input_ids[: ids.shape[1]].tolist()
    with torch.no_grad():
        theirs = model(**made).logits[0]
        ours = model(input_ids=torch.tensor(rendered.input_ids[: ids.shape[1]])[None]).logits[0]
    assert torch.allclose(theirs, ours, atol=1e-5)


@pytest.mark.parametrize("mode", RECIPE.modes)
def test_a_row_comes_back_from_its_tokens(model, processor, mode):
    grammar, images = emu3_grammar(processor.tokenizer), Emu3Images(model, processor)
    row = climbed(mode, instruction="schön — 喵 <b>", dialect="think")
    rendered = render(row, grammar, images)
    tokens = {n: images.encode(cell.bytes) for n, cell in enumerate(row.images)}
    assert restore(rendered, row, grammar, tokens) == row
    answer = parse(rendered.input_ids, images, grammar)
    assert answer.problem is None
    assert all(Image.open(io.BytesIO(one)).format == "PNG" for one in answer.images)


def test_names_of_special_tokens_in_words_are_words(model, processor):
    grammar, images = emu3_grammar(processor.tokenizer), Emu3Images(model, processor)
    row = climbed("direct")
    words = "say <|im_end|> and <|image start|>2*2<|visual token 000001|><image>"
    named = replace(row, segments=tuple(replace(s, text=words) if s.kind == "instruction" else s for s in row.segments))
    rendered = render(named, grammar, images)
    span = rendered.spans[1]
    assert grammar.text.decode(rendered.input_ids[span.start : span.stop]) == words
    assert not grammar.reserved & set(rendered.input_ids[span.start : span.stop].tolist())


def test_a_tokenizer_without_the_tokens_of_images_is_refused(processor):
    class Bare:
        bos_token, eos_token, chat_template, all_special_ids = "<s>", "</s>", None, ()
        boi_token = image_wrapper_token = eoi_token = eof_token = "<|image start|>"

        def get_vocab(self):
            return {"</s>": 1}

        def encode(self, text, **_):
            return [0]

    with pytest.raises(RenderProblem, match=r"has no token <\|image start\|>"):
        emu3_grammar(Bare())


def test_sizes_are_the_processors_own():
    rng = random.Random(5)
    for _ in range(300):
        size = (rng.randint(40, 3000), rng.randint(40, 3000))
        high, wide = smart_resize(size[1], size[0], 8, 512 * 512, 1024 * 1024)
        assert emu3_size(size) == (wide, high)


def test_an_estimate_is_the_number_of_tokens(model, processor):
    grammar, images = emu3_grammar(processor.tokenizer), Emu3Images(model, processor)
    big = Image.fromarray(np.zeros((520, 700, 3), np.uint8))
    out = io.BytesIO()
    big.save(out, "PNG")
    processor.image_processor.min_pixels, processor.image_processor.max_pixels = 512 * 512, 1024 * 1024
    try:
        assert len(grammar.image(images.encode(out.getvalue()))) == image_tokens_at("emu3", big.size)
    finally:
        processor.image_processor.min_pixels, processor.image_processor.max_pixels = 32 * 32, 64 * 64


def test_a_template_for_plain_words_serves_and_one_without_them_is_refused(model, processor):
    own = processor.tokenizer.chat_template
    row = climbed("direct", references=0)
    try:
        processor.tokenizer.chat_template = "{% for m in messages %}U: {{ m.content }} A:{% endfor %}"
        grammar = emu3_grammar(processor.tokenizer)
        assert grammar.text.decode(grammar.turn([], row.instruction)) == f"<|extra_203|>U: {row.instruction} A:"
        processor.tokenizer.chat_template = "{{ messages | length }}"
        with pytest.raises(RenderProblem, match="leaves the user's words out"):
            emu3_grammar(processor.tokenizer)
    finally:
        processor.tokenizer.chat_template = own


@pytest.mark.parametrize("size", [(1, 7), (9, 2)])
def test_an_image_of_any_size_that_a_model_writes_is_decoded(model, processor, size):
    rows, columns = size
    grammar, images = emu3_grammar(processor.tokenizer), Emu3Images(model, processor)
    codes = sorted(grammar.visual)[: rows * columns]
    picture = Image.open(io.BytesIO(images.decode(ImageTokens(tuple(codes), rows, columns))))
    assert picture.size == (8 * columns, 8 * rows)


def test_an_image_that_the_model_cannot_decode_is_named(model, processor):
    """A single token is too little for norms whose groups have one channel, as this tiny model's have."""
    grammar, images = emu3_grammar(processor.tokenizer), Emu3Images(model, processor)
    ids = [*grammar.image(ImageTokens((min(grammar.visual),), 1, 1)), *grammar.end]
    answer = parse(ids, images, grammar)
    assert answer.problem.startswith("token 0: the image that begins here cannot be decoded")
