"""The mask: what gets the loss (SAIR part B, Eq. 1), and the flags a trainer of unified models needs beside it.

In: the segments of a row, as the sentence of its mode reads them (`stages.rung.Rung.sentence`: position and trained or not). Out:
their `Marks`. A row that is no sentence of its mode raises: there is no default. Only `loss` is a choice of the ladder; the flags
follow:

    vae / vit     encode as clean latent / as understanding tokens, for what follows; nothing needs the latent of the last image
    cfg_drop      may be dropped for classifier-free guidance; only inputs may
    next_special  the token trained after the segment: it opens the next trained segment, or ends the answer. Labels that open a
                  segment share its loss, so these tokens are the decision to think on
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from stages.grammar import Token, spell
from stages.records import Kind, Mode
from stages.rung import Recipe

SegmentKind = Literal[
    "instruction", "reference", "words", "generation", "evaluation", "reflection", "decomposition", "subtask"
]
Special = Literal["vision_start", "im_start", "end"]
IMAGES: tuple[SegmentKind, ...] = ("reference", "generation")
GIVEN: tuple[SegmentKind, ...] = ("reference", "instruction")


@dataclass(frozen=True, slots=True)
class Marks:
    """What a trainer does with one segment. `loss` is 0 (context only) or 1 (trained)."""

    loss: float
    vae: bool
    vit: bool
    cfg_drop: bool
    next_special: Special | None


class NoRule(LookupError):
    """A row that is no sentence of its mode: the mask has no rule for it."""


def read_sentence(recipe: Recipe, letters: str, mode: Mode) -> tuple[Token, ...]:
    """The tokens of a row's events, each with its position. Raises NoRule, never guesses; LookupError for a mode it lacks."""
    tokens = recipe.read(mode, letters)
    if tokens is None:
        expected = f"its sentence is {spell(recipe.of_mode(mode).sentence(recipe.policy))}"
        raise NoRule(
            f"{letters or 'no events'} is no sentence of mode {mode}, so no mask rule holds for it; {expected}"
        )
    return tokens


def marks(references: int, tokens: Sequence[Token]) -> tuple[Marks, ...]:
    """The marks of all segments of a row: its references, its instruction, then its events."""
    segments: list[tuple[SegmentKind, bool]] = [("reference", False) for _ in range(references)]
    segments += [("instruction", False), *((_segment(token.kind), token.trained) for token in tokens)]
    # the latent of an image is needed by what is drawn after it: nothing is drawn after the last one
    last_image = max(n for n, (kind, _) in enumerate(segments) if kind in IMAGES)
    return tuple(_marks(segments, n, last_image) for n in range(len(segments)))


def _marks(segments: Sequence[tuple[SegmentKind, bool]], n: int, last_image: int) -> Marks:
    kind, trained = segments[n]
    is_image = kind in IMAGES
    return Marks(
        loss=float(trained),
        vae=is_image and n != last_image,
        vit=is_image,
        cfg_drop=kind in GIVEN,
        next_special=_next_special(segments[n + 1] if n + 1 < len(segments) else None),
    )


def _next_special(following: tuple[SegmentKind, bool] | None) -> Special | None:
    if following is None:
        return "end"
    kind, trained = following
    # a special token before an untrained segment would teach to begin what is never finished
    if not trained:
        return None
    return "vision_start" if kind in IMAGES else "im_start"


def _segment(kind: Kind) -> SegmentKind:
    if kind == "diagnosis" or kind == "score":
        raise NoRule(f"a {kind} must be pruned before a trained view is made")
    return kind


def rows(recipe: Recipe) -> Iterator[tuple[Mode, SegmentKind, str, int]]:
    """The mask as a table: mode, kind, position, loss; what is given comes first in each mode."""
    for mode in recipe.modes:
        yield from ((mode, kind, "input", 0) for kind in GIVEN)
        yield from ((m, _segment(kind), position, int(on)) for m, kind, position, on in recipe.mask() if m == mode)


def unruled(recipe: Recipe) -> list[str]:
    """What keeps the sentences of a recipe from being a mask, in words: letters that no row may hold, positions without a name."""
    problems = []
    # words have no place of their own: they are where their image is
    for mode, kind, position, _ in (row for row in recipe.mask() if row[1] != "words"):
        if kind in ("diagnosis", "score"):
            problems.append(f"mode {mode}: its sentence holds a {kind}, which is never shown to the trained model")
        elif not position:
            problems.append(f"mode {mode}: its sentence gives the {kind} no position, so the mask has no row for it")
    untrained = [m for m in recipe.modes if not any(on for mode, _, _, on in recipe.mask() if mode == m)]
    return problems + [f"mode {mode}: its sentence trains nothing" for mode in untrained]
