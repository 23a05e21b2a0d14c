"""Pass rates as a person writes them down, and what a call takes: a YAML file.

In: a path, or none for the demo's rates (`demo_rates.yaml` beside this file). Out: a `Declaration`, or one line that says what
is wrong.
"""

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, ValidationError

from pipeline.errors import BuildError, one_line
from pipeline.forecast.paths import ANSWERED
from pipeline.manifest.yaml_text import parse
from pipeline.typed import Strict

Portion = Annotated[float, Field(ge=0, le=1)]
Tokens = Annotated[float, Field(ge=0)]
_SINGLE = frozenset({"direct", "escalates", "step", "final"})


class RatesError(BuildError):
    """Rates cannot be used; the message is one line."""


class Taken(Strict):
    """What one call takes on average; null where nobody knows."""

    input_tokens: Tokens | None = None
    output_tokens: Tokens | None = None
    seconds: float = Field(gt=0)


class DeclaredShares(Strict):
    """Rates that one source, or one generator, has otherwise than the whole; null where it has the same."""

    direct: Portion | None = None
    reflection: tuple[Portion, ...] | None = Field(None, min_length=1)
    escalates: Portion | None = None
    step: Portion | None = None
    final: Portion | None = None


class Declaration(Strict):
    """Pass rates as a person writes them down; `evidence` is how many samples they are worth.

    `reflection` by round, the last one for all rounds after it. `escalates`: of what no round could mend, the share whose
    diagnosed cause climbs on. `step` an attempt at a step, `final` an image that passed its last step, against the original.
    `rates`: those of the chances of all other rungs, by name. `agreement`: two judgements of an image pass the same axes. `steps`:
    how plans are spread over their number of steps. `calls`: what a call of each kind takes.
    `sources` and `generators` beside the default one: what is otherwise there, which `x2i plan --solve` chooses by.
    """

    about: str = Field(min_length=1)
    evidence: float = Field(ge=1)
    refused: Portion = 0.0
    direct: Portion
    reflection: tuple[Portion, ...] = Field(min_length=1)
    escalates: Portion
    step: Portion
    final: Portion
    rates: dict[str, Portion] = Field({})
    agreement: Portion
    steps: dict[Annotated[int, Field(ge=1)], Annotated[float, Field(gt=0)]] = Field(min_length=1)
    calls: dict[str, Taken]
    sources: dict[str, DeclaredShares] = Field({})
    generators: dict[str, DeclaredShares] = Field({})

    def rate(self, chance: str) -> float | None:
        """The declared rate of one of `paths.chances`; None where nobody declares one."""
        if chance in self.rates:
            return self.rates[chance]
        if chance == ANSWERED:
            return 1 - self.refused
        name, _, number = chance.partition(" ")
        if name == "reflection" and number.isdecimal():
            return self.reflection[min(max(int(number), 1), len(self.reflection)) - 1]
        rate: float | None = getattr(self, chance) if chance in _SINGLE else None
        return rate


def declaration(path: Path | None) -> Declaration:
    """The rates in `path`; None takes those of the demo. Raises RatesError."""
    place = files("pipeline.forecast") / "demo_rates.yaml" if path is None else path
    try:
        raw, surprises = parse(place.read_text(encoding="utf-8"))
        if surprises:
            raise RatesError(f"{path}: {'.'.join(map(str, surprises[0].loc))}: {surprises[0].problem}")
        return Declaration.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        problem = f"{where}: {' '.join(first['msg'].split())}"
        raise RatesError(f"{path}: {problem}; pipeline/forecast/demo_rates.yaml is a complete example") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RatesError(f"{path}: {one_line(error)}") from error
