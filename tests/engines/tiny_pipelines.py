"""Tiny pipelines with random weights, made here and saved as real folders: a Stable Diffusion 3, a FLUX Kontext, a Qwen edit."""

import json
from pathlib import Path
from typing import Any

TEXT = {
    "hidden_size": 32,
    "intermediate_size": 37,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 300,
    "max_position_embeddings": 77,
    "bos_token_id": 0,
    "eos_token_id": 1,
}


def byte_vocabulary(special):
    """Token -> number: the special tokens, then every byte."""
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    letters = list(bytes_to_unicode().values())
    return {token: number for number, token in enumerate([*special, *letters, *(f"{one}</w>" for one in letters)])}


def clip_tokenizer(folder: Path) -> Any:
    """A byte-level CLIP tokenizer."""
    from transformers import CLIPTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(byte_vocabulary(["<|startoftext|>", "<|endoftext|>"])))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def t5_tokenizer() -> Any:
    """A tokenizer of letters, in the form T5's is used."""
    from tokenizers import Tokenizer
    from tokenizers.models import Unigram
    from tokenizers.pre_tokenizers import Metaspace
    from transformers import PreTrainedTokenizerFast

    pieces = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("▁", -2.0)]
    pieces += [(chr(code), -3.0) for code in range(33, 127)]
    inner = Tokenizer(Unigram(pieces, unk_id=2))
    inner.pre_tokenizer = Metaspace()
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, pad_token="<pad>", eos_token="</s>", unk_token="<unk>", model_max_length=64
    )


def t5_encoder():
    """A T5 encoder of two layers."""
    from transformers import T5Config, T5EncoderModel

    return T5EncoderModel(T5Config(vocab_size=128, d_model=32, d_ff=37, d_kv=8, num_layers=2, num_heads=4)).eval()


def autoencoder(channels):
    """A KL autoencoder of two levels: an image of 64 pixels becomes latents of 32."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        sample_size=32,
        in_channels=3,
        out_channels=3,
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        layers_per_block=1,
        latent_channels=channels,
        norm_num_groups=1,
        use_quant_conv=False,
        use_post_quant_conv=False,
        shift_factor=0.0609,
        scaling_factor=1.5035,
    ).eval()


def clip_text(projected):
    """A CLIP text encoder, with a projection or without."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(**{**TEXT, "vocab_size": 600}, hidden_act="gelu", projection_dim=32)
    return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config).eval()


def save_sd3(folder):
    """A text-to-image pipeline in the style of Stable Diffusion 3."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, SD3Transformer2DModel, StableDiffusion3Pipeline

    torch.manual_seed(0)
    transformer = SD3Transformer2DModel(
        sample_size=32,
        patch_size=1,
        in_channels=4,
        num_layers=1,
        attention_head_dim=8,
        num_attention_heads=4,
        joint_attention_dim=32,
        caption_projection_dim=32,
        pooled_projection_dim=64,
        out_channels=4,
    )
    StableDiffusion3Pipeline(
        transformer=transformer.eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=autoencoder(4),
        text_encoder=clip_text(True),
        tokenizer=clip_tokenizer(folder / "clip"),
        text_encoder_2=clip_text(True),
        tokenizer_2=clip_tokenizer(folder / "clip"),
        text_encoder_3=t5_encoder(),
        tokenizer_3=t5_tokenizer(),
    ).save_pretrained(folder)
    return folder


def save_kontext(folder):
    """An editing pipeline in the style of FLUX Kontext."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxKontextPipeline, FluxTransformer2DModel

    torch.manual_seed(0)
    transformer = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=[4, 4, 8],
        guidance_embeds=True,
    )
    FluxKontextPipeline(
        transformer=transformer.eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        vae=autoencoder(1),
        text_encoder=clip_text(False),
        tokenizer=clip_tokenizer(folder / "clip"),
        text_encoder_2=t5_encoder(),
        tokenizer_2=t5_tokenizer(),
    ).save_pretrained(folder)
    return folder


def save_qwen_edit(folder, several=True):
    """An editing pipeline in the style of Qwen-Image-Edit, for one image, or for several (Plus)."""
    import torch
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageEditPipeline,
        QwenImageEditPlusPipeline,
        QwenImageTransformer2DModel,
    )
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(0)
    tokenizer = qwen_tokenizer(folder / "qwen")
    number = tokenizer.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "vocab_size": len(tokenizer),
            "max_position_embeddings": 4096,
            "rope_parameters": {
                "type": "default",
                "rope_type": "default",
                "mrope_section": [1, 1, 2],
                "rope_theta": 1e6,
            },
            "pad_token_id": number("<|endoftext|>"),
        },
        vision_config={
            "depth": 2,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "fullatt_block_indexes": [1],
        },
        image_token_id=number("<|image_pad|>"),
        video_token_id=number("<|video_pad|>"),
        vision_start_token_id=number("<|vision_start|>"),
        vision_end_token_id=number("<|vision_end|>"),
    )
    transformer = QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=16,
        out_channels=4,
        num_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        guidance_embeds=False,
        axes_dims_rope=(8, 4, 4),
    )
    vae = AutoencoderKLQwenImage(
        base_dim=4,
        z_dim=4,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        latents_mean=[0.0] * 4,
        latents_std=[1.0] * 4,
    )
    kind = QwenImageEditPlusPipeline if several else QwenImageEditPipeline
    kind(
        transformer=transformer.eval(),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
        vae=vae.eval(),
        text_encoder=Qwen2_5_VLForConditionalGeneration(config).eval(),
        tokenizer=tokenizer,
        processor=qwen_processor(tokenizer),
    ).save_pretrained(folder)
    return folder


def qwen_tokenizer(folder):
    """A byte-level tokenizer with the marks of Qwen2.5-VL."""
    from transformers import Qwen2Tokenizer

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]
    special += ["<|video_pad|>"]
    folder.mkdir(parents=True, exist_ok=True)
    plain = [token for token in byte_vocabulary([]) if not token.endswith("</w>")]
    (folder / "vocab.json").write_text(json.dumps({token: number for number, token in enumerate(plain)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    tokenizer = Qwen2Tokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"))
    tokenizer.add_special_tokens({"additional_special_tokens": special})
    return tokenizer


def qwen_processor(tokenizer):
    """The processor of Qwen2-VL for pictures of few pixels; without its part for videos, which would need torchvision."""
    from transformers import Qwen2VLImageProcessorPil, Qwen2VLProcessor

    pictures_only = {
        "__module__": Qwen2VLProcessor.__module__,  # a pipeline's index names the library by it
        "get_attributes": classmethod(lambda _: ["image_processor", "tokenizer"]),
    }
    kind = type("Qwen2VLProcessor", (Qwen2VLProcessor,), pictures_only)
    return kind(Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 4), tokenizer)
