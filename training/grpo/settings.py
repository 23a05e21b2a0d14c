"""Settings of GRPO. Group, temperature, KL and learning rate are the paper's (SAIR, arXiv 2605.14709); others are ours.

In: values. Out: `GrpoSettings`, immutable.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from training.rewards.settings import PAPER, RewardSettings


class GrpoSettings(BaseModel):
    """How to train.

    A step takes `prompts` prompts, samples `group` answers to each, and makes `updates` passes over them. `clip`: how far the
    ratio of new to old probability may move. `kl`: the weight of the distance to the frozen reference. An answer has at most
    `max_tokens` tokens; longer ones are not ended, which is malformed. `sampled_together` answers are sampled at once, and
    sequences of at most `length` tokens are trained at once (default: as many as the model has positions for): both bound the
    memory. `steps` ends the run earlier than `epochs` would.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    epochs: int = Field(1, ge=1)
    steps: int | None = Field(None, ge=1)
    prompts: int = Field(16, ge=1)
    group: int = Field(8, ge=2)
    temperature: float = Field(1.0, gt=0, allow_inf_nan=False)
    max_tokens: int = Field(8192, ge=1)
    pixels: int = Field(512 * 512, ge=64)
    kl: float = Field(1e-2, ge=0, allow_inf_nan=False)
    clip: float = Field(0.2, gt=0, lt=1)
    updates: int = Field(1, ge=1)
    learning_rate: float = Field(1e-6, gt=0, allow_inf_nan=False)
    weight_decay: float = Field(0.0, ge=0, allow_inf_nan=False)
    clip_norm: float = Field(1.0, gt=0)
    rewards: RewardSettings = PAPER
    precision: Literal["bf16", "fp32"] = "bf16"
    gradient_checkpointing: bool = True
    sampled_together: int = Field(64, ge=1)
    length: int | None = Field(None, ge=2)
    save_every: int = Field(50, ge=1)
    keep: int = Field(2, ge=1)
