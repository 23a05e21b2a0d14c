"""The files themselves: names, row groups, codecs, metadata, and that the same run gives the same bytes."""

import hashlib
import json
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.manifest.forms import PRODUCTS
from pipeline.output.places import stem_of
from pipeline.output.schema import SCHEMAS, features
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS

TRAINED = ("sft", "rl", "pairs", "edit_pairs")


def open_files(built):
    return {name: pq.ParquetFile(built.out / name) for name in built.summary.files}


def hash_files(out):
    return {str(p.relative_to(out)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(out.rglob("*.parquet"))}


def test_at_least_five_shards_of_three_row_groups(many):
    train = [f for f in many.summary.files if f.startswith("sft/train/")]
    groups = [len(many.summary.files[f].row_groups) for f in train]
    assert len(train) >= 5
    assert sum(n >= 3 for n in groups) >= 5
    assert sorted(train) == [f"sft/train/train-{n:05d}-of-{len(train):05d}.parquet" for n in range(len(train))]


def test_run_json_says_where_every_row_group_begins(many):
    for name, file in open_files(many).items():
        listed_file = many.summary.files[name]
        assert listed_file.sha256 == hashlib.sha256((many.out / name).read_bytes()).hexdigest()
        assert [g.rows for g in listed_file.row_groups] == [
            file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)
        ]
        offsets = [g.offset for g in listed_file.row_groups]
        assert offsets == sorted(set(offsets))
        assert all(0 < offset < listed_file.bytes for offset in offsets)


def test_images_lie_uncompressed_and_text_compressed_by_leaf(many):
    for name, file in open_files(many).items():
        for n in range(file.num_row_groups):
            group = file.metadata.row_group(n)
            columns = [group.column(c) for c in range(group.num_columns)]
            for column in columns:
                is_image = column.path_in_schema.endswith((".bytes", "jpg_0", "jpg_1"))
                assert column.compression == ("UNCOMPRESSED" if is_image else "ZSTD"), (name, column.path_in_schema)
                assert not (is_image and column.has_dictionary_page)
                assert column.has_column_index is not is_image
                assert column.has_offset_index


def test_hugging_face_types_are_spelled_for_all_versions(many):
    for name, file in open_files(many).items():
        product = name.split("/")[0]
        types = json.loads(file.schema_arrow.metadata[b"huggingface"])["info"]["features"]
        assert types == features(SCHEMAS[product])
        text = json.dumps(types)
        assert not any(word in text for word in ('"List"', "LargeList", "large_string", '"Json"'))
    assert features(SCHEMAS["sft"])["images"] == {"feature": {"_type": "Image"}, "_type": "Sequence"}
    assert isinstance(features(SCHEMAS["sft"])["segments"], list)
    inputs = features(SCHEMAS["sft"])["segments"][0]["inputs"]
    assert inputs == {"feature": {"dtype": "int32", "_type": "Value"}, "_type": "Sequence"}


def test_only_plain_types_in_what_trainers_read():
    plain = {pa.string(), pa.int32(), pa.float32(), pa.bool_(), pa.binary()}

    def leaves(kind):
        if pa.types.is_list(kind):
            return leaves(kind.value_type)
        return {leaf for field in kind for leaf in leaves(field.type)} if pa.types.is_struct(kind) else {kind}

    for product in TRAINED:
        assert {leaf for field in SCHEMAS[product] for leaf in leaves(field.type)} <= plain


def test_file_metadata_name_judge_prompts_and_thresholds(many):
    for file in open_files(many).values():
        metadata = json.loads(file.schema_arrow.metadata[b"x2i"])
        assert metadata["judge"] == IDENTITIES["analyzer"]
        assert metadata["prompts"] == PROMPTS
        assert metadata["fingerprint"] == FINGERPRINT
        assert metadata["thresholds"]["direct"]["instruction"] == 5
        assert metadata["thresholds"]["step"]["quality"] == 4
        assert (metadata["dialect"], metadata["policy"]["reflection_rounds"]) == ("paper", 3)


def test_training_rows_are_shuffled_and_the_record_is_in_rank_order(many):
    ranks = {t.sample.id: t.rank for t in many.outcomes}
    read = {
        p: [row for name in sorted(many.summary.files) if name.startswith(f"{p}/") for row in read_ids(many, name)]
        for p in PRODUCTS
    }
    assert read["record"] == sorted(ranks, key=lambda i: (ranks[i], i))
    train = list(read["sft"])
    assert train != sorted(train, key=ranks.__getitem__)


def read_ids(built, name):
    table = pq.read_table(built.out / name)
    column = table["extra_info"].to_pylist() if name.startswith("rl/") else table.select(["id"]).to_pylist()
    return [row["id"] for row in column]


@pytest.mark.parametrize("workers", [1, 3])
def test_order_of_outcomes_and_workers_change_no_byte(many, tmp_path, workers):
    shuffled = list(many.outcomes)
    random.Random(workers).shuffle(shuffled)
    many.again(tmp_path, shuffled, workers)
    assert hash_files(tmp_path) == hash_files(many.out)
    assert hash_files(tmp_path).keys() == many.summary.files.keys()


def test_empty_products_are_valid_and_an_empty_validation_set_is_left_out(many, tmp_path):
    summary = many.again(tmp_path, [t for t in many.outcomes if t.status == "failed"])
    assert sorted(map(stem_of, summary.files)) == [
        *("edit_pairs/train", "pairs/train", "record/part", "rl/train", "sft/train"),
    ]
    for name in summary.files:
        assert pq.read_table(tmp_path / name).schema.equals(SCHEMAS[name.split("/")[0]])
    assert summary.counts["planned"] == summary.counts["failed"] > 0
    assert "config_name: record" in (tmp_path / "README.md").read_text("utf-8")
    assert "config_name: sft" not in (tmp_path / "README.md").read_text("utf-8")
