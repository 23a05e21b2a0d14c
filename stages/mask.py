"""The mask: what gets the loss (SAIR part B, Eq. 1), as one total table over (mode, kind, position).

In: mode, kind and position of a segment. Out: its `Marks`: loss, and the flags a trainer of unified models needs. A triple
without a row raises: there is no default. Positions:

    input      what the user gives               first      G1, E1 of a multi-step trajectory
    earlier    rounds before the last one        previous   what the last round starts from (G_{K-1}, E_{K-1}, R_{K-1})
    last       the accepted try                  step       a step of the plan, and the plan itself; `last` ends it

`vae` / `vit`: encode as clean latent / as understanding tokens, for what follows. `cfg_drop`: may be dropped for
classifier-free guidance; only inputs may. `next_special`: the token trained after the segment: it opens the next trained
segment, or ends the answer. Labels that open a segment share its loss, so these tokens are the decision to think on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from stages.records import Mode

Position = Literal["input", "first", "earlier", "previous", "last", "step"]
SegmentKind = Literal["instruction", "reference", "generation", "evaluation", "reflection", "decomposition", "subtask"]
Special = Literal["vision_start", "im_start", "end"]


@dataclass(frozen=True, slots=True)
class Marks:
    """What a trainer does with one segment. `loss` is 0 (context only) or 1 (trained)."""

    loss: float
    vae: bool
    vit: bool
    cfg_drop: bool
    next_special: Special | None


class NoRule(LookupError):
    """A segment for which the table has no row."""


def _text(loss: float, next_special: Special | None, cfg_drop: bool = False) -> Marks:
    return Marks(loss, vae=False, vit=False, cfg_drop=cfg_drop, next_special=next_special)


def _image(loss: float, next_special: Special | None, vae: bool = True, cfg_drop: bool = False) -> Marks:
    return Marks(loss, vae=vae, vit=True, cfg_drop=cfg_drop, next_special=next_special)


TABLE: Mapping[tuple[Mode, SegmentKind, Position], Marks] = MappingProxyType(
    {
        ("direct", "reference", "input"): _image(0, None, cfg_drop=True),
        ("direct", "instruction", "input"): _text(0, "vision_start", cfg_drop=True),
        ("direct", "generation", "last"): _image(1, "im_start", vae=False),
        ("direct", "evaluation", "last"): _text(1, "end"),
        ("reflection", "reference", "input"): _image(0, None, cfg_drop=True),
        ("reflection", "instruction", "input"): _text(0, None, cfg_drop=True),
        ("reflection", "generation", "earlier"): _image(0, None),
        ("reflection", "evaluation", "earlier"): _text(0, None),
        ("reflection", "reflection", "earlier"): _text(0, None),
        ("reflection", "generation", "previous"): _image(0, "im_start"),
        ("reflection", "evaluation", "previous"): _text(1, "im_start"),
        ("reflection", "reflection", "previous"): _text(1, "vision_start"),
        ("reflection", "generation", "last"): _image(1, "im_start", vae=False),
        ("reflection", "evaluation", "last"): _text(1, "end"),
        ("multistep", "reference", "input"): _image(0, None, cfg_drop=True),
        ("multistep", "instruction", "input"): _text(0, None, cfg_drop=True),
        ("multistep", "generation", "first"): _image(0, "im_start"),
        ("multistep", "evaluation", "first"): _text(1, "im_start"),
        ("multistep", "decomposition", "step"): _text(1, "im_start"),
        ("multistep", "subtask", "step"): _text(1, "vision_start"),
        ("multistep", "generation", "step"): _image(1, "im_start"),
        ("multistep", "evaluation", "step"): _text(1, "im_start"),
        ("multistep", "subtask", "last"): _text(1, "vision_start"),
        ("multistep", "generation", "last"): _image(1, "im_start", vae=False),
        ("multistep", "evaluation", "last"): _text(1, "end"),
    }
)


def marks(mode: Mode, kind: SegmentKind, position: Position) -> Marks:
    """The row of the table. Raises NoRule, never guesses."""
    try:
        return TABLE[mode, kind, position]
    except KeyError:
        raise NoRule(f"no mask rule for {kind} at position {position} in mode {mode}") from None


def position(mode: Mode, kind: SegmentKind, index: int, last: int) -> Position:
    """Where a segment stands. `index` is the paper's subscript, `last` that of the last generation. Raises NoRule."""
    if kind in ("instruction", "reference"):
        return "input"
    if kind == "decomposition":
        return "step"
    if mode == "multistep" and index == 1:
        return "first"
    if mode == "reflection" and kind == "reflection":
        return "previous" if index == last - 1 else "earlier"
    if index == last:
        return "last"
    if mode == "reflection":
        return "previous" if index == last - 1 else "earlier"
    if mode == "multistep":
        return "step"
    raise NoRule(f"no place for {kind} {index} of {last} in mode {mode}")
