"""Tiny random models of the transformers library, as real folders: one that reads, and two that read and draw.

Their words are single bytes and a few merges. `bias` adds a constant to the logits of tokens, whatever the model sees: the first
coordinate of every embedding is large, survives all layers, and the head reads it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    Emu3Config,
    Emu3ForConditionalGeneration,
    GenerationConfig,
    JanusConfig,
    JanusForConditionalGeneration,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
)

END = "<|im_end|>"
QWEN = ("<|endoftext|>", "<|im_start|>", END, "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>")
TEXTS = ["score the image on instruction consistency quality knowledge, and the reason of each score"] * 4
JUDGE = {**dict.fromkeys("aeot ", 9.0), '"': 7.7, "p": 10.0, "]": 3.0, "t": 9.0, "f": 6.5, "5": 1.0}
"""What a judge of random weights says: words of some letters, lists of few items, demands that are met, every score."""
TURNS = (
    "{{% for m in messages %}}<|im_start|>{{{{ m.role }}}}\n{{% if m.content is string %}}{{{{ m.content }}}}{{% else %}}"
    "{{% for c in m.content %}}{{% if c.type == 'image' %}}{image}{{% else %}}{{{{ c.text }}}}{{% endif %}}{{% endfor %}}"
    "{{% endif %}}<|im_end|>\n{{% endfor %}}{{% if add_generation_prompt %}}<|im_start|>assistant\n{{% endif %}}"
)


def tiny_reader(folder: Path, bias: Mapping[str, float] | None = None, context: int = 16384) -> Path:
    """A Qwen3-VL of 0.4 M parameters: patches of 16 pixels, two by two of them a token."""
    tokens = tokenizer(QWEN, eos_token=END, pad_token=QWEN[0])
    tokens.chat_template = TURNS.format(image="<|vision_start|><|image_pad|><|vision_end|>")
    number = tokens.convert_tokens_to_ids
    config = Qwen3VLConfig(
        text_config={
            "vocab_size": len(tokens),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 32,
            "max_position_embeddings": context,
            "rope_parameters": {
                "rope_type": "default",
                "mrope_section": [6, 5, 5],
                "mrope_interleaved": True,
                "rope_theta": 10000.0,
            },
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 64,
            "patch_size": 16,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "num_position_embeddings": 256,
            "deepstack_visual_indexes": [0],
        },
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    model = Qwen3VLForConditionalGeneration(config)
    biased(model, tokens, bias or {})
    save(model, tokens, folder, eos_token_id=number(END), pad_token_id=number(QWEN[0]))
    named = {"tokenizer_class": "Qwen2TokenizerFast", "image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}
    named |= {"vision_start_token": "<|vision_start|>", "vision_end_token": "<|vision_end|>"}
    merge(folder / "tokenizer_config.json", named)
    pixels = {"patch_size": 16, "merge_size": 2, "temporal_patch_size": 2, "image_mean": [0.5] * 3}
    pixels |= {"image_std": [0.5] * 3, "size": {"shortest_edge": 1024, "longest_edge": 65536}}
    pixels |= {"processor_class": "Qwen3VLProcessor", "image_processor_type": "Qwen2VLImageProcessorFast"}
    pixels |= {"do_rescale": True, "do_normalize": True, "do_resize": True, "do_convert_rgb": True}
    merge(folder / "preprocessor_config.json", pixels)
    merge(
        folder / "video_preprocessor_config.json",
        {"video_processor_type": "Qwen3VLVideoProcessor", "processor_class": "Qwen3VLProcessor"},
    )
    return folder


def tiny_emu3(
    folder: Path, bias: Mapping[str, float] | None = None, texts: Sequence[str] = TEXTS, size: int = 400
) -> Path:
    """An Emu3 that reads and draws: 32 codes, and 8 pixels a token. Its vocabulary of `size` has words of `texts`."""
    visual = [f"<|visual token {n:06d}|>" for n in range(32)]
    named = {"image_token": "<image>", "boi_token": "<|image start|>", "eoi_token": "<|image end|>"}
    named |= {"image_wrapper_token": "<|image token|>", "eof_token": "<|extra_201|>"}
    special = ["<|pad|>", "<|extra_203|>", END, "<|im_start|>", *named.values(), "<|extra_200|>", *visual]
    named_by_role = {"eos_token": END, "pad_token": "<|pad|>", "bos_token": "<|extra_203|>", **named}
    tokens = tokenizer(special, texts, size, **named_by_role)
    tokens.chat_template = TURNS.format(image="<image>")
    vocabulary = {name: tokens.convert_tokens_to_ids(name) for name in special}
    config = Emu3Config(
        text_config={
            "vocab_size": len(tokens),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "max_position_embeddings": 16384,
            "pad_token_id": vocabulary["<|pad|>"],
            "bos_token_id": vocabulary["<|extra_203|>"],
            "eos_token_id": vocabulary[END],
        },
        vq_config={
            "codebook_size": 32,
            "temporal_downsample_factor": 1,
            "base_channels": 32,
            "channel_multiplier": [1, 1, 1, 1],
            "hidden_size": 32,
            "num_res_blocks": 1,
            "attn_resolutions": [],
        },
        vocabulary_map=vocabulary,
    )
    torch.manual_seed(0)
    model = Emu3ForConditionalGeneration(config)
    biased(model, tokens, bias or {})
    save(model, tokens, folder, eos_token_id=vocabulary[END], pad_token_id=vocabulary["<|pad|>"])
    merge(folder / "tokenizer_config.json", {**named, "extra_special_tokens": named})
    pixels = {"image_processor_type": "Emu3ImageProcessor", "processor_class": "Emu3Processor"}
    merge(folder / "preprocessor_config.json", {**pixels, "min_pixels": 32 * 32, "max_pixels": 64 * 64})
    return folder


def tiny_janus(folder: Path) -> Path:
    """A Janus that reads and draws pictures of 64 x 64."""
    named = {"image_token": "<image_placeholder>", "boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>"}
    special = ["<|pad|>", "<|bos|>", END, "<|im_start|>", *named.values()]
    tokens = tokenizer(special, eos_token=END, pad_token="<|pad|>", bos_token="<|bos|>", **named)
    tokens.chat_template = TURNS.format(image="<image_placeholder>")
    number = tokens.convert_tokens_to_ids
    text = LlamaConfig(
        vocab_size=len(tokens),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=8192,
        pad_token_id=number("<|pad|>"),
        bos_token_id=number("<|bos|>"),
        eos_token_id=number(END),
    )
    config = JanusConfig(
        text_config=text,
        vision_config={
            "hidden_size": 32,
            "num_hidden_layers": 1,
            "num_attention_heads": 2,
            "image_size": 64,
            "patch_size": 16,
            "projection_dim": 64,
            "num_image_tokens": 16,
        },
        vq_config={
            "embed_dim": 8,
            "num_embeddings": 64,
            "latent_channels": 32,
            "base_channels": 32,
            "channel_multiplier": [1, 1, 1, 1, 1],
            "num_res_blocks": 1,
            "projection_dim": 64,
            "image_token_embed_dim": 64,
        },
        image_token_id=number("<image_placeholder>"),
        tie_word_embeddings=False,
    )
    torch.manual_seed(0)
    model = JanusForConditionalGeneration(config)
    ends = {"eos_token_id": number(END), "pad_token_id": number("<|pad|>"), "bos_token_id": number("<|bos|>")}
    save(model, tokens, folder, generation_kwargs={"boi_token_id": number("<begin_of_image>")}, **ends)
    merge(folder / "tokenizer_config.json", {**named, "extra_special_tokens": named})
    pixels: dict[str, Any] = {"image_processor_type": "JanusImageProcessor", "processor_class": "JanusProcessor"}
    pixels |= {"size": {"height": 64, "width": 64}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    merge(folder / "preprocessor_config.json", pixels)
    merge(folder / "processor_config.json", {"processor_class": "JanusProcessor", "num_image_tokens": 16})
    return folder


def tokenizer(special: Any, texts: Any = TEXTS, size: Any = 400, **named: str) -> PreTrainedTokenizerFast:
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    raw.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=[AddedToken(name, special=True, normalized=False) for name in special],
            initial_alphabet=alphabet,
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(tokenizer_object=raw, **named)


def biased(model: Any, tokens: PreTrainedTokenizerFast, bias: Mapping[str, float]) -> None:
    with torch.no_grad():
        model.get_input_embeddings().weight[:, 0] = 4.0
        head = model.get_output_embeddings().weight
        head[:, 0] = 0.0
        for text, amount in bias.items():
            for number in tokens.encode(text, add_special_tokens=False):
                head[number, 0] = amount / head.shape[1] ** 0.5  # the last norm leaves the root of the width


def save(model: Any, tokens: PreTrainedTokenizerFast, folder: Path, **generation: Any) -> None:
    model.generation_config = GenerationConfig(**generation)
    model.save_pretrained(folder)
    tokens.save_pretrained(folder)


def merge(path: Path, values: Mapping[str, Any]) -> None:
    before = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**before, **values}), "utf-8")
