"""How the modes of a ladder are shown: titles, colours, and the style that a page needs for them.

In: the recipes of the builds on a page, one or several. Out: `ModeLooks`. A mode that stands on several ladders looks as on the
first of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pipeline.manifest.spec import RL
from stages.records import Mode
from stages.rung import ModeStyle, Recipe

ALL = "all"
LOST = ("discarded", "failed")
_OTHERS: Mapping[str, str] = {RL: "RL prompts", "discarded": "Discarded", "failed": "Failed", ALL: "All accepted"}
_PREFIX = "mode-"
"""Keeps the tones and the anchors of modes apart from all others of the page: a mode may be called `on` or `quality`."""


@dataclass(frozen=True)
class ModeLooks:
    """The looks by mode, in the order of the ladders."""

    by_mode: Mapping[Mode, ModeStyle]

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes of all ladders."""
        return tuple(self.by_mode)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What may become of a sample: accepted in a mode, an RL prompt, or lost."""
        return (*self.by_mode, RL, *LOST)

    @cached_property
    def titles(self) -> dict[str, str]:
        """The title of every outcome, and of all accepted samples together."""
        return {mode: look.title for mode, look in self.by_mode.items()} | dict(_OTHERS)

    @cached_property
    def tones(self) -> dict[str, str]:
        """The tone of every outcome, as the classes of the page name it."""
        return {mode: mode_tone(mode) for mode in self.by_mode} | {outcome: outcome for outcome in (RL, *LOST)}

    @property
    def style(self) -> str:
        """The rules that give every mode its colours, for fills and strokes, on light pages, on dark ones and on paper."""
        light, dark = (
            " ".join(f"--{mode_tone(mode)}: {getattr(look, theme)};" for mode, look in self.by_mode.items())
            for theme in ("light", "dark")
        )
        rules = "\n".join(
            f".t-{tone}, .chart .f-{tone} {{ fill: var(--{tone}); }} .chart .s-{tone} {{ stroke: var(--{tone}); }}"
            for tone in map(mode_tone, self.by_mode)
        )
        themes = (
            f":root {{ {light} }}",
            f"@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}",
            f"@media print {{ :root {{ {light} }} }}",
        )
        return "\n".join((*themes, rules, ""))


def mode_looks(*recipes: Recipe) -> ModeLooks:
    """How the modes of these ladders are shown."""
    by_mode: dict[Mode, ModeStyle] = {}
    for recipe in recipes:
        for rung in recipe.rungs:
            by_mode.setdefault(rung.mode, rung.look)
    return ModeLooks(by_mode)


def mode_tone(mode: Mode) -> str:
    """The tone of a mode."""
    return f"{_PREFIX}{mode}"


def is_mode_tone(tone: str) -> bool:
    """Whether a tone is that of a mode, rather than one of the page's own."""
    return tone.startswith(_PREFIX)
