"""The table of faults is the same for everybody, has the share of faults that it is given, and ends every story."""

import pytest

from stages.protocols import Message
from tests.faults.table import LASTING, PASSING, WRONG, Table, digest

NAMES = [digest("m", [Message("user", "?")], [], seed, "image") for seed in range(20_000)]


@pytest.mark.parametrize("schema", ["image", "evaluation"])
def test_a_fifth_of_first_attempts_meets_a_fault_and_every_kind_comes(schema):
    table = Table(3)
    stories = [table.story(name, schema) for name in NAMES]
    assert stories == [Table(3).story(name, schema) for name in NAMES] != [Table(4).story(n, schema) for n in NAMES]
    assert 0.19 < sum(s.at(0) is not None for s in stories) / len(stories) < 0.22
    met = {fault for s in stories for fault in (*s.passing, s.end)} - {None}
    assert met == {*PASSING, *LASTING["image" if schema == "image" else "text"]}
    assert max(len(s.passing) for s in stories) == 4
    assert 0.002 < sum(s.cursed for s in stories) / len(stories) < 0.006
    assert all(s.at(99) == s.end for s in stories)


def test_every_part_of_a_request_changes_the_digest():
    request = ("m", [Message("user", "?")], ["i"], 1, "plan")
    others = [("n",), ("m", [Message("user", "!")]), (*request[:2], []), (*request[:3], 2), (*request[:4], "image")]
    assert len({digest(*(other + request[len(other) :])) for other in [request, *others]}) == 6


def test_wrong_replies_are_of_all_kinds():
    table = Table(3)
    assert {table.wrong(name) for name in NAMES[:200]} == set(WRONG)
