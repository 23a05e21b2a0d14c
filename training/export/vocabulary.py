"""The vocabulary of a model by its folder: Emu3 as transformers has it, its vision tokenizer included.

In: a folder with a model and its processor. Out: its grammar and its images as tokens; `write_sft`, which renders with them. Heavy
libraries are imported when a folder is opened.
"""

from collections.abc import Iterable
from pathlib import Path

from training.export import tokens
from training.export.place import ExportPlace
from training.export.problem import ExportProblem
from training.render.emu3 import Emu3Images, emu3_grammar
from training.row import TrainingRow


def write_sft(split: str, rows: Iterable[TrainingRow], place: ExportPlace) -> int:
    """Write the rows of a split as tokens of the model in `place.model`; returns how many. Raises ExportProblem."""
    if place.model is None:
        raise ExportProblem("tokens are those of a model: name its folder with --model")
    return tokens.write(split, rows, place, open_vocabulary(place.model))


def open_vocabulary(folder: Path) -> tokens.Vocabulary:
    """Grammar and images of the model in `folder`. Raises ExportProblem where it is no Emu3, or libraries are missing."""
    if not folder.is_dir():
        raise ExportProblem(
            f"{folder}: there is no such folder; name one that holds an Emu3 of transformers with --model"
        )
    try:
        from transformers import Emu3ForConditionalGeneration, Emu3Processor
    except ImportError as error:
        raise ExportProblem(f"tokens need torch and transformers ({error}); install x2i-ladder[train]") from error
    try:
        model = Emu3ForConditionalGeneration.from_pretrained(folder, local_files_only=True).eval()
        processor = Emu3Processor.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ExportProblem(f"{folder} holds no Emu3 of transformers with its processor ({reason})") from error
    return emu3_grammar(processor.tokenizer), Emu3Images(model, processor)
