"""The escalation policy: what counts as a pass, and how far a sample may climb. Data, set in the manifest.

In: values from a manifest. Out: `Policy`, `Judging` and `Thresholds`, immutable. Defaults are those of SAIR (arXiv 2605.14709,
released code for the thresholds).
"""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from stages.makers import DEFAULT, maker
from stages.records import Axis, Cause

Voice = Literal["ask_again", "count", "off"]
Repeat = Literal["yes", "mask_repeat"]


class Thresholds(BaseModel):
    """The least score, 1 to 5, that passes on each axis."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instruction: int = Field(5, ge=1, le=5)
    consistency: int = Field(3, ge=1, le=5)
    quality: int = Field(3, ge=1, le=5)
    knowledge: int = Field(3, ge=1, le=5)

    def of(self, axis: Axis) -> int:
        """The threshold on `axis`."""
        value: int = getattr(self, axis)
        return value


class Judging(BaseModel):
    """How often an image is judged, and by whom; `stages.judging` holds the rules.

    `judgements`: at most so many by the Analyzer. `confirm`: which first verdicts are asked again ("fail": a first pass
    counts at once). `stop_early`: no further judgement once none can change what passes. `second`: a second judge decides
    where the first is on the margin; "always" asks it about every image, "margin" only there.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    judgements: int = Field(3, ge=1, le=9)
    confirm: Literal["both", "fail", "pass"] = "both"
    stop_early: bool = True
    second: Literal["off", "margin", "always"] = "off"

    # with an even number the median could lie between a pass and a failure
    @field_validator("judgements")
    @classmethod
    def _has_a_majority(cls, value: int) -> int:
        if value % 2 == 0:
            raise ValueError(f"{value} judgements may be split evenly; give an odd number")
        return value


class Facts(BaseModel):
    """Who hears the facts that come with a sample (its explanation): the judges, the image models, and the reader of a row.

    A row shows them where a text of it is trained. What judges know and neither image models nor the row do, a trained verdict
    must not rest on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    judges: bool = True
    image_models: bool = True
    row: bool = True

    @model_validator(mode="after")
    def _learnable(self) -> Self:
        if self.judges and not (self.image_models or self.row):
            raise ValueError(
                "judges would go by facts that neither the image models nor the rows hold; set image_models or row to true, "
                "or judges to false"
            )
        return self


class BestOf(BaseModel):
    """How many direct tries the `best_of` rung makes, and by which axes, the weightiest first, the best of them is chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # about as many images as the default ladder takes per accepted sample, so that the two compare
    tries: int = Field(4, ge=1, le=20)
    order: tuple[Axis, ...] = Field(("instruction", "consistency", "knowledge", "quality"), min_length=1)

    @field_validator("order")
    @classmethod
    def _distinct(cls, value: tuple[Axis, ...]) -> tuple[Axis, ...]:
        if len(set(value)) < len(value):
            raise ValueError(f"{', '.join(value)}: an axis is named twice; name each once")
        return value


Rounds = Annotated[
    tuple[Annotated[str, Field(min_length=1)], ...],
    # a name alone is a list of one: it holds for all rounds
    BeforeValidator(
        lambda value: (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value
    ),
    Field(min_length=1),
]
"""Names of generators by round, the last one for all further rounds."""


class Policy(BaseModel):
    """How a sample climbs: the `ladder`, by the names of its rungs or import paths `module:NAME`, and what the rungs go by.

    `thresholds` rule the images of the whole, `step_thresholds` those of the steps. `step_retry`: a failed step is drawn again
    knowing why it failed ("reflect"), or blindly ("redraw"). `unchanged_within`: an image at most so far from what it was made
    from fails without a judge; None compares nothing. `train_words`: the words that an image's own model said with it are trained
    where the image is; else they are context. `options` are those of rungs outside the package, by the rung's
    name. `generators` names the generator that draws in a rung, by the rung's name: one for all its rounds, or one a round, the
    last one for those after it; where a rung is not named, `models.generator` draws.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    ladder: tuple[str, ...] = ("direct", "reflect", "multistep")
    thresholds: Thresholds = Thresholds()
    # faults of quality add up over the steps, so each step has to be cleaner than a whole needs to be
    step_thresholds: Thresholds = Thresholds(quality=4)
    reflection_rounds: int = Field(3, ge=0, le=10)
    # only what was too much at once can be helped by doing less at a time
    escalate_on: tuple[Cause, ...] = ("prompt_too_complex",)
    steps_min: int = Field(2, ge=1, le=10)
    steps_max: int = Field(5, ge=1, le=10)
    step_attempts: int = Field(3, ge=1, le=10)
    step_retry: Literal["reflect", "redraw"] = "reflect"
    multistep_from: Literal["references", "failed"] = "references"
    final_check: bool = True
    # sizes are rounded to what a model can draw: a pixel or two must not fail a sample
    aspect_tolerance: float = Field(0.02, ge=0.0, le=1.0)
    # encoding a picture again stays below this, a change that can be seen does not (stages.likeness)
    unchanged_within: float | None = Field(0.03, ge=0.0, lt=1.0)
    judging: Judging = Judging()
    best_of: BestOf = BestOf()
    # what a stronger generator thinks aloud is no skill of the trainee's, unless somebody says so
    train_words: bool = False
    voice: Voice = "ask_again"
    explanation: Facts = Facts()
    repeat_subtasks: Repeat = "yes"
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    # left out where empty, so that a ladder with one generator is the same ladder as ever
    generators: dict[str, Rounds] = Field(default_factory=dict, exclude_if=lambda value: not value)

    def generator_for(self, rung: str, round_number: int = 1) -> str:
        """The name of the generator that draws in this round of a rung, from 1; `stages.makers.DEFAULT` is the default one."""
        names = self.generators.get(rung, (DEFAULT,))
        return names[min(max(round_number, 1), len(names)) - 1]

    def maker(self, rung: str, round_number: int = 1) -> str:
        """How that generator is called in record, ledger and the ways of a rung: "generator", or "generator.NAME"."""
        return maker(self.generator_for(rung, round_number))

    @property
    def named_generators(self) -> tuple[str, ...]:
        """Every generator but the default one that draws somewhere, once each."""
        names = dict.fromkeys(name for rounds in self.generators.values() for name in rounds)
        return tuple(name for name in names if name != DEFAULT)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.steps_min > self.steps_max:
            raise ValueError(
                f"steps_min {self.steps_min} is above steps_max {self.steps_max}; lower one or raise the other"
            )
        return self
