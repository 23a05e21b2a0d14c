"""Compounds of the world's own edits are well-formed, as the world tells; and the same however many are asked for."""

from itertools import islice

from benchmarks.compounds import measure, singles
from pipeline.backends.world.words.reading import parse
from pipeline.composing.compounds import compose
from pipeline.composing.lexicon import CATEGORIES
from pipeline.composing.pairs import pair
from pipeline.composing.parents import gather
from tests.composing.edits import edit, portrait


def test_nearly_all_compounds_are_well_formed_and_all_sub_categories_right():
    faults, right, known, edits = measure(scenes=25, count=60, seed=7)
    assert faults.total() == right == 60
    assert faults[""] >= 0.95 * 60
    assert known >= 0.95 * edits


def test_more_compounds_begin_with_the_same_ones():
    parents = gather(one.sample for one in singles(10, 10, 1)).by_reference
    few, many = (list(islice(compose(parents, 2, 6, 3), n)) for n in (5, 12))
    assert many[:5] == few
    assert len({one.id for one in many}) == 12
    assert [one.id for one in islice(compose(dict(reversed(parents.items())), 2, 6, 3), 5)] == [one.id for one in few]
    assert all(2 <= len(one.parts) <= 6 and one.category in CATEGORIES for one in many)


def test_lineage_licences_and_facts_of_all_parents():
    rows = [
        edit("a", "1", "remove the cat", licence="cc-by-4.0"),
        edit("b", "7", "paint the sofa blue", licence="apache-2.0", explanation="A sofa is a seat."),
        edit("c", "3", "add a bird to the tree", licence="proprietary"),
        edit("c", "4", "make it better"),
        edit("c", "5", "make the cat red", licence="cc-by-4.0"),
    ]
    parents = gather(rows, {"cc-by-4.0", "apache-2.0"})
    assert dict(parents.left_out) == {"licence proprietary": 1, "licence other": 1}
    (one, other) = compose(parents.by_reference, 2, 6, 0)
    assert {p.key for p in (*one.parents, *other.parents)} == {"a\n1", "b\n7", "c\n5"}
    assert one.licence == other.licence == "apache-2.0 AND cc-by-4.0"
    assert one.explanation == "A sofa is a seat."
    assert sorted(one.parts)[0] != sorted(other.parts)[0]


def test_a_thing_is_borrowed_from_the_picture_that_has_it():
    parents = gather([portrait(n) for n in range(6)])
    made = list(pair(parents.by_reference, 0))
    assert {one.category for one in made} == {"composition", "object_replacement", "reference_transfer"}
    for one in made:
        assert len(one.references) == 2
        assert one.references[0] != one.references[1]
        assert parse(one.instruction), one.instruction


def test_a_thing_that_a_row_adds_is_not_there_to_be_borrowed():
    rows = [edit("a", str(n), "add a hat to the table", reference=str(n)) for n in range(4)]
    assert list(pair(gather(rows).by_reference, 0)) == []


def test_what_follows_leaves_the_borrowed_things_alone():
    rows = [
        edit("a", "1", "remove the cat on the sofa", reference="1"),
        edit("a", "2", "paint the cat black", reference="1"),
        edit("a", "3", "paint the dog brown", reference="1"),
        edit("a", "4", "make it night", reference="1"),
        edit("b", "1", "make the lamp bigger", reference="2"),
    ]
    made = [one for one in pair(gather(rows).by_reference, 5) if one.references[0].sha256[0] == "1"]
    changed = [one for one in made if one.category != "composition"]
    assert changed
    assert all("a\n2" not in {p.key for p in one.parents} for one in changed)
