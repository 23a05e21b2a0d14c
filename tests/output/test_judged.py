"""A verdict must follow from its judgements, and those must be the ones that the policy asks for."""

from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from pipeline.output.finalise import finalise
from pipeline.output.record_checks import flaws
from pipeline.output.verify import verify
from pipeline.storage.image_store import ImageStore
from stages.policy import Policy
from stages.records import Evaluation, Judgement, payload_from
from stages.rungs import read_recipe
from stages.trajectory import Trajectory
from tests.output.factory import FINGERPRINT, IDENTITIES, PROMPTS, Maker, manifest
from tests.output.test_verify import edit_payload, rewrite, row_of_fate

RULES = {"judgements": 3, "confirm": "both", "stop_early": True, "second": "off"}
ONCE = Policy.model_validate({"judging": RULES | {"judgements": 1}})
POLICY = Policy.model_validate({"judging": RULES})


@pytest.fixture(scope="module")
def twice(tmp_path_factory) -> Trajectory:
    return Maker(ImageStore(str(tmp_path_factory.mktemp("store"))), times=2).direct(0)


def set_score(judgement: Judgement, score: int, passed: bool) -> Judgement:
    """Another score on the second axis."""
    first, second, *rest = judgement.scores
    return replace(judgement, scores=(first, replace(second, score=score, passed=passed), *rest))


def set_second_judge(judgement: Judgement, **more) -> Judgement:
    return replace(judgement, judge="second_analyzer", made_by="second_analyzer:world/other@1", **more)


def flaws_after(t: Trajectory, change, policy=POLICY, **more) -> list[str]:
    """The flaws of `t` with the judgements of its verdict changed."""
    event = t.last("evaluation")
    assert isinstance(event.payload, Evaluation)
    verdict = replace(event.payload, judgements=tuple(change(*event.payload.judgements)))
    return list(
        flaws(replace(t, events=(*t.events[:-1], replace(event, payload=verdict, **more))), read_recipe(policy))
    )


def test_a_verdict_that_follows_has_no_flaw(twice):
    assert flaws_after(twice, lambda a, b: (a, b)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a, b: (a,), "a single judgement is listed; it is the verdict itself"),
        (lambda a, b: (), "it ends with judgement 1, the policy asks analyzer once more"),
        (lambda a, b: (a, b, replace(b, call_key="c")), "judgement 3 is by analyzer, the policy asks nobody then"),
        (lambda a, b: (a, set_score(b, 1, False)), "it ends with judgement 2, the policy asks analyzer once more"),
        (lambda a, b: (a, set_score(b, 4, True)), "the scores are [5, 5, 5, 5], its judgements give [5, 4, 5, 5]"),
        (lambda a, b: (a, set_score(b, 5, False)), "judgement 2: what it passes is not what reached its threshold"),
        (lambda a, b: (a, replace(b, scores=b.scores[:3])), "judgement 2 is not of the axes of the verdict"),
        (lambda a, b: (a, replace(b, call_key=a.call_key)), "one call counts as two judgements"),
        (lambda a, b: (a, set_second_judge(b)), "judgement 2 is by second_analyzer, the policy asks analyzer then"),
        (lambda a, b: (a, replace(b, made_by="generator:x")), "judgement 2 is by analyzer, made by generator:x"),
        (lambda a, b: (b, a), "it is put down to another call than the one that decided"),
    ],
)
def test_each_flaw_is_told(twice, change, words):
    problems = flaws_after(twice, change)
    assert any(flaw.endswith(words) for flaw in problems), problems


def test_a_second_judge_must_have_been_asked(twice):
    always = Policy.model_validate({"judging": RULES | {"second": "always"}})
    (flaw,) = flaws_after(twice, lambda a, b: (a, b), always)
    assert flaw.endswith("it ends with judgement 2, the policy asks second_analyzer once more")
    assert flaws_after(twice, lambda a, b: (a, b, set_second_judge(b, call_key="c")), always) == []
    (flaw,) = flaws_after(twice, lambda a, b: (), ONCE, made_by="second_analyzer:world/other@1")
    assert "judgement 1 is by second_analyzer, the policy asks analyzer then" in flaw


def test_an_output_of_repeated_judgements_verifies_and_a_change_to_one_is_told(tmp_path):
    maker = Maker(ImageStore(str(tmp_path / "store")), times=2)
    chosen = manifest(policy={"judging": RULES, "step_retry": "redraw"}, output={"image": {"size": 32}})
    finalise(maker.everything(1), chosen, maker.store, tmp_path, PROMPTS, FINGERPRINT, IDENTITIES, 1)
    assert [str(p) for p in verify(tmp_path, workers=1)] == []
    rows = pq.read_table(tmp_path / "sft").to_pylist()
    kept = [payload_from(s["payload"]) for r in rows for s in r["segments"] if s["kind"] == "evaluation"]
    assert {len(p.judgements) for p in kept if isinstance(p, Evaluation)} == {2}

    def lower(rows) -> None:
        event = row_of_fate(rows, "kept", "direct")["events"][-1]
        edit_payload(event, lambda content: content["judgements"][1]["scores"][1].update(score=4))

    rewrite(tmp_path, "record/part", lower)
    assert any("its judgements give" in str(p) for p in verify(tmp_path, workers=1))


def test_who_judged_is_no_part_of_what_a_row_teaches(tmp_path):
    hashes = []
    for n, times in enumerate((1, 2)):
        maker = Maker(ImageStore(str(tmp_path / f"store{n}")), times=times)
        chosen = manifest(policy={"judging": RULES | {"judgements": 2 * times - 1}}, output={"image": {"size": 32}})
        maker.reflection(1)
        finalise(maker.made, chosen, maker.store, tmp_path / str(n), PROMPTS, FINGERPRINT, IDENTITIES, 1)
        hashes.append(pq.read_table(tmp_path / str(n) / "sft", columns=["content_hash"]).to_pylist())
    assert hashes[0] == hashes[1]
