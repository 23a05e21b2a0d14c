"""What the rows say of the trajectories they come from."""

import json
import re

import pyarrow.parquet as pq
import pytest

from pipeline.output.rl import difficulty, prompt
from stages.records import payload_from, payload_json
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, RECIPE, Maker, manifest


def read_rows(built, stem):
    names = sorted(n for n in built.summary.files if n.startswith(stem))
    return [row for name in names for row in pq.read_table(built.out / name).to_pylist()]


def outcomes_of_mode(built, mode):
    return {t.sample.id: t for t in built.outcomes if t.mode == mode and t.sample.split != "rl"}


@pytest.mark.parametrize("mode", ["direct", "reflection", "multistep"])
def test_images_come_once_in_order_of_first_appearance(many, mode):
    sources = outcomes_of_mode(many, mode)
    sft_rows = [row for row in read_rows(many, "sft/") if row["mode"] == mode]
    assert {row["id"] for row in sft_rows} == sources.keys()
    for row in sft_rows:
        t = sources[row["id"]]
        kept = [e.image.sha256 for e in t.events if e.kind == "generation" and not e.pruned]
        hashes = [m["original_sha256"] for m in row["image_meta"]]
        assert hashes == [r.sha256 for r in t.sample.references] + kept
        assert [i["path"] for i in row["images"]] == [f"{m['sha256'][:16]}.png" for m in row["image_meta"]]
        origins = [m["origin"].split(":")[0] for m in row["image_meta"]]
        assert origins == ["reference"] * len(t.sample.references) + ["baseline"] + ["generator"] * (len(kept) - 1)
        shown = [s["image_index"] for s in row["segments"] if s["type"] == "image"]
        assert list(dict.fromkeys(shown)) == list(range(len(hashes)))


def test_what_was_pruned_is_in_the_record_and_not_in_the_row(many):
    recorded = {row["id"]: row for row in read_rows(many, "record/")}
    for row in (r for r in read_rows(many, "sft/") if r["mode"] == "multistep"):
        events = recorded[row["id"]]["events"]
        pruned = {e["image_sha256"] for e in events if e["pruned"] and e["kind"] == "generation"}
        assert len(pruned) >= 3
        assert not pruned & {m["original_sha256"] for m in row["image_meta"]}
        kinds = [s["kind"] for s in row["segments"] if s["role"] == "assistant"]
        assert kinds[:3] == ["generation", "evaluation", "decomposition"]
        assert "reflection" not in kinds
        assert row["scores"][-1]["against"] == "original"
        assert row["scores"][-1]["passed"]


def test_step_one_names_the_references_as_its_inputs(many):
    for row in (r for r in read_rows(many, "sft/") if r["mode"] == "multistep"):
        drawn = [s for s in row["segments"] if s["kind"] == "generation"]
        references = [s["image_index"] for s in row["segments"] if s["kind"] == "reference"]
        assert drawn[1]["inputs"] == references
        assert drawn[2]["inputs"] == [drawn[1]["image_index"]]


def test_an_image_that_is_only_an_input_is_held_too(tmp_path):
    """A trajectory may start a step from an image whose own segment was pruned: the index must still resolve."""
    from dataclasses import replace

    from pipeline.output.traj import shown_images
    from pipeline.storage.image_store import ImageStore

    maker = Maker(ImageStore(str(tmp_path)))
    t = maker.multistep(1)
    pruned = [e.image for e in maker.made[0].events if e.pruned and e.kind == "generation"][1]
    last = t.events.index(t.last("generation"))
    odd = replace(t, events=(*t.events[:last], replace(t.events[last], inputs=(pruned.sha256,)), *t.events[last + 1 :]))
    assert pruned.sha256 in shown_images(odd, "paper", RECIPE)
    assert pruned.sha256 not in shown_images(t, "paper", RECIPE)


def test_payloads_survive_the_round_trip(many):
    recorded = {row["id"]: row for row in read_rows(many, "record/")}
    for t in many.outcomes:
        events = recorded[t.sample.id]["events"]
        assert len(events) == len(t.events)
        for e, row in zip(t.events, events, strict=True):
            assert (row["payload"] is None) == (e.payload is None)
            if e.payload is not None:
                assert payload_from(row["payload"]) == e.payload
            assert (row["kind"], row["index"], row["attempt"], row["pruned"]) == (
                e.kind,
                e.index,
                e.attempt,
                e.pruned,
            )
            assert tuple(row["inputs"]) == e.inputs
            assert (row["prompt"], row["seed"], row["call_key"]) == (e.prompt, e.seed, e.call_key)


