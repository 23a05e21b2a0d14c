"""Single edits in plain English: what they are about, and which of them may stand together."""

from random import Random

import pytest

from pipeline.composing.category import category_of
from pipeline.composing.clause import read
from pipeline.composing.rules import conflict, in_order

CATEGORIES = [
    ("Add a rainbow in the sky", "addition"),
    ("remove the man on the left", "removal"),
    ("Replace the car with a bicycle", "replacement"),
    ("Change the colour of the dress to red", "color"),
    ("make the door wooden", "material"),
    ("Make the dog bigger", "size"),
    ("change the background to a beach", "background"),
    ("Turn it into a watercolor painting", "style"),
    ("Make the photo look like night", "tone_lighting"),
    ('write "OPEN" on the sign', "text"),
    ("Move the vase to the left", "spatial_arrangement"),
    ("show the house from above", "viewpoint"),
    ("make the woman sit", "pose"),
    ("change the number of candles to three", "count"),
    ("give the cat the colour of the thing from picture 2", "reference_transfer"),
]


@pytest.mark.parametrize(("instruction", "category"), CATEGORIES)
def test_the_sub_category_of_an_edit(instruction, category):
    assert category_of(instruction) == category


APART = [
    ("Remove the cat.", "Make the cat red."),
    ("remove the man on the left", "give the person a hat"),
    ("Make the car red", "Change the colour of the vehicle to blue"),
    ("add a rainbow in the sky", "turn the clouds pink"),
    ("change the background to a beach", "make the background darker"),
    ("make it night", "turn it into a sunny day"),
    ("turn it into a painting", "make it a cartoon style"),
    ("remove the object on the left", "make the dog bigger"),
    ("put a vase at the top left", "move the lamp to the top left"),
    ("make the ball roll as far as it goes", "remove the dog"),
    ("change the background to white", "paint the fence white"),
]
TOGETHER = [
    ("Remove the cat.", "Change the colour of the sofa to red"),
    ("add a hat to the man", "turn the grass into sand"),
    ("change the background to a beach", "make it night"),
    ("put a vase at the top left", "move the lamp to the bottom right"),
]


@pytest.mark.parametrize(("pair", "apart"), [(p, True) for p in APART] + [(p, False) for p in TOGETHER])
def test_edits_that_may_not_stand_together(pair, apart):
    one, other = (read(text) for text in pair)
    assert one is not None
    assert other is not None
    assert conflict(one, other) is conflict(other, one) is apart


@pytest.mark.parametrize(
    "text",
    [
        "make it better",
        "make them red",
        "Remove the cat and add a dog.",
        "Add a hat. Make it red.",
        "Turn the sky pink, then remove the boat",
        "",
        "xyzzy",
        "改变背景",
    ],
)
def test_what_is_not_understood_as_one_edit_is_joined_with_nothing(text):
    assert read(text) is None


def test_things_come_before_the_whole():
    texts = [
        "show the house from behind",
        "make it night",
        "add a bird",
        "remove the cat",
        "change the background to snow",
    ]
    clauses = [read(text) for text in texts]
    order = in_order(clauses, Random(1))
    assert [texts[place] for place in order] == [texts[3], texts[2], texts[4], texts[1], texts[0]]


def test_courtesies_and_stops_are_no_part_of_a_clause():
    clause = read("Could you please remove the TV.", "removal")
    assert (clause.text, clause.subject, clause.things) == ("remove the TV", "tv", {"tv"})
    assert read("TV screens should be removed", "removal").text == "TV screens should be removed"
