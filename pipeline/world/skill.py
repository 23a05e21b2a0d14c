"""How able a model of the world is. In: a preset's name and overrides from the manifest. Out: a frozen `Skill`.

Rates are probabilities. With n clauses at once a clause goes wrong with min(0.9, slip * n), and the image suffers a side
effect (a neighbour moved, a stray streak) with min(0.9, side * n).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches

WORST = 0.9
PRICES = (0.0, 0.0, 0.25, 0.6, 0.92, 0.97)


@dataclass(frozen=True, slots=True)
class Skill:
    """`slip`, `side`: per clause. `mend`: a fault named in a plan is mended. `price`: scales how often mending breaks
    something else. `error_rate`: a verdict or a diagnosis of the Analyzer is wrong."""

    slip: float = 0.06
    side: float = 0.02
    mend: float = 0.85
    price: float = 1.0
    error_rate: float = 0.03

    def slips(self, clauses: int) -> float:
        """How probably one of so many clauses goes wrong."""
        return min(WORST, self.slip * clauses)

    def sides(self, clauses: int) -> float:
        """How probably an image of so many clauses suffers a side effect."""
        return min(WORST, self.side * clauses)

    def breaks(self, clauses: int) -> float:
        """How probably mending an image of so many clauses breaks something else."""
        return min(1.0, self.price * PRICES[min(clauses, len(PRICES) - 1)])


PRESETS: dict[str, Skill] = {
    "world-baseline": Skill(slip=0.12, side=0.03),
    "world-generator": Skill(),
    "world-analyzer": Skill(),
}


def _nearest(name: str, valid: list[str]) -> str:
    return get_close_matches(name, valid, n=1, cutoff=0.0)[0]


def skill(model: str, options: Mapping[str, float]) -> Skill:
    """The preset `model` with `options` in force. Raises ValueError that names the nearest valid name."""
    if model not in PRESETS:
        raise ValueError(f"the world has no model {model!r}; did you mean {_nearest(model, list(PRESETS))!r}?")
    names = [f.name for f in fields(Skill)]
    for name, value in options.items():
        if name not in names:
            raise ValueError(f"{model} has no option {name!r}; did you mean {_nearest(name, names)!r}?")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise ValueError(f"{model}: option {name!r} is {value!r}; it must be a number from 0 to 1")
    return replace(PRESETS[model], **{name: float(value) for name, value in options.items()})
