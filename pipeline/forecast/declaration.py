"""Pass rates as a person writes them down, and what a call takes: a YAML file.

In: a path, or none for the demo's rates (`demo_rates.yaml` beside this file). Out: a `Declaration`, or one line that says what
is wrong.
"""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import Field, ValidationError

from pipeline.errors import BuildError, one_line
from pipeline.typed import Strict

Kind = Literal["image", "evaluation", "reflection", "diagnosis", "plan"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Share = Annotated[float, Field(ge=0, le=1)]
Tokens = Annotated[float, Field(ge=0)]


class RatesError(BuildError):
    """Rates cannot be used; the message is one line."""


class Taken(Strict):
    """What one call takes on average; null where nobody knows."""

    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    seconds: float = Field(gt=0)


class Declaration(Strict):
    """Pass rates as a person writes them down; `evidence` is how many samples they are worth.

    `reflection` by round, the last one for all rounds after it. `escalates`: of what no round could mend, the share whose
    diagnosed cause climbs on. `step` an attempt at a step, `final` an image that passed its last step, against the original.
    `agreement`: two judgements of an image pass the same axes. `steps`: how plans are spread over their number of steps.
    """

    about: str = Field(min_length=1)
    evidence: float = Field(ge=1)
    refused: Share = 0.0
    direct: Share
    reflection: tuple[Share, ...] = Field(min_length=1)
    escalates: Share
    step: Share
    final: Share
    agreement: Share
    steps: dict[Annotated[int, Field(ge=1)], Annotated[float, Field(gt=0)]] = Field(min_length=1)
    calls: dict[Kind, Taken]

    def rate(self, chance: str) -> float:
        """The declared rate of one of `paths.chances`."""
        if chance == "answered":
            return 1 - self.refused
        kind, _, number = chance.partition(" ")
        if kind == "reflection":
            return self.reflection[min(int(number), len(self.reflection)) - 1]
        rate: float = getattr(self, chance)
        return rate


def declaration(path: Path | None) -> Declaration:
    """The rates in `path`; None takes those of the demo. Raises RatesError."""
    place = files("pipeline.forecast") / "demo_rates.yaml" if path is None else path
    try:
        raw = yaml.safe_load(place.read_text(encoding="utf-8"))
        found = Declaration.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        told = f"{where}: {' '.join(first['msg'].split())}"
        raise RatesError(f"{path}: {told}; pipeline/forecast/demo_rates.yaml is a complete example") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RatesError(f"{path}: {one_line(error)}") from error
    if missing := [kind for kind in KINDS if kind not in found.calls]:
        raise RatesError(f"{path}: calls: {', '.join(missing)} missing; say what such a call takes")
    return found
