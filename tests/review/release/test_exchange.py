"""Verdicts go out and come back as they were, each once; what is none is named by file, row and field."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.review.errors import ReviewError
from pipeline.review.exchange.files import read_verdicts, write_lines, write_parquet
from pipeline.review.exchange.forms import BadVerdict, row_of, verdict_of
from pipeline.review.exchange.label_studio_config import config
from pipeline.review.exchange.passing import export_verdicts, import_verdicts
from pipeline.review.preparing import prepare
from pipeline.review.records import HumanVerdict, ReasonMark
from pipeline.review.taxonomy import REASONS
from stages.records import AXES
from tests.review.release.scenes import WHOLE, Reviewed, copy_of, verdict

BUILD = "b" * 64
OPINIONS = st.sampled_from(["accept", "reject", "unsure"])
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
HOSTILE = "</script><script>alert(1)</script>\"' \u202egnp.exe \x1b[31m" + "x" * 9_000
VERDICTS = st.builds(
    HumanVerdict,
    id=st.text("0123456789abcdef", min_size=4, max_size=32),
    sample_id=st.text("0123456789abcdef", min_size=4, max_size=32),
    content_hash=st.text("0123456789abcdef", min_size=4, max_size=64),
    reviewer=st.sampled_from(["anna", "Bo Ek", "李雷", "o'x"]),
    result=OPINIONS,
    reasoning=st.none() | OPINIONS,
    axes=st.dictionaries(st.sampled_from(AXES), OPINIONS),
    reasons=st.lists(
        st.builds(ReasonMark, st.sampled_from(sorted(REASONS)), st.none() | WORDS), min_size=1, max_size=3
    ).map(tuple),
    note=WORDS,
    seconds=st.floats(0, 1e6),
    at=st.just("2026-11-28T10:00:00+00:00"),
    taxonomy=st.just("reasons/1"),
    supersedes=st.none() | st.text("0123456789abcdef", min_size=1),
    adjudicates=st.booleans(),
    withdrawn=st.booleans(),
)


@settings(max_examples=25)
@given(given_verdicts=st.lists(VERDICTS, max_size=3))
def test_any_verdict_comes_back_as_it_went_out(tmp_path_factory, given_verdicts):
    folder = tmp_path_factory.mktemp("out")
    write_lines(folder / "v.jsonl", given_verdicts, BUILD)
    write_parquet(folder / "v.parquet", given_verdicts, BUILD)
    assert read_verdicts(folder / "v.jsonl", BUILD) == given_verdicts
    assert read_verdicts(folder / "v.parquet", BUILD) == given_verdicts
    assert sorted(p.name for p in folder.iterdir()) == ["v.jsonl", "v.parquet"]


GOOD = row_of(HumanVerdict("v1", "s1", "c1", "anna", "accept", "accept"), BUILD)
BAD_ROWS = {
    "result": (GOOD | {"result": "good"}, "result: Input should be 'accept', 'reject' or 'unsure'; correct it"),
    "missing": ({k: v for k, v in GOOD.items() if k != "content_hash"}, "content_hash: Field required"),
    "strange": (GOOD | {"verdcit": 1}, "verdcit: Extra inputs are not permitted; the columns are schema, build, id"),
    "version": (GOOD | {"schema": "verdict/2"}, "this version reads verdict/1: export the verdicts again"),
    "build": (GOOD | {"build": "c" * 64}, "build: it is about build cccccccccccc, this review is of bbbbbbbbbbbb"),
    "opinion": (GOOD | {"opinion": "reject"}, "opinion: it is reject, result and reasoning make it accept"),
    "seconds": (GOOD | {"seconds": -1}, "seconds: Input should be greater than or equal to 0"),
    "axis": (GOOD | {"axes": [{"axis": "taste", "opinion": "accept"}]}, "axes.0.axis: Input should be"),
    "reasonless": (GOOD | {"result": "reject", "opinion": "reject"}, "a rejection needs a reason"),
    "nul": (GOOD | {"note": "a\0b"}, "its note holds a character that cannot be kept"),
    "name": (GOOD | {"reviewer": "a\u202eb"}, "cannot be a name"),
}


@pytest.mark.parametrize("what", BAD_ROWS)
def test_a_bad_row_is_named_by_file_row_and_field(tmp_path, what):
    row, said = BAD_ROWS[what]
    file = tmp_path / "v.jsonl"
    file.write_text(json.dumps(GOOD) + "\n\n" + json.dumps(row) + "\n", "utf-8")
    with pytest.raises(ReviewError) as caught:
        read_verdicts(file, BUILD)
    assert str(caught.value).startswith(f"{file}: row 3: ")
    assert said in str(caught.value)


def test_what_is_no_verdict_at_all_is_said_so(tmp_path):
    file = tmp_path / "v.jsonl"
    for text, said in (("{", "row 1: no JSON"), ("[1]", "row 1: is no object"), ("\xff", "row 1: no JSON")):
        file.write_bytes(text.encode("latin-1"))
        with pytest.raises(ReviewError, match=said):
            read_verdicts(file, BUILD)
    table = tmp_path / "v.parquet"
    table.write_bytes(b"PAR1 no")
    with pytest.raises(ReviewError, match="cannot be read as Parquet"):
        read_verdicts(table, BUILD)
    with pytest.raises(BadVerdict, match=r"Field required"):
        verdict_of({}, BUILD)


@pytest.fixture(scope="module")
def judged(build, tmp_path_factory) -> Reviewed:
    """A review with hostile notes, a correction, a declined item, a dispute that a lead settled."""
    reviewed = copy_of(build.out, tmp_path_factory.mktemp("judged") / "build", replace(WHOLE, overlap=1.0))
    with prepare(reviewed.out) as store:
        skipped, disputed, *_ = [item.sample_id for item in store.items()]
    reviewed.judge(lambda i: None if i.sample_id == skipped else "accept", "anna", note=HOSTILE)
    reviewed.judge(lambda i: "reject" if i.sample_id == disputed else "accept", "bo")
    with prepare(reviewed.out) as store:
        store.adjudicate(verdict(store.item(disputed), "anna", "reject"))
        store.undo("bo")
    return reviewed


@pytest.mark.parametrize("name", ["v.jsonl", "v.parquet"])
def test_an_import_is_the_same_review_and_the_second_adds_nothing(judged, build, tmp_path, name):
    file = tmp_path / name
    count = export_verdicts(judged.out, None, file, None, False)
    other = copy_of(build.out, tmp_path / "other", replace(WHOLE, overlap=1.0))
    with prepare(other.out) as store:
        store.invite("anna", "lead")
    first = import_verdicts(other.out, None, file, "cy")
    again = import_verdicts(other.out, None, file, "cy")
    assert (first.taken, first.known, first.left) == (count, 0, ())
    assert (again.taken, again.known) == (0, count)
    with prepare(other.out) as theirs, prepare(judged.out) as ours:
        opinions = {r.item.sample_id: (r.opinion, r.disputed) for r in theirs.resolutions()}
        assert opinions == {r.item.sample_id: (r.opinion, r.disputed) for r in ours.resolutions()}
        assert theirs.verdicts() == ours.verdicts()


def test_a_bad_file_changes_nothing(judged, tmp_path):
    file = tmp_path / "v.jsonl"
    export_verdicts(judged.out, None, file, None, False)
    with prepare(judged.out) as store:
        before = store.verdicts()
        item = store.items()[3]
    row = row_of(replace(verdict(item, "new"), id="a1"), json.loads(file.read_text().splitlines()[0])["build"])
    file.write_text(json.dumps(row) + "\n" + json.dumps(row | {"result": "fine"}) + "\n")
    with pytest.raises(ReviewError, match=r"v\.jsonl: row 2: result"):
        import_verdicts(judged.out, None, file, "cy")
    with prepare(judged.out) as store:
        assert store.verdicts() == before


def test_what_is_about_other_content_is_named(judged, tmp_path):
    file = tmp_path / "v.jsonl"
    with prepare(judged.out) as store:
        item, build = store.items()[0], store.fingerprint
    stale = replace(verdict(item, "cy"), id="a2", content_hash="0" * 64)
    gone = replace(verdict(item, "cy"), id="a3", sample_id="gone")
    write_lines(file, [stale, gone], build)
    taken = import_verdicts(judged.out, None, file, "cy")
    assert taken.taken == 0
    assert [line.partition(": ")[2].partition(",")[2] for line in taken.left] == [
        " it is about other content than the build holds now; judge it again",
        " the sample is not in this review's queue",
    ]


def test_tasks_for_label_studio_are_blind_and_come_back(judged, tmp_path):
    file = tmp_path / "tasks.json"
    count = export_verdicts(judged.out, None, file, "https://images.example.org/", False)
    tasks = json.loads(file.read_text("utf-8"))
    with prepare(judged.out) as store:
        items, hashes = store.items(), {i.sample_id: i.content_hash for i in store.items()}
    assert [t["data"]["sample"] for t in tasks] == [i.sample_id for i in items]
    assert count == len(tasks)
    assert not any(t["annotations"] for t in tasks)
    shown = json.dumps(tasks)
    assert not any(word in shown for word in ("narrow", "wide", '"draw"', "score", "✓", "✗"))
    assert all(p.startswith("https://images.example.org/") for t in tasks for p in t["data"]["pictures"])
    assert all(hashes[t["data"]["sample"]] == t["data"]["content_hash"] for t in tasks)
    names = {
        c.get("name") for c in ElementTree.fromstring(file.with_suffix(".xml").read_text()).iter() if c.get("name")
    }
    fields = {c.get("value", c.get("valueList", "")) for c in ElementTree.fromstring(config()).iter()}
    assert {f.removeprefix("$") for f in fields if f and f.startswith("$")} <= set(tasks[0]["data"])
    assert {"result", "reasoning", "reasons", "note", *(f"axis_{axis}" for axis in AXES)} <= names


def test_verdicts_declines_and_known_answers_go_to_label_studio(judged, tmp_path):
    file = tmp_path / "tasks.json"
    export_verdicts(judged.out, None, file, None, True)
    annotations = [a for t in json.loads(file.read_text("utf-8")) for a in t["annotations"]]
    with prepare(judged.out) as store:
        standing = {v.id: v for v in store.verdicts() if not v.withdrawn}
        assert sum(a["was_cancelled"] for a in annotations) == len(store.declined()) == 1
        assert sum(a["ground_truth"] for a in annotations) == len(store.gold()) == 1
    kept = [a for a in annotations if not a["was_cancelled"]]
    assert all(a["lead_time"] == standing[a["unique_id"]].seconds for a in kept)
    assert json.loads(file.read_text("utf-8"))[0]["data"]["pictures"][0].startswith("data:image/png;base64,")
    taken = import_verdicts(judged.out, None, file, "cy")
    assert (taken.taken, taken.known) == (0, len(kept))
    assert "1 cancelled annotations" in taken.left[-1]


def annotated(task, **more):
    choices = {"result": "reject", "reasoning": "accept", "reasons": "image.artifact", "axis_quality": "reject"}
    result = [
        {"from_name": n, "to_name": "pictures", "type": "choices", "value": {"choices": [c]}}
        for n, c in choices.items()
    ]
    own = {"id": 7, "unique_id": "12345678-1234-1234-1234-1234567890ab", "completed_by": {"id": 3, "email": "di@x.org"}}
    return task | {"id": 1, "annotations": [own | {"was_cancelled": False, "lead_time": 8.25, "result": result} | more]}


def test_annotations_of_label_studio_come_in_as_verdicts(build, tmp_path):
    reviewed = copy_of(build.out, tmp_path / "build")
    file = tmp_path / "tasks.json"
    export_verdicts(reviewed.out, None, file, "http://x/", False)
    tasks = json.loads(file.read_text("utf-8"))
    done = [annotated(tasks[0], ground_truth=True), annotated(tasks[1], unique_id=None, completed_by=9), tasks[2]]
    file.write_text(json.dumps(done))
    assert import_verdicts(reviewed.out, None, file, "cy").taken == 2
    assert import_verdicts(reviewed.out, None, file, "cy").known == 2
    with prepare(reviewed.out) as store:
        first, second = store.verdicts()
        assert store.gold() == {tasks[0]["data"]["sample"]: "reject"}
    assert (first.reviewer, first.opinion, first.seconds, first.axes) == (
        "di@x.org",
        "reject",
        8.25,
        {"quality": "reject"},
    )
    assert first.reasons == (ReasonMark("image.artifact"),)
    assert second.reviewer == "label-studio-9"

    file.write_text(json.dumps([annotated(tasks[0], result=[])]))
    with pytest.raises(ReviewError, match="task 1: annotation 7: result: nothing was chosen"):
        import_verdicts(reviewed.out, None, file, "cy")
    file.write_text(json.dumps([{"data": {"image": "x"}}]))
    with pytest.raises(ReviewError, match=r"task 1: data\.sample: Field required; use tasks that"):
        import_verdicts(reviewed.out, None, file, "cy")
    with pytest.raises(ReviewError, match="end its name in"):
        export_verdicts(reviewed.out, None, tmp_path / "v.csv", None, False)


@pytest.mark.slow
def test_a_sidecar_of_a_release_can_be_read(judged):
    judged.release(override="a trial", named=True)
    build = json.loads((judged.target / "release.json").read_text())["fingerprint"]
    with prepare(judged.out) as store:
        assert read_verdicts(judged.target / "verdicts.parquet", build) == store.verdicts()
    judged.release(override="a trial")
    nameless = read_verdicts(judged.target / "verdicts.parquet", build)
    assert {v.reviewer for v in nameless} == {"reviewer-01", "reviewer-02"}
    assert not any(v.note for v in nameless)
    everything = b"".join(p.read_bytes() for p in judged.target.glob("*.*"))
    assert b"anna" not in everything
    assert pq.read_table(judged.target / "verdicts.parquet")["counts"].to_pylist().count(True) > 10


def test_what_a_file_says_reaches_the_terminal_as_text(judged, tmp_path):
    file = tmp_path / "v.jsonl"
    with prepare(judged.out) as store:
        item, build = store.items()[0], store.fingerprint
    write_lines(file, [replace(verdict(item, "cy"), id="a4", sample_id="\x1b[31mred\u202e\ngone")], build)
    done = CliRunner().invoke(app, ["verdicts", "import", str(judged.out), str(file)])
    assert "0 verdicts taken, 0 known before, 1 left out" in done.output
    assert "\x1b" not in done.output
    assert "\u202e" not in done.output
