"""BAGEL's plan: the elements of a row in the order in which BAGEL packs them, and the row again.

In: a row of `traj/2`. Out: `PlanElement`s; as dicts they are what BAGEL's `sequence_plan` holds (data/dataset_base.py).

A text is one element. An image is up to three, in this order, by the flags of its segment:

    vae_image with loss     where it is trained: noised, to be denoised; never dropped (enable_cfg 0)
    vae_image without loss  where `vae`: its clean latent, for what is drawn after it
    vit_image               where `vit`: as understanding tokens, for all that follows

The segment's `next_special` stands on its LAST element alone: only what follows that one is the next segment, and the noised
element is never attended to. `enable_cfg` is the segment's `cfg_drop`, so that nothing trained is ever dropped. BAGEL has no
fractions of a loss: a row that holds one is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

from stages.mask import Special
from training.render.rendered import RenderProblem
from training.row import NO_IMAGE, RowSegment, TrainingRow

ElementType = Literal["text", "vae_image", "vit_image"]

SPECIAL_TOKENS: Mapping[Special, str] = MappingProxyType(
    {"vision_start": "<|vision_start|>", "im_start": "<|im_start|>", "end": "<|endoftext|>"}
)
"""The token of BAGEL's tokenizer for each `next_special`. No released code of BAGEL trains an end; the end of a text,
`<|im_end|>`, is none of the answer, so it is the end of the document."""

_ORDER: tuple[tuple[ElementType, int], ...] = (("vae_image", 1), ("vae_image", 0), ("vit_image", 0))
"""The elements of an image, each with its loss, in the order of a plan."""


@dataclass(frozen=True, slots=True)
class PlanElement:
    """One element of a plan, with the number of its segment. A text has a `text`, an image the number of the image in the row.

    `special` is the token that is trained after it, None where none is.
    """

    type: ElementType
    segment: int
    loss: int
    enable_cfg: int
    special: Special | None
    text: str | None = None
    image_index: int = NO_IMAGE

    def entry(self, numbers: Mapping[Special, int]) -> dict[str, Any]:
        """The entry of `sequence_plan`; `numbers` are the ids of the special tokens."""
        return {
            "type": self.type,
            "enable_cfg": self.enable_cfg,
            "loss": self.loss,
            "special_token_loss": int(self.special is not None),
            "special_token_label": None if self.special is None else numbers[self.special],
        }


def plan_of(row: TrainingRow) -> tuple[PlanElement, ...]:
    """The plan of a row. Raises RenderProblem for a fractional loss, and where a trained segment could be dropped."""
    return tuple(element for n, segment in enumerate(row.segments) for element in _elements(row.id, n, segment))


def _elements(row: str, n: int, segment: RowSegment) -> list[PlanElement]:
    where = f"row {row}: segments.{n}"
    if segment.loss not in (0, 1):
        raise RenderProblem(f"{where}: its loss is {segment.loss}, BAGEL knows 0 and 1 only; leave the row out")
    if segment.loss and segment.cfg_drop:
        raise RenderProblem(f"{where}: it is trained and may be dropped; `x2i verify` checks a whole output")
    loss, drop = int(segment.loss), int(segment.cfg_drop)
    if segment.type == "text":
        return [PlanElement("text", n, loss, drop, segment.next_special, text=segment.text)]
    elements = [PlanElement("vae_image", n, 1, 0, None, image_index=segment.image_index)] if loss else []
    elements += [PlanElement("vae_image", n, 0, drop, None, image_index=segment.image_index)] if segment.vae else []
    elements += [PlanElement("vit_image", n, 0, drop, None, image_index=segment.image_index)] if segment.vit else []
    if not elements:
        raise RenderProblem(f"{where}: its image is neither trained nor shown; `x2i verify` checks a whole output")
    # of three elements only the last one stands next to what follows
    return [*elements[:-1], replace(elements[-1], special=segment.next_special)]


def unplan(elements: Sequence[PlanElement], carried: TrainingRow) -> TrainingRow:
    """The row of a plan. `carried` rides along: all columns but what the plan holds, which are type, text, image_index, loss,
    vae, vit, cfg_drop and next_special of its segments; those of `carried` are not looked at. Raises RenderProblem where the
    elements are no plan.
    """
    groups: dict[int, list[PlanElement]] = {}
    for element in elements:
        groups.setdefault(element.segment, []).append(element)
    if list(groups) != list(range(len(carried.segments))):
        raise RenderProblem(
            f"row {carried.id}: the plan is of segments {list(groups)}, the row has {len(carried.segments)}"
        )
    read = tuple(_segment(groups[n], segment, carried.id) for n, segment in enumerate(carried.segments))
    return replace(carried, segments=read)


def _segment(group: Sequence[PlanElement], carried: RowSegment, row: str) -> RowSegment:
    last, is_text = group[-1], group[0].type == "text"
    parts = [(element.type, element.loss) for element in group]
    expected = parts[:1] if is_text else [one for one in _ORDER if one in parts]
    if parts != expected or any(element.special for element in group[:-1]):
        raise RenderProblem(f"row {row}: segments.{last.segment}: {parts} are no elements of one segment")
    return replace(
        carried,
        type="text" if is_text else "image",
        text=last.text,
        image_index=last.image_index,
        loss=float(any(element.loss for element in group)),
        vae=("vae_image", 0) in parts,
        vit=("vit_image", 0) in parts,
        cfg_drop=any(element.enable_cfg for element in group),
        next_special=last.special,
    )
