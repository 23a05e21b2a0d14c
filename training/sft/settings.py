"""Settings of masked SFT. Defaults are the paper's recipe (SAIR, arXiv 2605.14709), others are said to be ours.

In: values. Out: `SftSettings`, immutable.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class SftSettings(BaseModel):
    """How to train.

    `batch`: rows a step, over all processes; they are packed into sequences of at most `length` tokens (default: as many as the
    model has positions for), which go through the model one by one. `too_long`: what happens to a row that is longer: the run
    fails before its first step, it is cut, or it is left out. `decompose`: an interleaved row is trained as rows of one
    turn each, in the same step. `pixels`: images are scaled to at most so many. The learning rate
    rises over the first `warm_up` of the steps, then falls to `final_learning_rate` by a cosine. `precision`: of the computation;
    weights and AdamW's state are float32. `save_every` is in steps; a checkpoint is written at the end, too. Ours are: weight
    decay, clipping, dropout, packing, decompose, too_long, save_every, keep.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = 0
    epochs: int = Field(1, ge=1)
    batch: int = Field(128, ge=1)
    length: int | None = Field(None, ge=2)
    too_long: Literal["fail", "cut", "leave_out"] = "fail"
    decompose: bool = False
    pixels: int = Field(512 * 512, ge=64)
    learning_rate: float = Field(1e-5, gt=0, allow_inf_nan=False)
    final_learning_rate: float = Field(1e-6, ge=0, allow_inf_nan=False)
    warm_up: float = Field(0.1, ge=0, le=1)
    weight_decay: float = Field(0.0, ge=0, allow_inf_nan=False)
    clip_norm: float = Field(1.0, gt=0)
    dropout: float = Field(0.0, ge=0, lt=1)
    precision: Literal["bf16", "fp32"] = "bf16"
    gradient_checkpointing: bool = True
    packing: bool = True
    save_every: int = Field(500, ge=1)
    keep: int = Field(2, ge=1)
    workers: int = Field(0, ge=0)
