"""A tiny Qwen3-VL whose random words come to an end, for vLLM: the one of X2I_VLLM_MODEL with a constant on a judge's letters.

In: a folder. Out: the folder, with weights that `vllm.LLM` loads. See `tests.engines.tiny_vlm`.
"""

import shutil
from pathlib import Path

LOAD = {
    "dtype": "float32",
    "max_model_len": 8192,
    "enforce_eager": True,
    # prompts are never read in parts: for a call with a seed, vLLM cannot do that on a CPU
    "max_num_batched_tokens": 65536,
    "limit_mm_per_prompt": {"image": 8, "video": 0},
    # a model that is let may write blanks for ever
    "structured_outputs_config": {"backend": "xgrammar", "disable_any_whitespace": True},
}


def save_judge(source: Path, folder: Path) -> Path:
    """Copy `source` to `folder`, with a bias on what a judge writes."""
    from transformers import AutoTokenizer, Qwen3VLForConditionalGeneration

    from tests.engines.tiny_vlm import JUDGE, biased

    shutil.copytree(source, folder, dirs_exist_ok=True)
    model = Qwen3VLForConditionalGeneration.from_pretrained(source)
    biased(model, AutoTokenizer.from_pretrained(source), JUDGE)
    model.save_pretrained(folder)
    return folder
