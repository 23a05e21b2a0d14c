"""The Arrow schemas of the products, and the Hugging Face types that go with them.

In: nothing. Out: `traj/2`, `rl/3`, `pairs/3`, `record/4`; for any of them the `huggingface` metadata in the one spelling that
datasets 3.6 and 5 both read (a list of values is a `Sequence`, a list of structs a JSON list), and the full leaf paths by
which Parquet knows the columns (a top-level name of a nested column would be ignored in silence).

No integer that a trainer reads is ever null: pandas makes floats of a column in which one is, and `images[0.0]` is no image.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa

from pipeline.manifest.forms import Product

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_S, _I, _F, _B = pa.string(), pa.int32(), pa.float32(), pa.bool_()
_BYTES, _STRINGS = pa.binary(), pa.list_(pa.string())
AXIS_SCORES = [("instruction", _F), ("consistency", _F), ("quality", _F), ("knowledge", _F)]


def _list(*fields: tuple[str, Any]) -> Any:
    return pa.list_(pa.struct(list(fields)))


IMAGE_META = _list(
    *(("sha256", _S), ("original_sha256", _S), ("width", _I), ("height", _I), ("format", _S), ("origin", _S))
)

TRAJ = pa.schema(
    [
        ("id", _S),
        ("schema_version", _S),
        ("mode", _S),
        ("task", _S),
        ("category", _S),
        ("instruction", _S),
        ("explanation", _S),
        ("source", _S),
        ("licence", _S),
        ("images", pa.list_(IMAGE)),
        (
            "segments",
            _list(
                *(("type", _S), ("role", _S), ("kind", _S), ("index", _I), ("text", _S), ("image_index", _I)),
                *(("payload", _S), ("inputs", pa.list_(_I)), ("made_by", _S), ("against", _S), ("loss", _F)),
                *(("vae", _B), ("vit", _B), ("cfg_drop", _B), ("next_special", _S)),
            ),
        ),
        ("image_meta", IMAGE_META),
        ("scores", _list(("image_index", _I), ("against", _S), *AXIS_SCORES, ("passed", _B))),
        ("applicable_axes", pa.list_(_S)),
        ("n_images", _I),
        ("n_text_chars", _I),
        ("leak_group", _S),
        ("content_hash", _S),
        ("provenance", _S),
    ]
)

RL = pa.schema(
    [
        ("data_source", _S),
        ("prompt", _list(("role", _S), ("content", _S))),
        ("images", pa.list_(IMAGE)),
        ("image_meta", IMAGE_META),
        ("ability", _S),
        ("reward_model", pa.struct([("style", _S), ("ground_truth", _S)])),
        (
            "extra_info",
            pa.struct(
                [
                    ("split", _S),
                    ("index", _I),
                    ("id", _S),
                    ("task", _S),
                    ("category", _S),
                    ("applicable_axes", pa.list_(_S)),
                    ("explanation", _S),
                    ("target_width", _I),
                    ("target_height", _I),
                    ("checker_style", _S),
                    ("checker_spec", _S),
                    ("licence", _S),
                    ("citation", _S),
                    ("leak_group", _S),
                    ("difficulty", _S),
                    ("difficulty_scores", _S),
                ]
            ),
        ),
    ]
)

PAIRS = pa.schema(
    [
        ("id", _S),
        ("caption", _S),  # second: trainers that are told no column take this place
        ("jpg_0", _BYTES),
        ("jpg_1", _BYTES),
        ("label_0", _F),
        ("label_1", _F),
        ("has_label", _B),
        ("num_example_per_prompt", _I),
        ("references", pa.list_(IMAGE)),
        ("sample_id", _S),
        ("task", _S),
        ("category", _S),
        ("chosen_scores", pa.struct(AXIS_SCORES)),
        ("rejected_scores", pa.struct(AXIS_SCORES)),
        ("axis", _S),
        ("reason", _S),
        ("chosen_sha256", _S),
        ("chosen_original_sha256", _S),
        ("rejected_sha256", _S),
        ("rejected_original_sha256", _S),
        ("references_sha256", _STRINGS),
        ("references_original_sha256", _STRINGS),
        ("source", _S),
        ("licence", _S),
        ("citation", _S),
        ("leak_group", _S),
    ]
)

RECORD = pa.schema(
    [
        ("id", _S),
        ("rank", pa.int64()),
        ("status", _S),
        ("mode", _S),
        ("reason", _S),
        ("detail", _S),
        ("split", _S),
        ("source", _S),
        ("row_id", _S),
        ("task", _S),
        ("category", _S),
        ("instruction", _S),
        ("explanation", _S),
        ("references", pa.list_(_S)),
        ("originals", pa.list_(_S)),
        ("first", _S),
        ("first_original", _S),
        ("applicable_axes", pa.list_(_S)),
        ("width", _I),
        ("height", _I),
        ("licence", _S),
        ("citation", _S),
        ("leak_group", _S),
        ("rollout", _I),
        ("group", _S),
        ("climb", _S),
        ("checker_style", _S),
        ("checker_spec", _S),
        ("entered", pa.list_(_S)),
        ("candidate", _I),
        (
            "events",
            _list(
                *(("kind", _S), ("index", _I), ("attempt", _I), ("station", _S), ("try_number", _I), ("from_try", _I)),
                *(("pruned", _B), ("against", _S), ("payload", _S)),
                *(("image_sha256", _S), ("image_original", _S)),
                *(("inputs", pa.list_(_S)), ("made_by", _S), ("prompt", _S)),
                *(("prompt_sha256", _S), ("seed", pa.int64()), ("call_key", _S), ("tokens", _S)),
                *(("voice", pa.list_(_S)), ("voice_before", pa.list_(_S))),
            ),
        ),
    ]
)

SCHEMAS: Mapping[Product, Any] = {"sft": TRAJ, "rl": RL, "pairs": PAIRS, "edit_pairs": PAIRS, "record": RECORD}


def features(schema: Any) -> dict[str, Any]:
    """The Hugging Face types of a schema, in the compatible spelling."""
    return {field.name: _feature(field.type) for field in schema}


def _feature(kind: Any) -> Any:
    if kind == IMAGE:
        return {"_type": "Image"}
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if not pa.types.is_list(kind):
        return {"dtype": str(kind), "_type": "Value"}
    inner = _feature(kind.value_type)
    # `List` would be refused by datasets 3.6; a list of structs has no other spelling that both read.
    return {"feature": inner, "_type": "Sequence"} if "_type" in inner else [inner]


def with_metadata(product: Product, about: str) -> Any:
    """The product's schema as it is written: Hugging Face types, and `about` (JSON) under the key `x2i`."""
    schema = SCHEMAS[product]
    hugging_face = json.dumps({"info": {"features": features(schema)}})
    return schema.with_metadata({"huggingface": hugging_face, "x2i": about})


def leaves(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every leaf of a schema: its full path in Parquet, and its type."""
    for field in schema:
        yield from _leaves(field.name, field.type)


def _leaves(path: str, kind: Any) -> Iterator[tuple[str, Any]]:
    if pa.types.is_list(kind):
        yield from _leaves(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves(f"{path}.{field.name}", field.type)
    else:
        yield path, kind
