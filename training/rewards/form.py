"""R_f: whether the structure of an answer is valid.

In: the letters of an answer (`stages.grammar`), and the patterns that are valid. Out: yes or no. The paper's three modes:

    direct      G +
    reflection  G - (R G E)1..3, of which only the last E passes
    multistep   G - P (S G E)1..5, of which the last E passes
"""

from collections.abc import Sequence

from stages.grammar import ANY_VERDICT, FAILED, IMAGE, PASSED, PLAN, REFLECTION, SUBTASK, Many, Pattern, fit
from stages.rung import Recipe

THOUGHTS = "RPS"
"""Letters of the intermediate texts: reflections, plans, sub-tasks."""

PAPER_MODES: dict[str, Pattern] = {
    "direct": (IMAGE, PASSED),
    "reflection": (IMAGE, FAILED, Many((REFLECTION, IMAGE, FAILED), 0, 2), REFLECTION, IMAGE, PASSED),
    "multistep": (IMAGE, FAILED, PLAN, Many((SUBTASK, IMAGE, ANY_VERDICT), 0, 4), SUBTASK, IMAGE, PASSED),
}
PAPER_GRAMMAR: tuple[Pattern, ...] = tuple(PAPER_MODES.values())


def grammar_of(recipe: Recipe) -> tuple[Pattern, ...]:
    """The patterns that are valid on a ladder: the paper's for its modes, the sentence of the row for any other mode."""
    return tuple(PAPER_MODES.get(rung.mode) or rung.sentence(recipe.policy) for rung in recipe.rungs)


def is_valid(letters: str, grammar: Sequence[Pattern] = PAPER_GRAMMAR) -> bool:
    """Whether `letters` are a whole answer."""
    return any(fit(pattern, letters) is not None for pattern in grammar)
