"""The appraisal of one intermediate text: how good a reflection, a plan or a sub-task is by itself (SAIR part C, R_s).

In: the models, a sample, the text, and the picture it was written about. Out: an `Appraisal`. It is no event of a trajectory:
builds ask for none, rewards do. A reply that cannot be read is asked for once more with the error shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from stages.asking import follow_up
from stages.calls import Models, start
from stages.errors import Malformed
from stages.identity import call_seed
from stages.protocols import Message, TextRequest
from stages.records import ImageRef, Sample
from stages.replies import appraisal

ThoughtKind = Literal["reflection", "decomposition", "subtask"]
PROMPT = "appraise"


@dataclass(frozen=True, slots=True)
class Appraisal:
    """A score of 1 to 5, and its reason."""

    score: int
    reason: str


async def appraise(
    models: Models,
    sample: Sample,
    kind: ThoughtKind,
    text: str,
    references: Sequence[ImageRef],
    canvas: ImageRef | None,
) -> Appraisal:
    """What the Analyzer says of `text`. `canvas`: the picture that it was written about, None where there was none yet.

    Raises stages.errors.ModelError.
    """
    values = {
        "instruction": sample.instruction,
        "explanation": sample.explanation if models.speech.facts.judges else None,
        "kind": kind,
        "text": text,
        "references": len(references),
        "start": start(references, canvas),
    }
    words = models.prompts.render(PROMPT, **values)
    # by what is judged: the same text about the same picture is the same question, whoever wrote it
    seed = call_seed(models.seed, sample.id, "analyzer", "reward", 1, 1, 1, f"{PROMPT}:{kind}")
    images = (*references, canvas) if canvas else tuple(references)
    request = TextRequest((Message("user", words),), images, "appraisal", seed, 1)
    try:
        return _read((await models.analyzer.ask(request)).text)
    except Malformed as problem:
        shown = models.prompts.render("again", problem=str(problem))
        request = follow_up(request, problem.text or "(an empty reply)", shown)
    return _read((await models.analyzer.ask(replace(request, ordinal=2))).text)


def _read(text: str) -> Appraisal:
    return Appraisal(*appraisal(text))
