"""Rows as tokens, for trainers that take `input_ids`, `labels` and weights.

In: rows of `traj/2`, a `TokenGrammar` and what makes tokens of images. Out: `SPLIT.parquet` with `input_ids`, `labels` (-100 where
masked, unshifted), `weights`, and the spans of the segments, from which the texts and codes are read again.
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import pyarrow as pa

from training.export.parts import CARRIED, carry
from training.export.place import ExportPlace
from training.export.problem import ExportProblem
from training.export.sinks import write_parquet
from training.render.grammar import TokenGrammar
from training.render.parse import read_stretch
from training.render.render import render
from training.render.tokenizers import ImageTokenizer, ImageTokens
from training.row import TrainingRow

Vocabulary: TypeAlias = tuple[TokenGrammar, ImageTokenizer]

_SPAN = pa.struct(
    [
        *[("segment", pa.int32()), ("kind", pa.string()), ("index", pa.int32())],
        *[("start", pa.int32()), ("stop", pa.int32()), ("loss", pa.float64())],
    ]
)
_SCHEMA = pa.schema(
    [
        *[("id", pa.string()), ("mode", pa.string()), ("input_ids", pa.list_(pa.int32()))],
        *[("labels", pa.list_(pa.int32())), ("weights", pa.list_(pa.float32()))],
        *[("spans", pa.list_(_SPAN)), (CARRIED, pa.string())],
    ]
)


def write(split: str, rows: Iterable[TrainingRow], place: ExportPlace, vocabulary: Vocabulary) -> int:
    """Write the rows of a split; returns how many."""
    return write_parquet(place.folder / f"{split}.parquet", _SCHEMA, (columns_of(row, vocabulary) for row in rows))


def columns_of(row: TrainingRow, vocabulary: Vocabulary) -> dict[str, Any]:
    """The columns of a row. Raises RenderProblem."""
    rendered = render(row, *vocabulary)
    return {
        "id": row.id,
        "mode": row.mode,
        "input_ids": rendered.input_ids.tolist(),
        "labels": rendered.labels.tolist(),
        "weights": rendered.weights.tolist(),
        "spans": [
            {name: getattr(span, name) for name in ("segment", "kind", "index", "start", "stop", "loss")}
            for span in rendered.spans
        ],
        CARRIED: carry(row),
    }


def read_back(columns: Mapping[str, Any], grammar: TokenGrammar) -> tuple[list[str | ImageTokens], list[float]]:
    """What the spans of a row hold: the text or the codes of each segment, and the loss of each as its weights say.

    Raises ExportProblem where a span holds neither.
    """
    ids, weights = columns["input_ids"], columns["weights"]
    parts: list[str | ImageTokens] = []
    losses, text_before = [], False
    for span in columns["spans"]:
        if span["segment"] < 0:
            continue
        own = ids[span["start"] : span["stop"]]
        losses.append(float(weights[span["start"]]))
        between = list(grammar.between) if text_before and own[: len(grammar.between)] == list(grammar.between) else []
        if own[0] == grammar.image_start:
            stretch = read_stretch(own, grammar, ended=False)
            if stretch.problem is not None or len(stretch.parts) != 1:
                raise ExportProblem(f"row {columns['id']}: segment {span['segment']} is no image: {stretch.problem}")
            parts += stretch.parts
        else:
            parts.append(grammar.text.decode(own[len(between) :]))
        text_before = own[0] != grammar.image_start
    return parts, losses
