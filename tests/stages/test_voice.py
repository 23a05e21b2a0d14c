"""The training voice: texts that keep it pass, texts that break it are marked with the rule and the words."""

from pathlib import Path

import pytest

from stages.phrases import phrases, word_sets
from stages.records import AxisScore, Diagnosis, Evaluation, Plan, Reflection
from stages.voice import breaches, flawed_texts, rules_broken


def fits(lines: str, text: str, **sets: str) -> list[str]:
    return [words for phrase in phrases(f"\n{lines}\n", sets) for words in phrase.matches(text)]


@pytest.mark.parametrize(
    ("line", "text", "words"),
    [
        ("judge|critic said", "The Critic said so.", ["Critic said"]),
        ("judg* _ low", "judging it low", ["judging it low"]),
        ("very? small", "small, very small", ["small", "very small"]),
        ("a very? small cat", "a small cat, a very small cat", ["a small cat", "a very small cat"]),
        ("^ attempt", "An attempt. Attempt two", ["Attempt"]),
        ("his|her ~ attempt", "his attempt, one attempt", ["attempt"]),
        ("last picture - on|in", "last picture on it, last picture of it", ["last picture"]),
        ("round + .|had", "round table, round had, round.", ["round", "round"]),
        ("score|scores ! piano|<size>", "the score is 3", ["score"]),
        ("score|scores ! piano|<size>", "the score lies on the piano", []),
        ("score|scores ! piano|<size>", "a very big score", []),
        (r"score /[1-5]\s?\/\s?5/", "score 3 / 5", ["score 3 / 5"]),
        ("<size> cat", "a small cat, a very big cat", ["small cat", "very big cat"]),
    ],
)
def test_phrases_fit_the_words_they_say(line, text, words):
    assert fits(line, text, size="small, very big") == words


def test_an_indented_line_goes_on():
    assert word_sets("\nsize  small,\n      big\ncolour red\n") == {"size": "small, big", "colour": "red"}
    assert fits("one|\n    two cat", "two cat") == ["two cat"]


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("The second attempt shows a blue cup.", "attempts", "second attempt"),
        ("The picture before it was better.", "unseen", "The picture before"),
        ("Quality is below the threshold.", "judging", "below the threshold"),
        ("The model failed to draw a hat.", "roles", "The model failed"),
        ("You should move the cup.", "address", "You should"),
        ("This is under_editing.", "form", "under_editing"),
    ],
)
def test_a_breach_names_its_rule_and_its_words(text, rule, words):
    assert [(s.rule, s.words) for s in breaches(text)] == [(rule, words)]


@pytest.mark.parametrize("text", ["A cup. A hat. A dog. A cat.", "a" * 401, "one line\nand another"])
def test_a_text_is_one_line_of_few_sentences(text):
    assert [s.rule for s in breaches(text)] == ["length"]


def test_what_a_sign_reads_breaks_nothing():
    assert not breaches('The sign reads "the last attempt" and LAST ROUND 2 in red.')
    assert breaches("THE LAST ATTEMPT SHOWS A CUP")


def test_every_text_of_a_payload_is_read():
    bad = "The attempt failed."
    assert rules_broken(Plan("Two things.", ("Add a cup.", bad))) == ("attempts",)
    assert [place for place, _ in flawed_texts(Reflection("logic_flaw", bad, bad))] == [
        "failure_analysis",
        "improvement_plan",
    ]
    verdict = Evaluation((AxisScore("instruction", 5, "A cup.", True), AxisScore("quality", 1, bad, False)), 0.0)
    assert [place for place, _ in flawed_texts(verdict)] == ["quality.reason"]
    assert rules_broken(Diagnosis("prompt_too_complex", bad)) == ()


@pytest.mark.parametrize(("name", "breaks"), [("good", False), ("bad", True)])
def test_the_rules_tell_texts_that_break_the_voice_from_those_that_keep_it(name, breaks):
    """The corpus that the rules were written with: all of it is told apart."""
    lines = (Path(__file__).parent / "voice" / f"{name}.txt").read_text("utf-8").splitlines()
    assert len(lines) >= 120
    assert [line for line in lines if bool(breaches(line)) != breaks] == []


@pytest.mark.parametrize(("name", "breaks"), [("other_good", False), ("other_bad", True)])
def test_texts_of_another_hand_are_told_apart(name, breaks):
    """A hundred texts each, by somebody who had not read the rules; seven kinds of them were mended here afterwards."""
    lines = (Path(__file__).parent / "voice" / f"{name}.txt").read_text("utf-8").splitlines()
    assert len(lines) == 100
    assert len(wrong := [line for line in lines if bool(breaches(line)) != breaks]) <= 5, wrong


@pytest.mark.parametrize(("name", "breaks"), [("wide_good", False), ("wide_bad", True)])
def test_texts_of_a_third_hand_are_told_apart(name, breaks):
    """Five sets, each written before its failures were looked at and mended afterwards; some readings stay open."""
    lines = (Path(__file__).parent / "voice" / f"{name}.txt").read_text("utf-8").splitlines()
    assert len(lines) >= 500
    assert len(wrong := [line for line in lines if bool(breaches(line)) != breaks]) <= len(lines) * 0.02, wrong


@pytest.mark.parametrize(("name", "breaks"), [("fresh_good", False), ("fresh_bad", True)])
def test_texts_of_a_fourth_hand_are_told_apart(name, breaks):
    """Two sets by somebody who had seen neither rules nor texts, mended here afterwards by their kinds; \\n is a line break."""
    lines = (Path(__file__).parent / "voice" / f"{name}.txt").read_text("utf-8").splitlines()
    texts = [line.replace("\\n", "\n") for line in lines]
    assert len(texts) == 200
    assert len(wrong := [text for text in texts if bool(breaches(text)) != breaks]) <= 2, wrong
