"""Instructions that people typed are read rightly or not at all.

The grammar was improved on `handwritten_dev.jsonl`, by several authors. `handwritten_heldout.jsonl` was read once when
the grammar was first done: 90 of 100 understood, none wrongly. `handwritten_independent.jsonl` is by a writer who knew the
vocabulary and nothing of the grammar: 88 of 100 when it was first read, none wrongly. The grammar is not to be tuned on them.
`expect` holds orders in the world's own words; null: not to be understood.
"""

import json
from itertools import product
from pathlib import Path

import pytest

from pipeline.backends.world.scenes import ops
from pipeline.backends.world.scenes.ops import Look, Near, Selector
from pipeline.backends.world.words import spans
from pipeline.backends.world.words.reading import NotUnderstood, facts, glean, parse
from pipeline.backends.world.words.topics import clash

HERE = Path(__file__).parent
REAL = HERE.parents[2] / "shared" / "data"
STAR, HEART = Selector(Look("star")), Selector(Look("heart"))
AT_LEFT = Selector(Look("star"), "left")


def understood(text):
    """The ops of a text, with those about the whole picture last; None when it is not understood."""
    try:
        return sorted(parse(text), key=lambda op: isinstance(op, ops.Background | ops.Light))
    except NotUnderstood:
        return None


def handwritten(name):
    lines = (HERE / f"handwritten_{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", ["dev", "heldout", "independent"])
def test_handwritten_instructions_are_understood_and_never_misread(name):
    rows = handwritten(name)
    pairs = [(understood(row["text"]), understood(row["expect"])) for row in rows if row["expect"] is not None]
    assert all(expected is not None for _, expected in pairs)
    assert [got for got, expected in pairs if got not in (None, expected)] == []
    assert sum(got is not None for got, _ in pairs) >= 0.8 * len(pairs) >= 80
    assert [row["text"] for row in rows if row["expect"] is None and understood(row["text"]) is not None] == []


@pytest.mark.skipif(not REAL.exists(), reason="the real prompts are not here")
def test_real_prompts_are_not_claimed():
    prompts = [row["ins_en"] for row in json.loads((REAL / "kris_bench.json").read_text())]
    prompts += [json.loads(line)["prompt"] for line in (REAL / "geneval.jsonl").read_text().splitlines()]
    for line in (REAL / "tiif_sample.jsonl").read_text().splitlines():
        prompts += [json.loads(line)[kind] for kind in ("short_description", "long_description")]
    assert len(prompts) > 2000
    ours = ("potted plant", "donut", "Change this balloon to yellow", "Change the triangle into a square")
    assert [p for p in prompts if understood(p) is not None and not any(word in p for word in ours)] == []


NOUNS = ("circle", "square", "diamond", "star", "heart", "fish", "candle", "arrow", "gear")


def plural(noun):
    return noun if noun == "fish" else f"{noun}s"


