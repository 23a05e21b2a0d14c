"""Folders of image pipelines with random weights, of real size or tiny: Stable Diffusion XL and FLUX.1.

In: an empty folder. Out: the folder, which `from_pretrained` loads. Denoisers and autoencoders have the shapes of the published
models, SDXL also its text encoders. FLUX has small ones between its vocabulary and a transformer of 12 B parameters.
"""

from pathlib import Path
from typing import Any

from benchmarks.engines_gpu.weights import write_weights
from tests.engines.tiny_pipelines import clip_tokenizer, t5_tokenizer

_WEIGHTS = {"diffusers": "diffusion_pytorch_model", "transformers": "model"}


def save_sdxl(folder: Path, tiny: bool) -> Path:
    """A UNet of 2.6 B parameters, text encoders of 0.1 and 0.7 B, an autoencoder; tiny: some thousands."""
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline, UNet2DConditionModel

    width, time = (8, 8) if tiny else (64, 256)
    with torch.device("meta"):
        unet = UNet2DConditionModel(
            sample_size=128,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            block_out_channels=tuple(width * heads for heads in (5, 10, 20)),
            norm_num_groups=width // 2,
            attention_head_dim=(5, 10, 20),
            transformer_layers_per_block=(1, 1, 1) if tiny else (1, 2, 10),
            use_linear_projection=True,
            addition_embed_type="text_time",
            addition_time_embed_dim=time,
            projection_class_embeddings_input_dim=6 * time + (32 if tiny else 1280),
            cross_attention_dim=64 if tiny else 2048,
        )
    pipeline = StableDiffusionXLPipeline(
        unet=unet,
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", timestep_spacing="leading"
        ),
        vae=_autoencoder(4, tiny),
        text_encoder=_clip(768, 12, tiny, projected=False),
        tokenizer=clip_tokenizer(folder / "clip"),
        text_encoder_2=_clip(1280, 32, tiny, projected=True),
        tokenizer_2=clip_tokenizer(folder / "clip"),
        add_watermarker=False,
    )
    return _saved(pipeline, folder, tiny)


def save_flux(folder: Path, tiny: bool) -> Path:
    """A transformer of 12 B parameters, as FLUX.1 has it; tiny: some thousands."""
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
    from transformers import T5Config, T5EncoderModel

    width, words = (16, 32) if tiny else (128, 4096)
    with torch.device("meta"):
        transformer = FluxTransformer2DModel(
            patch_size=1,
            in_channels=64,
            num_layers=1 if tiny else 19,
            num_single_layers=2 if tiny else 38,
            attention_head_dim=width,
            num_attention_heads=2 if tiny else 24,
            joint_attention_dim=words,
            pooled_projection_dim=32 if tiny else 768,
            axes_dims_rope=(4, 6, 6) if tiny else (16, 56, 56),
            guidance_embeds=True,
        )
        t5 = T5Config(vocab_size=128, d_model=words, d_ff=2 * words, d_kv=8, num_layers=2, num_heads=4)
        encoder = T5EncoderModel(t5)
    pipeline = FluxPipeline(
        transformer=transformer,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=3.0, use_dynamic_shifting=True),
        vae=_autoencoder(16, tiny),
        text_encoder=_clip(768, 12, tiny, projected=False),
        tokenizer=clip_tokenizer(folder / "clip"),
        text_encoder_2=encoder,
        tokenizer_2=t5_tokenizer(),
    )
    return _saved(pipeline, folder, tiny)


def _autoencoder(channels: int, tiny: bool) -> Any:
    import torch
    from diffusers import AutoencoderKL

    with torch.device("meta"):
        return AutoencoderKL(
            block_out_channels=(16, 16, 16, 16) if tiny else (128, 256, 512, 512),
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            layers_per_block=1 if tiny else 2,
            latent_channels=channels,
            norm_num_groups=8 if tiny else 32,
            use_quant_conv=channels == 4,
            use_post_quant_conv=channels == 4,
            scaling_factor=0.13025 if channels == 4 else 0.3611,
            shift_factor=None if channels == 4 else 0.1159,
            force_upcast=False,
        )


def _clip(width: int, layers: int, tiny: bool, projected: bool) -> Any:
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=600,
        hidden_size=32 if tiny else width,
        intermediate_size=64 if tiny else 4 * width,
        num_attention_heads=4 if tiny else width // 64,
        num_hidden_layers=2 if tiny else layers,
        max_position_embeddings=77,
        bos_token_id=0,
        eos_token_id=1,
        projection_dim=32 if tiny else width,
        hidden_act="gelu" if projected else "quick_gelu",
    )
    with torch.device("meta"):
        return (CLIPTextModelWithProjection if projected else CLIPTextModel)(config)


def _saved(pipeline: Any, folder: Path, tiny: bool) -> Path:
    """The folder of a pipeline: its index, and each part as its library saves it."""
    pipeline.save_config(folder)
    for name, part in pipeline.components.items():
        if part is None or not hasattr(part, "state_dict") or not hasattr(part, "parameters"):
            if part is not None:
                part.save_pretrained(folder / name)
            continue
        kind = "transformers" if hasattr(part.config, "save_pretrained") else "diffusers"
        (part.config.save_pretrained if kind == "transformers" else part.save_config)(folder / name)
        write_weights(part, folder / name, _WEIGHTS[kind], "float32" if tiny else "bfloat16")
    return folder
