"""Texts in the habits of real models, written by somebody who had not read the code that they try.

`replies_good.jsonl`: 200 replies and what they say; `replies_bad.jsonl`: replies that say nothing, or two things; `voice.jsonl`:
texts that a trained model may say as its own, and texts that it may not.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stages import replies
from stages.errors import Malformed
from stages.policy import Policy
from stages.voice import breaches

CORPUS = Path(__file__).parent / "corpus"
POLICY = Policy()


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()]


def read(row: dict[str, Any]) -> dict[str, Any]:
    """What a reply says. Raises Malformed."""
    match row["kind"]:
        case "evaluation":
            verdict = replies.evaluation(row["text"], tuple(row["axes"]), POLICY.thresholds)
            return {a.axis: a.score for a in verdict.axes}
        case "reflection":
            thought = replies.reflection(row["text"])
            return {name: getattr(thought, name) for name in ("error_type", "failure_analysis", "improvement_plan")}
        case "diagnosis":
            found = replies.diagnosis(row["text"])
            return {"cause": found.cause, "explanation": found.explanation}
        case _:
            planned = replies.plan(row["text"], POLICY.steps_min, POLICY.steps_max)
            return {"rationale": planned.rationale, "steps": list(planned.steps)}


def plain(value: dict[str, Any]) -> str:
    """Without quotation marks and spacing, which the habits themselves change."""
    return re.sub(r"\s+", " ", re.sub(r"[“”’'\"\\]", "", json.dumps(value, ensure_ascii=False).replace("\\n", " ")))


def says_as_meant(row: dict[str, Any]) -> bool:
    try:
        return plain(read(row)) == plain(row["expected"])
    except Malformed:
        return False


def test_good_replies_are_read_without_a_second_question():
    good = rows("replies_good")
    assert len(good) == 200
    unread = [row["habit"] for row in good if not says_as_meant(row)]
    assert len(unread) <= 10, unread


@pytest.mark.parametrize("row", rows("replies_bad"), ids=lambda row: row["why"])
def test_no_bad_reply_is_taken_for_an_answer(row):
    with pytest.raises(Malformed):
        read(row)


def test_texts_in_the_training_voice_pass_and_others_do_not():
    texts = rows("voice")
    good = [row["text"] for row in texts if row["good"]]
    bad = [row["text"] for row in texts if not row["good"]]
    assert (len(good), len(bad)) == (100, 100)
    assert len(marked := [text for text in good if breaches(text)]) <= 5, marked
    assert len(missed := [text for text in bad if not breaches(text)]) <= 5, missed
