"""The abilities and biases of a model. In: a preset's name and overrides from the manifest. Out: a frozen `Skill`.

`ability` is a dial from 0 (hopeless) to 1 (flawless). `curves` derives other rates from it; baseline and generator are two
points on the same curves. An option overrides the rate of its curve. The last options are those of a judge.

With n clauses at once a clause goes wrong with min(0.9, slip * n), and the image suffers a side effect (a neighbour moved or
recoloured, a stray streak) with min(0.9, side * n). Mending an image of n clauses breaks something else with price * PRICES[n].
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Any

from pipeline.backends.world.drawing.styles import PLAIN_STYLE, STYLES

WORST = 0.9
PRICES = (0.0, 0.0, 0.25, 0.6, 0.92, 0.97)


@dataclass(frozen=True, slots=True)
class Skill:
    """Rates and weights from 0 to 1, and the name of a renderer.

    On the curves of `ability`: `slip` and `side` (per clause), `mend` (a fault that a plan names is mended), `price` (scales how
    often mending breaks something else), `physics` (a while later, or a push, goes wrong).

    How a clause goes wrong, as weights among the ways that suit it: `missed`, `attribute` (another colour, size, shape, texture,
    mark or pose), `target` (the wrong thing), `place`, `number`, `text` (misspelt), `identity` (what was taken from a picture
    loses its mark, texture or colour), `ground` (another background or light).

    Of a judge: `error_rate` (a verdict or a diagnosis is wrong), `stubborn` (the share of wrong verdicts that the same judge
    repeats whenever it is asked), `invents` (a flawless image gets a fault), `overlooks` (a fault is missed, each on its own),
    `severe` (an axis scores one point lower, without failing for it), `colour_blind` (wrong colours are missed).

    `style` is the manner in which its images are drawn, one of `drawing.styles.STYLES`.
    """

    name: str
    ability: float
    slip: float
    side: float
    mend: float
    price: float
    physics: float
    missed: float = 0.5
    attribute: float = 0.4
    target: float = 0.2
    place: float = 0.25
    number: float = 0.6
    text: float = 0.6
    identity: float = 0.6
    ground: float = 0.4
    error_rate: float = 0.03
    stubborn: float = 0.2
    invents: float = 0.0
    overlooks: float = 0.0
    severe: float = 0.0
    colour_blind: float = 0.0
    style: str = PLAIN_STYLE

    def slips(self, clauses: int) -> float:
        """The probability that one of `clauses` clauses goes wrong."""
        return min(WORST, self.slip * clauses)

    def sides(self, clauses: int) -> float:
        """The probability that an image of `clauses` clauses suffers a side effect."""
        return min(WORST, self.side * clauses)

    def breaks(self, clauses: int) -> float:
        """The probability that mending an image of `clauses` clauses breaks something else."""
        return min(1.0, self.price * PRICES[min(clauses, len(PRICES) - 1)])


def curves(ability: float) -> dict[str, float]:
    """The rates that follow from an ability of 0 to 1: slips fall with its square, all others in a straight line."""
    lack = 1 - ability
    rates = {
        "slip": 0.30 * lack**2,
        "side": 0.08 * lack**2,
        "mend": 1 - 0.35 * lack,
        "price": min(1.0, 2.5 * lack),
        "physics": 0.9 * lack,
    }
    return {name: round(rate, 4) for name, rate in rates.items()}


def make_skill(name: str, ability: float, **judge: float) -> Skill:
    """A skill of an ability, 0 to 1, with the options of a judge."""
    rates: dict[str, Any] = {**curves(ability), **judge}
    return Skill(name=name, ability=ability, **rates)


PRESETS: dict[str, Skill] = {
    skill.name: skill
    for skill in (
        make_skill("world-baseline", 0.5),
        make_skill("world-generator", 0.6),
        make_skill("world-analyzer", 0.6),
        make_skill("world-analyzer-harsh", 0.6, invents=0.12, severe=0.5),
        make_skill("world-analyzer-lenient", 0.6, overlooks=0.25),
        make_skill("world-analyzer-colour-blind", 0.6, colour_blind=1.0),
        # two points of one curve, so that a cascade has something to gain
        make_skill("world-generator-cheap", 0.5),
        make_skill("world-generator-strong", 0.85),
    )
}
OPTIONS = tuple(f.name for f in fields(Skill) if f.name not in ("name", "style"))
"""The options that are numbers from 0 to 1."""
STYLE = "style"
"""The option that names a renderer."""


def _nearest(name: str, valid: tuple[str, ...]) -> str:
    return get_close_matches(name, valid, n=1, cutoff=0.0)[0]


def skill(model: str, options: Mapping[str, float | str]) -> Skill:
    """The preset `model` with `options` applied. Raises ValueError, which names the nearest valid name."""
    if model not in PRESETS:
        raise ValueError(f"the world has no model {model!r}; did you mean {_nearest(model, tuple(PRESETS))!r}?")
    for name, value in options.items():
        if name != STYLE and name not in OPTIONS:
            raise ValueError(f"{model} has no option {name!r}; did you mean {_nearest(name, (*OPTIONS, STYLE))!r}?")
        if problem := _style_problem(value) if name == STYLE else _rate_problem(value):
            raise ValueError(f"{model}: option {name!r} is {value!r}; {problem}")
    ability = options.get("ability")
    values: dict[str, Any] = {} if ability is None else curves(float(ability))
    values |= {name: value if name == STYLE else float(value) for name, value in options.items()}
    return replace(PRESETS[model], **values)


def _style_problem(value: object) -> str | None:
    return None if isinstance(value, str) and value in STYLES else f"it must be one of {', '.join(STYLES)}"


def _rate_problem(value: object) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return None
    return "it must be a number from 0 to 1"
