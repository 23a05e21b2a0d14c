"""A folder of a Qwen3-VL with random weights, of the shape of the 8 B model or tiny.

In: an empty folder. Out: the folder, which `from_pretrained` loads. Its tokenizer is a small one of bytes and a few merges; the
tables of words and the head are as wide as those of the published model.
"""

from pathlib import Path

from benchmarks.engines_gpu.weights import write_weights
from tests.engines.tiny_vlm import tiny_reader

_TEXT = {
    "vocab_size": 151936,
    "hidden_size": 4096,
    "intermediate_size": 12288,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 16384,
    "rope_parameters": {
        "rope_type": "default",
        "mrope_section": [24, 20, 20],
        "mrope_interleaved": True,
        "rope_theta": 5e6,
    },
}
_VISION = {
    "depth": 27,
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_heads": 16,
    "out_hidden_size": 4096,
    "num_position_embeddings": 2304,
    "deepstack_visual_indexes": [8, 16, 24],
}


def save_reader(folder: Path, tiny: bool) -> Path:
    """8.8 B parameters in bfloat16; tiny: 0.4 M in float32, and a picture is 64 tokens as it is there."""
    import torch
    from transformers import AutoConfig, Qwen3VLForConditionalGeneration

    tiny_reader(folder)  # its tokenizer, its processor and the numbers of its marks
    if tiny:
        return folder
    config = AutoConfig.from_pretrained(folder)
    for part, values in ((config.text_config, _TEXT), (config.vision_config, _VISION)):
        for name, value in values.items():
            setattr(part, name, value)
    (folder / "model.safetensors").unlink()
    config.save_pretrained(folder)
    config = AutoConfig.from_pretrained(folder)
    with torch.device("meta"):
        model = Qwen3VLForConditionalGeneration(config)
    write_weights(model, folder, "model", "bfloat16")
    return folder