def test_segments_hold_the_payload_their_text_was_made_of(many):
    for row in read_rows(many, "sft/"):
        for s in row["segments"]:
            assert (s["payload"] is None) == (s["type"] == "image" or s["kind"] == "instruction")
            if s["payload"]:
                assert payload_json(payload_from(s["payload"])) == s["payload"]


def test_no_time_or_cost_in_a_row(many):
    provenance = json.loads(read_rows(many, "sft/")[0]["provenance"])
    assert provenance == {
        "fingerprint": FINGERPRINT,
        "source": "made",
        "row_id": provenance["row_id"],
        "models": IDENTITIES,
        "prompts": PROMPTS,
    }


def test_verl_finds_as_many_markers_as_images(many):
    """As verl's RLHFDataset does it: split the content at the markers, count, and assert."""
    rl_rows = read_rows(many, "rl/")
    assert any("(image)" in row["prompt"][0]["content"] for row in rl_rows)
    assert {len(row["images"]) for row in rl_rows} == {0, 1, 2}
    for row in rl_rows:
        offset = 0
        for message in row["prompt"]:
            assert not {"<video>", "<audio>"} & set(re.split("(<image>|<video>)", message["content"]))
            offset += re.split("(<image>|<video>)", message["content"]).count("<image>")
        assert offset == len(row["images"])
        truth = json.loads(row["reward_model"]["ground_truth"])
        assert truth["checker"]["style"] == row["extra_info"]["checker_style"]
        assert (row["extra_info"]["target_width"], row["extra_info"]["target_height"]) == (48, 40)
    indices = sorted(row["extra_info"]["index"] for row in rl_rows)
    assert indices == list(range(len(rl_rows)))


def test_a_marker_in_an_instruction_is_shown_and_does_not_count():
    assert prompt("look at <image> and <video>", 2) == "<image><image>look at (image) and (video)"


def test_difficulty_says_how_far_a_prompt_came(many):
    ranks = {t.sample.id: t for t in many.outcomes}
    seen = set()
    for row in read_rows(many, "rl/"):
        extra = row["extra_info"]
        assert extra["difficulty"] == difficulty(ranks[extra["id"]])
        assert (extra["difficulty_scores"] is None) == (extra["difficulty"] == "never tried")
        seen.add(extra["difficulty"])
    assert seen == {"failed_direct", "never tried", "missing_knowledge", "direct"}


def test_pairs_set_the_accepted_image_against_each_rejected_one(many):
    pair_rows = read_rows(many, "pairs/train") + read_rows(many, "edit_pairs/train")
    assert len({row["id"] for row in pair_rows}) == len(pair_rows)
    train = {
        t.sample.id: t for t in many.outcomes if t.sample.split == "train" and t.mode in ("reflection", "multistep")
    }
    by_sample = {}
    for row in pair_rows:
        by_sample.setdefault(row["sample_id"], []).append(row)
        assert row["chosen_original_sha256"] == train[row["sample_id"]].current().image.sha256
        assert row["rejected_scores"][row["axis"]] == 2
        assert row["reason"] == f"{row['axis']} as seen"
        assert row["jpg_0"] != row["jpg_1"]
    assert by_sample.keys() == train.keys()
    for name, pairs in by_sample.items():
        t = train[name]
        failed = {
            e.image.sha256
            for e in t.events
            if e.kind == "evaluation" and e.against == "original" and not e.payload.passed
        }
        assert {p["rejected_original_sha256"] for p in pairs} == failed
        assert {p["num_example_per_prompt"] for p in pairs} == {len(pairs)}
        assert t.mode != "multistep" or len(failed) >= 4, "those that were pruned count too"


def test_without_a_final_check_there_is_no_pair(tmp_path):
    from dataclasses import replace

    from pipeline.output.pairs import units
    from pipeline.storage.image_store import ImageStore

    t = Maker(ImageStore(str(tmp_path))).multistep(1)
    assert list(units(t, "kept", RECIPE.policy))
    unchecked = replace(t, events=t.events[:-1])
    assert not list(units(unchecked, "kept", RECIPE.policy))


def test_quotas_reach_the_files(many, tmp_path):
    quotas = {"direct": 2, "reflection": 5, "multistep": 3, "rl": 4}
    summary = many.again(tmp_path, output={"image": {"size": 32}}, quotas=quotas)
    assert summary.kept_by_mode == {k: v for k, v in quotas.items() if k != "rl"}
    assert summary.kept_by_split["rl"] == 4
    assert summary.counts["surplus"] > 0
    assert summary.counts["beyond_cut"] == len(many.outcomes) - summary.counts["planned"] > 0
    assert manifest(quotas=quotas).quotas["rl"] == 4
    assert not [p for p in (tmp_path / "record").glob("*") if p.suffix != ".parquet"]
