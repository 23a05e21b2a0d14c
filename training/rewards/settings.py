"""What rewards go by: weights, the penalty, and how scores become numbers. Data, set on a command line or in code.

In: values. Out: `RewardSettings`, immutable. Defaults are those of SAIR (arXiv 2605.14709), part C.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Penalty = Literal["multiply", "add", "off"]
Scaling = Literal["quarters", "fifths"]


class TermWeights(BaseModel):
    """How much each term counts in the total: R_total = outcome R_o + format R_f + steps R_s, over the sum of the weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    outcome: float = Field(0.7, ge=0, allow_inf_nan=False)
    format: float = Field(0.1, ge=0, allow_inf_nan=False)
    steps: float = Field(0.2, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _leave_something(self) -> Self:
        # a direct answer has no steps: without the other two nothing would be left of it to score
        if self.outcome + self.format <= 0:
            raise ValueError("outcome and format both weigh nothing; give one of them a weight above 0")
        return self


class RewardSettings(BaseModel):
    """How trajectories of one group are rewarded.

    `scaling`: a score s of 1 to 5 becomes (s - 1) / 4, from 0 to 1 ("quarters"), or s / 5, from 0.2 to 1 ("fifths", the paper's
    weights of 0.05). `penalty`: a competitive trajectory's reward is multiplied by N*/N, or N*/N is added to it, or neither.
    `eps`: competitive is who comes so near to the best of the group. `competitive_requires_pass`: only who passes competes, so
    that a group in which nobody does is not taught to give up early.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    weights: TermWeights = TermWeights()
    scaling: Scaling = "quarters"
    penalty: Penalty = "multiply"
    eps: float = Field(0.05, ge=0, allow_inf_nan=False)
    competitive_requires_pass: bool = False


PAPER = RewardSettings()