def a(words):
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def test_the_six_forms_of_geneval():
    for one, two in product(NOUNS, NOUNS):
        first, second = Look(one), Look(two)
        assert parse(f"a photo of {a(one)}") == [ops.Add(first)]
        assert parse(f"a photo of {a(one)} and {a(two)}") == [ops.Add(first), ops.Add(second)]
        for number, word in enumerate(("two", "three", "four"), 2):
            assert parse(f"a photo of {word} {plural(one)}") == [ops.Count(first, number)]
        assert parse(f"a photo of {a(f'red {one}')}") == [ops.Add(Look(one, "red"))]
        expected = [ops.Add(Look(one, "orange")), ops.Add(Look(two, "blue"))]
        assert parse(f"a photo of {a(f'orange {one}')} and {a(f'blue {two}')}") == expected
        for words, way in (("left of", "left"), ("right of", "right"), ("above", "above"), ("below", "below")):
            expected = [ops.Add(second), ops.Add(first, Near(way, Selector(second)))]
            assert parse(f"a photo of {a(one)} {words} {a(two)}") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("move the star to the left and make it blue", [ops.Move(STAR, "left"), ops.Alter(AT_LEFT, Look(colour="blue"))]),
        ("paint the star red and the heart blue", [ops.Alter(STAR, Look(colour="red")), ops.Alter(HEART, Look(colour="blue"))]),
        ("remove the star and the heart", [ops.Remove(STAR), ops.Remove(HEART)]),
        ("in the top left corner, put a red star", [ops.Add(Look("star", "red"), "top left")]),
        ("put a heart instead of the star", [ops.Replace(STAR, Look("heart"))]),
        ("a heart should be where the star is", [ops.Replace(STAR, Look("heart"))]),
        ("Turn the heart upside down.", [ops.Turn(HEART, "around")]),
        ("an hour later", None),
        ("The sign should read 42", [ops.Alter(Selector(Look("sign")), Look(text="42"))]),
        ("remove the stars", [ops.Remove(Selector(Look("star"), every=True))]),
        ("add another circle", [ops.Add(Look("circle"))]),
    ],
)  # fmt: skip
def test_ways_of_speaking(text, expected):
    assert understood(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "please", "a photo of a bench", "make it nicer", "leave everything else as it is", "make it red"),
        *(
            "do not remove the star",
            "remove all stars except the red one",
            "remove only the star",
            "make the other star red",
        ),
        *("remove the star without the heart", "move the star slightly to the left", "make the biggest star red"),
        *(
            "paint half of the circle red",
            "paint the star red and blue",
            "make the background mint, then make it cream",
        ),
        *(
            "remove the star, then paint the star red",
            "give the circle a red spot",
            "give the white circle a white spot",
        ),
        *(
            "remove the star by the ring",
            "add some stars",
            "remove a star",
            "add a large small star",
            "make the background blue",
        ),
        *(
            "turn the fish upside down",
            'make the sign say "HELLO"',
            "put the fish below the candle and the star above it",
            *("put the heart from picture 2 on the left", "the red star might be blue", "would the star be red?"),
            *("the star is red", "the star can stay", "I also need two stars", "what if it were night?"),
            *("I don't want the star to be blue", "lose the star, not the heart", "a star is missing"),
        ),
    ],
)
def test_what_could_be_misread_is_not_understood(text):
    with pytest.raises(NotUnderstood):
        parse(text)


GUESSES = (
    "Two stars should go.",
    "A star should go.",
    "Another star should go.",
    "There is a red star at the top left. Make it blue.",
    "The picture shows a star. Remove it.",
    "This picture has a red star. Make it blue.",
    "There are two stars. Remove both.",
    'There is a sign. Make it say "HI".',
    "There are three stars. There should be two stars.",
    "The background is grey. Make the star red.",
    "It is night. Add a star.",
    "on white, remove the star.",
    "Second star should be red.",
    "Third star should be red.",
    "First star must vanish.",
    "Last circle should be blue.",
    "Have three stars and nothing else.",
    "Keep only two stars and nothing else.",
    "Just the star should be red.",
    "Remove the two stars.",
    'Make the sign say "ß".',
    "Remove the red star and circle.",
    "Add a red star and circle.",
    "Make the star and the circle at the top red.",
    "Add a star and a circle. Make it red.",
    "Replace the stars with a circle.",
)


@pytest.mark.parametrize("text", GUESSES)
def test_descriptions_and_loose_ends_are_not_guessed_at(text):
    assert understood(text) is None


def test_two_meanings_are_none():
    text = "move the circle to the left of the square above the heart"
    assert understood(text) is None
    assert understood(text.replace("circle to", "circle that is to")) is not None


def test_orders_that_undo_each_other_clash():
    red, blue = (ops.Alter(STAR, Look(colour=c)) for c in ("red", "blue"))
    assert clash([red, blue])
    assert not clash([red, ops.Alter(HEART, Look(colour="blue"))])


def test_glean_passes_other_words_over():
    gleaned = glean("The sky is off. Remove the red circle, and be careful; make the background mint")
    assert gleaned == [ops.Remove(Selector(Look("circle", "red"))), ops.Background("mint")]


def test_facts_are_what_an_explanation_says_of_terms():
    assert facts("A ball falls. The colour of Lorvia is purple. Tamsel's colour is red.") == {
        "?lorvia": "purple",
        "?tamsel": "red",
    }
    assert facts("The colour of Lorvia is purple. The color of Lorvia is red.") == {}
    assert facts("The colour of the sky is blue.") == {}


def test_an_ordinary_text_takes_a_hundredth_of_the_steps_that_are_allowed(monkeypatch):
    text = (
        "Remove the red circle. Add a large blue star at the top left. Make the heart green. "
        "Swap the ring with the cross. Change the background to {}."
    )
    monkeypatch.setattr(spans, "MOST_STEPS", spans.MOST_STEPS // 100)
    for ground in ("mint", "cream", "grey", "white", "azure"):
        assert len(parse(text.format(ground))) == len(glean(text.format(ground))) == 5
