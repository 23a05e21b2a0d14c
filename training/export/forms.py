"""The table of forms: what each holds, what it keeps and loses, and who writes it. Manual, `--check` and refusals derive from it.

In: the name of a trainer and of a form. Out: its `ExportForm`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from training.export import pairs, swift, trl, verl, webdataset
from training.export import vocabulary as emu3
from training.export.bagel import plan, stock
from training.export.losses import (
    IMAGE_LOSS,
    JUDGE_ONLY,
    MASKED,
    ONE_REFERENCE,
    OPEN_END,
    PAIR_REFERENCES,
    THOUGHTS,
    TOO_LONG,
    UNSEEN,
    WEIGHTS,
    FormLoss,
)
from training.export.place import ExportPlace
from training.export.problem import ExportProblem

Trainer = Literal["bagel", "ms-swift", "trl", "verl", "webdataset", "pairs", "tokens"]
Product = Literal["sft", "rl", "pairs", "edit_pairs"]
Writer = Callable[[str, Iterable[Any], ExportPlace], int]


def _nothing(_: ExportPlace) -> None:
    """Most forms write nothing beside their splits."""


@dataclass(frozen=True, slots=True)
class ExportForm:
    """A form of one trainer, made of rows of `products`. `write` takes the rows of a split; `finish` writes what concerns all of
    them. `decomposes`: whether it takes single-turn rows, too. `needs_model`: whether it holds the tokens of a model.
    """

    trainer: Trainer
    name: str
    products: tuple[Product, ...]
    keeps: str
    loses: tuple[FormLoss, ...]
    write: Writer
    finish: Callable[[ExportPlace], None] = _nothing
    decomposes: bool = True
    needs_model: bool = False


FORMS: tuple[ExportForm, ...] = (
    ExportForm(
        *("bagel", "plan", ("sft",), "every flag: loss, vae, vit, cfg_drop, next_special, in the shards as they lie"),
        loses=(WEIGHTS, TOO_LONG), write=plan.write, finish=plan.finish, decomposes=False,
    ),
    ExportForm(
        *("bagel", "editing", ("sft",), "the reference, the instruction and the last image, which is trained"),
        loses=(ONE_REFERENCE, THOUGHTS), write=stock.write_editing,
    ),
    ExportForm(
        *("bagel", "thinkmorph", ("sft",), "all images and texts in order, all of them trained"),
        loses=(ONE_REFERENCE, MASKED, WEIGHTS), write=stock.write_thinkmorph,
    ),
    ExportForm(
        *("ms-swift", "sft", ("sft",), "texts, images, `loss` and `loss_scale` of each text; the rest in a column of its own"),
        loses=(IMAGE_LOSS, UNSEEN, OPEN_END), write=swift.write_sft,
    ),
    ExportForm("ms-swift", "grpo", ("rl",), "the prompt, its references, columns for the reward", (), swift.write_grpo),
    ExportForm(
        *("trl", "sft", ("sft",), "with our collator: texts, images and the mask of each; the rest in a column of its own"),
        loses=(WEIGHTS, UNSEEN), write=trl.write_sft,
    ),
    ExportForm("trl", "grpo", ("rl",), "the prompt, its references, columns for the reward", (), trl.write_grpo),
    ExportForm(
        *("trl", "dpo", ("pairs", "edit_pairs"), "instruction, references and both images; which one is better, in words"),
        loses=(JUDGE_ONLY,), write=trl.write_dpo,
    ),
    ExportForm("verl", "rl", ("rl",), "everything: the rows as they are", (), verl.write_rl),
    ExportForm(
        *("verl", "sft", ("sft",), "texts and images in order; the rest in a column of its own"),
        loses=(MASKED, IMAGE_LOSS, WEIGHTS, UNSEEN, OPEN_END), write=verl.write_sft,
    ),
    ExportForm("webdataset", "interleaved", ("sft",), "everything", (), webdataset.write, finish=webdataset.finish),
    ExportForm("pairs", "pick-a-pic", ("pairs",), "instruction, both images, which one is better", (), pairs.write),
    ExportForm(
        *("pairs", "edits", ("edit_pairs",), "the same, and the references beside them"),
        loses=(PAIR_REFERENCES,), write=pairs.write_edits,
    ),
    ExportForm(
        *("tokens", "sft", ("sft",), "texts as tokens, images as codes, with labels and weights; the rest in a column of its own"),
        loses=(), write=emu3.write_sft, needs_model=True,
    ),
)  # fmt: skip


def find_form(trainer: str, name: str | None = None) -> ExportForm:
    """The form of a trainer, by default its first one. Raises ExportProblem, which names what there is."""
    of_trainer = [form for form in FORMS if form.trainer == trainer]
    if not of_trainer:
        known = ", ".join(dict.fromkeys(form.trainer for form in FORMS))
        raise ExportProblem(f"there is no exporter to {trainer}; there are {known}")
    chosen = next((form for form in of_trainer if name is None or form.name == name), None)
    if chosen is None:
        raise ExportProblem(f"{trainer} has no form {name}; it has {', '.join(form.name for form in of_trainer)}")
    return chosen


def table() -> Iterator[str]:
    """The lines of the manual's table."""
    yield "| `--to` | `--form` | from | keeps | rows that lose something |"
    yield "|---|---|---|---|---|"
    for form in FORMS:
        lost = "; ".join(f"those that {loss.words}" for loss in form.loses) or "none"
        yield f"| {form.trainer} | {form.name} | {', '.join(form.products)} | {form.keeps} | {lost} |"
