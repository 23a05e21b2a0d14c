"""Why an instruction was never fulfilled. In: nothing. Out: templates by cause; {faults} are those that remain."""

from collections.abc import Mapping
from types import MappingProxyType

EXPLANATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "prompt_too_complex": (
            "the words ask for {changes} at once, and one fault is traded for another: {faults}",
            "{changes} at a time are too many, which shows: {faults}",
            "each of {changes} is within reach, but not all of them together: {faults}",
            "with {changes} to be done at once, something always gives way: {faults}",
        ),
        "missing_knowledge": (
            "nothing shows what {terms} means, although it is explained: {faults}",
            "what {terms} means is not known well enough to be drawn: {faults}",
            "it takes knowledge of {terms}, and that is not shown: {faults}",
            "the meaning of {terms} does not come through: {faults}",
        ),
        "ambiguous_instruction": (
            "the words do not settle what is meant: {faults}",
            "the words can be taken in more ways than one, and so {faults}",
            "it stays open what the words want: {faults}",
            "no picture can do what the words say, for they leave it open: {faults}",
        ),
        "rendering_limit": (
            "the words are clear, and still the picture shows something else: {faults}",
            "nothing about the words is hard, but the drawing does not succeed: {faults}",
            "it is clear what is wanted, and the picture does not get there: {faults}",
            "this is a matter of drawing, not of words: {faults}",
        ),
    }
)
