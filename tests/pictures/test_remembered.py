"""Who a sample is, what it shares, what is written of its pictures, and what older stores and journals hold, stays what it was."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.output import record
from pipeline.output.finalise import finalise
from pipeline.output.frame import Unit
from pipeline.output.verify import verify
from pipeline.planning import samples
from pipeline.planning.plan import plan
from pipeline.storage.entries import JOURNAL, find_entries
from pipeline.storage.image_store import ImageStore, describe
from pipeline.storage.outcomes import Outcomes
from pipeline.storage.pictures.rendition import render
from stages.records import Checker, ImageRef, Sample
from tests.backends.openai.gateway import chat, made, picture, playing, png, question, run
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, Maker, manifest
from tests.pictures.odd import SCENE, exif, saved, stored
from tests.pictures.table import ODD
from tests.pictures.test_three_see_the_same import decoded, decoded_uri
from tests.sources.tables import climbing_trajectories, make_manifest, table, write_jsonl
from tests.sources.test_bad_rows import data_uri


def sample_of(references: list[ImageRef], first: ImageRef | None = None) -> Sample:
    return samples.make(
        source="s",
        row_id="1",
        instruction="turn it",
        explanation=None,
        references=references,
        first=first,
        task="edit",
        category=None,
        size=(48, 32),
        licence="other",
        checker=Checker(),
    )


def test_an_id_is_made_of_the_bytes_that_came() -> None:
    as_it_was = ImageRef("a" * 64, 48, 32, "JPEG")
    rendered = ImageRef("b" * 64, 48, 32, "PNG", original="a" * 64)
    assert sample_of([as_it_was]).id == sample_of([rendered]).id == "e86d626ec29eb59c108237faf875739f"
    assert sample_of([], as_it_was).id == sample_of([], rendered).id
    assert sample_of([rendered]).id != sample_of([ImageRef("b" * 64, 48, 32, "PNG")]).id


def test_pictures_that_look_the_same_share_a_group(tmp_path: Path) -> None:
    files = {
        "upright": saved(SCENE),
        "turned": saved(stored(6), exif=exif(6)),
        "bitmap": saved(SCENE, "BMP"),
        "other": saved(255 - SCENE),
    }
    rows = [{"prompt": name, "image": data_uri(data)} for name, data in files.items()]
    source = table(write_jsonl(tmp_path / "r.jsonl", rows), columns={"references": "image"})
    planned = climbing_trajectories(plan(make_manifest(source), ImageStore(str(tmp_path / "store")), 1))
    groups = {t.sample.instruction: t.sample.leak_group for t in planned}
    assert groups["upright"] == groups["turned"] == groups["bitmap"] != groups["other"]


def test_the_record_names_rendition_and_original(tmp_path: Path) -> None:
    maker = Maker(ImageStore(str(tmp_path)))
    t = maker.direct(1)
    (ref,) = t.sample.references
    came = ImageRef(ref.sha256, 0, 0, "", "c" * 64)
    t = maker.start(2)
    t = type(t)(sample_of([came, ref], came), 5)
    row = record.row(Unit(t.sample.id, t, "failed"))
    assert (row["originals"], row["first_original"]) == (["c" * 64, None], "c" * 64)
    assert record.read_row({**row, "reason": "input"}).trajectory.sample.references[0] == came
    assert list(record.originals(t)) == [(ref.sha256, "c" * 64)] * 2


@pytest.mark.parametrize("damage", ["none", "lost", "no picture", "another picture"])
def test_verify_reads_a_rendition_against_what_came(tmp_path: Path, damage: str) -> None:
    store = ImageStore(str(tmp_path / "store"))
    ref = store.keep(render(ODD["jpeg orientation 6"].data))
    other = store.keep(render(saved(255 - SCENE, "BMP")))
    came = Path(store.path(ref.source_sha256))
    shown = replace(ref, original=other.original) if damage == "another picture" else ref
    maker = Maker(store)
    start = maker.start(1, references=1)
    t = maker.try_once(replace(start, sample=replace(start.sample, references=(shown,))), 1, passed=True)
    outcomes = [maker.keep(t.accept("direct"))]
    finalise(outcomes, manifest(), store, tmp_path, PROMPTS, FINGERPRINT, IDENTITIES, 1)
    if damage == "lost":
        came.unlink()
    elif damage == "no picture":
        came.write_bytes(b"none")
    problems = [str(p) for p in verify(tmp_path, 1)]
    words = {
        "lost": "is not in the store",
        "no picture": "cannot be read from",
        "another picture": "does not show what",
    }
    assert [p for p in problems if "as it came" in p and words.get(damage, "") in p] == problems
    assert len(problems) == (damage != "none")


def test_an_answer_of_an_older_journal_is_replayed_and_sent_as_png(tmp_path: Path) -> None:
    store = ImageStore(str(tmp_path))
    old = store.put(ODD["webp turned"].data)  # as an older version kept what a server returned
    answer = {"image": {"sha256": old.sha256, "width": old.width, "height": old.height, "format": "WEBP"}}
    outcomes = Outcomes(f"sqlite:///{tmp_path / 'run.db'}", "one")
    outcomes.create()
    with outcomes.engine.begin() as connection:
        row = {"call_key": "k", "kind": "image", "answer": json.dumps(answer), "created": 1.0}
        connection.execute(JOURNAL.insert(), row)
        ref = find_entries(connection, ["k"])["k"].image_reply().image
    outcomes.close()
    assert (ref, ref.original) == (describe(ODD["webp turned"].data), None)
    with playing() as gateway:
        gateway.play(chat("fine"))
        run(gateway.model(store).ask(question(ref)))
        judged = decoded_uri(gateway.asked[0].body["messages"][0]["content"][0]["image_url"]["url"])
        gateway.play(made(png()))
        run(gateway.model(store).draw(picture(ref)))
        ((_, kind, data),) = gateway.asked[0].files
    assert kind == "image/png"
    assert (judged == SCENE).all()
    assert (decoded(data) == SCENE).all()
