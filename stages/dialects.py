"""How a typed record reads as text, in two dialects of one neutral record.

In: a payload, and where it stands. Out: the text of a segment. `paper`: plain labels, each axis ending in a tick or a cross.
`think`: the same thoughts inside a think block. Either can be rendered again from the payload at any time.
"""

from typing import Literal

from stages.records import AXES, AxisScore, Diagnosis, Evaluation, Likelihood, Payload, Plan, Reflection, Step, Words

Dialect = Literal["paper", "think"]

TICK, CROSS = "✓", "✗"

_REFLECT, _FAILURE, _PLAN = "Start Reflective Editing", "Failure Analysis", "Improvement Plan"
_DECOMPOSE = "Start Multi-Step Editing"
LABELS = (
    *(f"Evaluate {axis.capitalize()}" for axis in AXES),
    _REFLECT,
    _FAILURE,
    _PLAN,
    _DECOMPOSE,
    "Step 1 Instruction",
    "think",
)
"""Every label of the dialects, without its angle brackets; 1 stands for any number."""


def render(payload: Payload, dialect: Dialect, index: int) -> str:
    """The text of a segment. `index` is the paper's subscript (S_2 is step 1). Raises TypeError for a diagnosis or a likelihood."""
    # the think dialect wraps the same words, so that both teach the same thoughts
    text = _text(payload, index)
    return text if dialect == "paper" else f"<think>{text}</think>"


def given(instruction: str, facts: str | None) -> str:
    """The user's words: the instruction, and the facts that come with it where the reader is to know them."""
    return instruction if facts is None else f"{instruction}\nFacts: {facts}"


def _text(payload: Payload, index: int) -> str:
    match payload:
        case Evaluation():
            return "\n".join(_axis(a) for a in payload.axes)
        case Reflection():
            return f"<{_REFLECT}>:\n<{_FAILURE}>: {payload.failure_analysis}\n<{_PLAN}>: {payload.improvement_plan}"
        case Plan():
            steps = "\n".join(f"{n}. {step}" for n, step in enumerate(payload.steps, start=1))
            return f"<{_DECOMPOSE}>: {payload.rationale}\n{steps}"
        case Step():
            return f"<Step {index - 1} Instruction>: {payload.instruction}"
        case Words():
            return payload.text
        case Diagnosis() | Likelihood():
            # they decide about the data set, they are no skill to be learned
            raise TypeError(f"a {payload.type} is never shown to the trained model")


def _axis(a: AxisScore) -> str:
    words = [f"<Evaluate {a.axis.capitalize()}>:", a.reason, TICK if a.passed else CROSS]
    return " ".join(filter(None, words))  # a judge that gives no reason gets no words put into its mouth
