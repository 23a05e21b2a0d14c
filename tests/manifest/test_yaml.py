"""What YAML 1.1 and 1.2 read differently is refused with a line that names the key; what they agree about is taken."""

import json
import math
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.forecast.declaration import RatesError, declaration
from pipeline.manifest.file import load
from pipeline.manifest.spec import ManifestError
from pipeline.manifest.yaml_text import parse, read_word
from pipeline.replay.whatif import change_policy
from stages.policy import Policy

from .test_manifest_file import BASE, problems, write


def bare(word: str, old: str, new: str, *plainly: str) -> str:
    ways = ", or ".join([*plainly, f'"{word}" for the text'])
    return f": a bare {word} is {old} in YAML 1.1 and {new} in YAML 1.2; write {ways}"


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("seed: 1:30:00", "seed" + bare("1:30:00", "the number 5400", "a text", "5400")),
        ("seed: 010", "seed" + bare("010", "the number 8", "the number 10", "8", "10")),
        ("seed: 1_000", "seed" + bare("1_000", "the number 1000", "a text", "1000")),
        ("seed: 0b11", "seed" + bare("0b11", "the number 3", "a text", "3")),
        ("seed: 0o17", "seed" + bare("0o17", "a text", "the number 15", "15")),
        ("seed: 09", "seed" + bare("09", "a text", "the number 9", "9")),
        ("seed: 2024-01-01", "seed" + bare("2024-01-01", "a date", "a text")),
        ("seed: 2024-99-01", "seed" + bare("2024-99-01", "a date", "a text")),
        ("run: {budget_usd: .5e3}", "run.budget_usd" + bare(".5e3", "a text", "the number 500.0", "500.0")),
        ("run: {budget_usd: 1e3}", "run.budget_usd" + bare("1e3", "a text", "the number 1000.0", "1000.0")),
        ("run: {address: no}", "run.address" + bare("no", "false", "a text", "false")),
        ("policy: {final_check: yes}", "policy.final_check" + bare("yes", "true", "a text", "true")),
        (
            "output: {image: {size: [16:9, 64]}}",
            "output.image.size.0" + bare("16:9", "the number 969", "a text", "969"),
        ),
        ("<<: {seed: 4}", "<<: a merge key is read by YAML 1.1 alone; write the keys out"),
        ("policy: {<<: {final_check: true}}", "policy.<<: a merge key is read by YAML 1.1 alone; write the keys out"),
        ("run: {address: =}", 'run.address: a bare = is no text in YAML 1.1; write "="'),
        ("on: 5", "on" + bare("on", "true", "a text", "true")),
    ],
)
def test_what_two_versions_read_differently_is_refused(tmp_path: Path, more: str, line: str) -> None:
    text = BASE.replace("seed: 3\n", "") + more + "\n"
    assert problems(write(tmp_path, text)) == [f"FILE: {line}"]


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ("seed: !!int '4'", "the tag 'tag:yaml.org,2002:int' is not taken, write the value alone, a text in quotes"),
        ("seed: !mine 4", "the tag '!mine' is not taken, write the value alone, a text in quotes"),
        ("policy: {final_check: true, 'final_check': false}", "key 'final_check' given twice"),
        ("0x1: a\n1: b", "key '1' given twice"),
        ("true: a\nTrue: b", "key 'true' given twice"),
    ],
)
def test_tags_and_keys_given_twice_in_other_words_are_refused(tmp_path: Path, more: str, line: str) -> None:
    (problem,) = problems(write(tmp_path, BASE.replace("seed: 3\n", "") + more + "\n"))
    assert problem.endswith(f": {line}; correct the YAML there")


def test_a_word_that_a_key_offers_is_that_word(tmp_path: Path) -> None:
    manifest = load(
        write(tmp_path, BASE + "policy: {judging: {second: off}, voice: off}\n"), ["policy.repeat_subtasks=yes"]
    )
    assert (manifest.policy.judging.second, manifest.policy.voice) == ("off", "off")
    assert manifest.policy.repeat_subtasks == "yes"
    assert change_policy(Policy(), ["policy.judging.second=off"]).judging.second == "off"


def test_overrides_rates_and_replayed_policies_are_read_alike(tmp_path: Path) -> None:
    assert problems(write(tmp_path, BASE), "seed=1:30:00")[0].startswith(
        "--set: seed: a bare 1:30:00 is the number 5400"
    )
    assert load(write(tmp_path, BASE + "run: {workers: 1_0}\n"), ["run.workers=4"]).run.workers == 4
    with pytest.raises(ManifestError, match="a bare yes is true in YAML"):
        change_policy(Policy(), ["policy.final_check=yes"])
    rates = (Path("pipeline/forecast/demo_rates.yaml")).read_text()
    with pytest.raises(RatesError, match="evidence: a bare 1e3 is a text in YAML"):
        declaration(write(tmp_path, rates.replace("evidence: ", "evidence: 1e3 # "), "rates.yaml"))


def test_a_variable_is_a_number_only_where_every_version_says_so() -> None:
    words = ["5", "-2.5", "true", "yes", "1e3", "1:30:00", "010", "2024-01-01", "x"]
    assert [read_word(word) for word in words] == [5, -2.5, True, *words[3:]]


WORDS = st.one_of(
    st.from_regex(r"[-+]?[0-9_.:eExob]{1,12}", fullmatch=True),
    st.sampled_from(["y", "on", "Off", "NULL", "~", "null", ".inf", "-.INF", ".nan", "TRUE", "yes"]),
    st.floats().map(repr),
    st.integers().map(str),
)


@given(word=WORDS)
@settings(max_examples=400, deadline=None)
def test_a_word_is_a_surprise_or_what_both_versions_make_of_it(word: str) -> None:
    try:
        value, surprises = parse(f"key: {word}\n")
        old = yaml.safe_load(f"key: {word}\n")
    except (yaml.YAMLError, ValueError):
        return
    if not isinstance(value, dict) or "key" not in value:
        return
    if surprises:
        assert value["key"] == word
        assert json.dumps(word) in surprises[0].problem or "write" in surprises[0].problem
        return
    new = value["key"]
    assert type(new) is type(old["key"])
    assert new == old["key"] or (math.isnan(new) and math.isnan(old["key"]))
    if isinstance(new, int | float) and not isinstance(new, bool):
        read = float if isinstance(new, float) else lambda text: int(text, 16 if "x" in text else 10)
        assert word.lower().strip("+-") in (".inf", ".nan") or read(word) == new
