"""An interleaved row as single-turn rows: one for each image, with the thoughts that lead to it, and one for the last judgement.

In: a row of `traj/2`. Out: rows that are shorter, of which each trains one turn. Users report that long interleaved rows converge
slower; several short ones hold the same lessons.

    G1 E1 P S2 G2 E2 S3 G3 E3   ->   G1 (masked, no row) | g1 E1 P S2 G2 | p s2 g2 E2 S3 G3 | p s3 g3 E3 end

Small letters are context, without loss: the image before, what it was made for (its sub-task), and the plan. Every trained
segment of the row is trained in exactly one of its rows, and nothing else is. The end of the answer is trained where the answer
ends: a turn that goes on has `next_special` None after its last segment, and no end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from stages.identity import digest
from training.render.render import next_special
from training.row import NO_IMAGE, RowSegment, TrainingRow

_FOR = ("subtask", "words")
"""Kinds that say what the image after them was made for."""


def decompose(row: TrainingRow) -> tuple[TrainingRow, ...]:
    """The single-turn rows of a row, in order: those that train anything. Ids are the row's with `#1`, `#2`, ..."""
    given = [n for n, s in enumerate(row.segments) if s.role == "user"]
    turns = list(_turns(row.segments, len(given)))
    rows = []
    for number, turn in enumerate(turns, start=1):
        if any(row.segments[n].loss for n in turn):
            before = turns[number - 2] if number > 1 else ()
            plan = [
                n for n in range(len(given), turn[0]) if row.segments[n].kind == "decomposition" and n not in before
            ]
            context = [*plan, *_seen(row.segments, before)]
            rows.append(_row(row, number, (*given, *context), turn, ends=number == len(turns)))
    return tuple(rows)


def _turns(segments: Sequence[RowSegment], start: int) -> Iterator[tuple[int, ...]]:
    """The numbers of the segments of each turn: up to and with an image; the last one ends the answer."""
    turn: list[int] = []
    for n in range(start, len(segments)):
        turn.append(n)
        if segments[n].type == "image":
            yield tuple(turn)
            turn = []
    if turn:
        yield tuple(turn)


def _seen(segments: Sequence[RowSegment], turn: Sequence[int]) -> list[int]:
    """What the next turn sees of a turn: its image, what that was made for, and a plan made in it."""
    return [n for n in turn if segments[n].type == "image" or segments[n].kind in (*_FOR, "decomposition")]


def _row(row: TrainingRow, number: int, context: Sequence[int], turn: Sequence[int], ends: bool) -> TrainingRow:
    masked = [replace(row.segments[n], loss=0.0) for n in context]
    shown = [*masked, *(row.segments[n] for n in turn)]
    after: list[RowSegment | None] = [*shown[1:], None]
    shown = [replace(s, next_special=next_special(following)) for s, following in zip(shown, after, strict=True)]
    if not ends:
        shown[-1] = replace(shown[-1], next_special=None)
    shown = _with_latents(shown)
    judged = [n for n, s in enumerate(row.segments) if s.kind == "evaluation"]
    kept = {*context, *turn}
    used = list(dict.fromkeys(i for s in shown for i in (s.image_index, *s.inputs) if i != NO_IMAGE))
    place = {old: new for new, old in enumerate(used)}
    scores = [score for n, score in zip(judged, row.scores, strict=True) if n in kept]
    return replace(
        row,
        id=f"{row.id}#{number}",
        images=tuple(row.images[i] for i in used),
        image_meta=tuple(row.image_meta[i] for i in used),
        segments=tuple(_moved(s, place) for s in shown),
        scores=tuple(replace(score, image_index=place[score.image_index]) for score in scores),
        n_images=len(used),
        n_text_chars=sum(len(s.text) for s in shown if s.text is not None),
        content_hash=digest("turn", row.content_hash, number),
    )


def _with_latents(shown: list[RowSegment]) -> list[RowSegment]:
    """The latent of an image is needed by what is drawn after it, and nothing is drawn after the last one."""
    last = max((n for n, s in enumerate(shown) if s.type == "image"), default=-1)
    return [replace(s, vae=s.type == "image" and n != last) for n, s in enumerate(shown)]


def _moved(segment: RowSegment, place: dict[int, int]) -> RowSegment:
    inputs = tuple(place[i] for i in segment.inputs)
    return replace(segment, image_index=place.get(segment.image_index, NO_IMAGE), inputs=inputs)
