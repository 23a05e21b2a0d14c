"""Which answers of a trained model are well formed (R_f, SAIR part C), and which mode an answer is in.

In: the letters of an answer, and the recipe of the ladder it was trained on. Out: its mode, or what is wrong.

    G +  |  G - (R G -){0,2} R G +  |  G - P (S G E){0,4} S G +        with the numbers of the policy

They are the sentences of the rows, and one form more: in a multi-step answer a step before the last may claim what it will, and
one step is enough, since no failed attempt of a step is pruned from an answer.
"""

from stages.grammar import ANY_VERDICT, FAILED, IMAGE, PASSED, PLAN, SUBTASK, Many, Pattern, fit, spell
from stages.multistep_ways import RUNG
from stages.policy import Policy
from stages.records import Mode
from stages.rung import Recipe


def mode_of(recipe: Recipe, letters: str) -> tuple[Mode | None, str | None]:
    """The mode of an answer with these letters, and None; or None and what is wrong with it."""
    for rung in recipe.rungs:
        if any(fit(form, letters) is not None for form in forms(recipe, rung.mode)):
            return rung.mode, None
    expected = " or ".join(spell(forms(recipe, mode)[-1]) for mode in recipe.modes)
    return None, f"{letters or 'nothing'} is no answer; an answer reads {expected}"


def forms(recipe: Recipe, mode: Mode) -> tuple[Pattern, ...]:
    """The patterns that an answer in this mode may have. Raises LookupError for a mode that the ladder lacks."""
    rung = recipe.of_mode(mode)
    sentence = rung.sentence(recipe.policy)
    return (sentence, _steps(recipe.policy)) if rung.name == RUNG else (sentence,)


def _steps(policy: Policy) -> Pattern:
    step = (SUBTASK, IMAGE, ANY_VERDICT)
    return (IMAGE, FAILED, PLAN, Many(step, 0, policy.steps_max - 1), SUBTASK, IMAGE, PASSED)
