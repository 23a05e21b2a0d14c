"""What a form may lose of a row, and which rows it would lose it of.

In: the columns of a row, without its images. Out: `FormLoss`es: the words of `--check`, of refusals and of the manual, each beside
the predicate that counts the rows it holds for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from training.render.bagel import plan_of
from training.render.estimates import BAGEL_CAP, estimate
from training.render.rendered import RenderProblem
from training.row import read_row

Columns = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FormLoss:
    """Something that a form does not keep. `words` continue "78 of 182 rows": what is true of them, and what becomes of it."""

    name: str
    words: str
    affects: Callable[[Columns], bool]


def _masked(row: Columns) -> bool:
    return any(s["role"] == "assistant" and not s["loss"] for s in row["segments"])


def _trained_image(row: Columns) -> bool:
    return any(s["type"] == "image" and s["loss"] for s in row["segments"])


def _weighted(row: Columns) -> bool:
    return any(s["loss"] not in (0, 1) for s in row["segments"])


def _unseen(row: Columns) -> bool:
    shown = {s["image_index"] for s in row["segments"] if s["type"] == "image"}
    return len(shown) < int(row["n_images"])


def _open(row: Columns) -> bool:
    return bool(row["segments"][-1]["next_special"] != "end")


def _references(row: Columns) -> int:
    return sum(s["kind"] == "reference" for s in row["segments"])


def _not_one_reference(row: Columns) -> bool:
    return _references(row) != 1


def _thoughts(row: Columns) -> bool:
    return [s["role"] for s in row["segments"]].count("assistant") > 1


def _pair_references(row: Columns) -> bool:
    return len(row["references_sha256"]) > 0


def _any(_: Columns) -> bool:
    return True


def too_long(cap: int) -> FormLoss:
    """Rows that BAGEL would leave out with this `max_num_tokens_per_sample`, by an estimate of their tokens."""

    def affects(row: Columns) -> bool:
        # tokens follow from sizes and texts: no image is read
        blank = [{"bytes": b"", "path": None}] * row["n_images"]
        whole = read_row({**row, "images": blank}, row["id"])
        try:
            plan_of(whole)
        except RenderProblem:
            return False
        return estimate(whole, "bagel").tokens > cap

    words = (
        f"have more than {cap} tokens: BAGEL skips them where its max_num_tokens_per_sample is no higher (--max-tokens)"
    )
    return FormLoss("long rows", words, affects)


MASKED = FormLoss(
    "masked segments",
    "have a masked assistant segment: a role-only mask would train on them, failed images too",
    _masked,
)
IMAGE_LOSS = FormLoss(
    "loss of images", "train an image: this trainer shows images to the model and trains texts alone", _trained_image
)
WEIGHTS = FormLoss("weights", "have a weight other than 0 and 1: what is trained would count as 1", _weighted)
UNSEEN = FormLoss("unseen images", "hold an image that no segment shows: it would be left out", _unseen)
OPEN_END = FormLoss("open ends", "go on after their last segment: this trainer would train them to stop there", _open)
ONE_REFERENCE = FormLoss("other rows", "have none or several references: they would be left out", _not_one_reference)
THOUGHTS = FormLoss(
    "thoughts",
    "hold judgements, thoughts or earlier images: all but the reference and the last image would be left out",
    _thoughts,
)
PAIR_REFERENCES = FormLoss(
    "references",
    "were made from references, which no reader of Pick-a-Pic's columns looks at: it would see the images alone",
    _pair_references,
)
JUDGE_ONLY = FormLoss(
    "generation", "would train a model to tell the better image, not to make it: TRL takes texts alone as answers", _any
)
TOO_LONG = too_long(BAGEL_CAP)
