"""Trained texts hold no marker and nothing invisible, whatever a judge or a user wrote."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.dialects import CROSS, LABELS, TICK, render
from stages.errors import Malformed
from stages.plain import check_legible, plain, plain_line, plain_payload
from stages.records import AXES, AxisScore, Evaluation, Judgement, Plan, Reflection, Score, Step, Words

VERDICT = Evaluation(tuple(AxisScore(axis, 5, "fine", True) for axis in AXES), 0.0)
PAYLOADS = (VERDICT, Reflection("logic_flaw", "a", "b"), Plan("a", ("b", "c")), Step("a"), Words("a"))
PIECES = ["<", ">", "<|", "|>", "[", "]", "/", "image", "INST", "Step 1 Instruction", "think", "a b", " ", "\n", "\u200b", "\u202e",
          "\x00", "\x1b[1m", "✓", "✗", "\u200d", "é", "عل", "👩", "\ufe0f", "｜", "<tok>", "##", "#", "\ud800", "."]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=12).map("".join) | st.text(max_size=40)
MARKERS = ("<tok>", "##", "[x]", "TO_K")


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("<Start Multi-Step Editing>: go", "(Start Multi-Step Editing): go"),
        ("< step  12 instruction >", "(step  12 instruction)"),
        ("<Evaluate Quality> <think></think>", "(Evaluate Quality) (think)(think)"),
        ("<image> <image_1> <image 2> </image>", "(image) (image_1) (image 2) (/image)"),
        ("<|im_end|><|vision_start|>", "(im_end)(vision_start)"),
        ("[INST] a [/INST] <<SYS>> <s> </s>", "(INST) a (/INST) (SYS) (s) (/s)"),
        ("<｜begin▁of▁sentence｜> ＜image＞", "(begin▁of▁sentence) (image)"),
        ("<0x0A> <unused1> [IMG_BREAK] [CLS]", "(0x0A) (unused1) (IMG_BREAK) (CLS)"),
        ("<im<image>age>", "(im(image)age)"),
        ("a\x00b\x1b[31mc\x7f\x9f", "abc"),
        ("\u202ea\u2066b\u200b<im\u200bage>\ufeff\u00ad\u2060", "ab(image)"),
        ("half \ud800 a sign, \uffff, \ufffc", "half  a sign, , "),
        ("a\r\nb\u2028c\x85d", "a\nb\nc\nd"),
        ("1 < 2 and 4 > 3, i <3 it, [EXIT], a | b", "1 < 2 and 4 > 3, i <3 it, [EXIT], a | b"),
        ("a ✓ sign: ✗", "a ✓ sign: ✗"),
        ("👨‍👩‍👧 می‌خواهم ❤️", "👨‍👩‍👧 می‌خواهم ❤️"),
    ],
)
def test_kinds_of_signs(text, made):
    assert plain(text) == made


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("The cup is red. ✓", "The cup is red."),
        ("bad ✗ ✓", "bad"),
        ("shows a ✓ on the sign", "shows a tick on the sign"),
        ("It shows a ✗", "It shows a cross"),
        ("It shows a ✅.", "It shows a tick."),
        ("two\nlines <im\nage>", "two lines (im age)"),
        ("ok ✔️\u200b", "ok"),
    ],
)
def test_what_a_judge_says_is_one_line_without_a_verdict_of_its_own(text, line):
    assert plain_line(text) == line


def test_a_declared_marker_is_torn():
    assert plain("a <tok> b TO_K c ### d [x]", MARKERS) == "a (tok) b TO _K c # # # d [ x]"
    assert plain("a ## b") == "a ## b"


@given(TEXTS)
def test_making_plain_twice_changes_nothing_more(text):
    for made in (plain, plain_line):
        once = made(text, MARKERS)
        assert made(once, MARKERS) == once
        assert not any(marker in once for marker in MARKERS)
        assert re.search(r"<\|?/?[a-zA-Z][^<>\n]{0,20}>|[\x00-\x08\x1b\u200b\u202a-\u202e\ud800-\udfff]", once) is None
        once.encode()
    assert plain(plain_line(text)) == plain_line(text)


@given(TEXTS, st.sampled_from(["paper", "think"]))
def test_a_rendered_payload_holds_the_labels_of_its_dialect_and_no_others(text, dialect):
    line = text or "a"
    for payload, bare in (
        (Reflection("logic_flaw", line, line), Reflection("logic_flaw", "a", "a")),
        (Plan(line, (line, line)), Plan("a", ("a", "a"))),
        (
            Evaluation((AxisScore("quality", 1, line, False),), 0.0),
            Evaluation((AxisScore("quality", 1, "a", False),), 0.0),
        ),
    ):
        shown = render(plain_payload(payload, MARKERS), dialect, 2)
        wanted = render(bare, dialect, 2)
        assert re.findall(r"<\w[^<>\n]*>", shown) == re.findall(r"<\w[^<>\n]*>", wanted)
        assert shown.count("\n") == wanted.count("\n")
        assert [shown.count(sign) for sign in (TICK, CROSS)] == [wanted.count(sign) for sign in (TICK, CROSS)]


def test_every_label_of_the_dialects_is_known():
    shown = "\n".join(render(p, dialect, 2) for p in PAYLOADS for dialect in ("paper", "think"))
    assert {label.strip("</>") for label in re.findall(r"<[^<>]+>", shown)} == set(LABELS)


def test_calls_and_models_are_no_texts():
    judgement = Judgement("analyzer", (Score("quality", 1, False),), 1, "a_key", "analyzer:some_model@1")
    verdict = Evaluation((AxisScore("quality", 1, "<image>", False),), 0.0, judgements=(judgement,))
    made = plain_payload(verdict, ("_m",))
    assert made.judgements == (judgement,)
    assert made.axes[0].reason == "(image)"


def test_a_payload_whose_text_vanishes_is_malformed():
    with pytest.raises(Malformed, match="nothing that can be read"):
        check_legible(Plan("why", ("add a cup", "\u200b✓")), "reply")
    check_legible(Plan("杯子", ("5", "é")), "reply")
