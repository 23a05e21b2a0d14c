"""Mixtures: weights hold in every prefix, and what grows keeps what it had."""

from collections import Counter
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.forecast.planned import planned
from pipeline.manifest.identity import fingerprint
from stages.identity import draw
from tests.planning.test_waves import whole
from tests.sources.tables import make_manifest, table, write_jsonl

ROWS = 40
weights = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A function that describes a source of rows whose instructions and categories vary."""
    folder = tmp_path_factory.mktemp("rows")

    def describe(name: str, rows: int = ROWS, **spec: Any) -> dict[str, Any]:
        values: list[Any] = [{"prompt": f"{name} {n}", "kind": "abc"[n % 3]} for n in range(rows)]
        path = folder / f"{name}-{rows}.jsonl"
        if not path.exists():
            write_jsonl(path, values)
        return table(path, name=name, columns={"category": "kind"}, **spec)

    return describe


@settings(max_examples=20, deadline=None)
@given(weights, st.integers(1, 50))
def test_every_prefix_holds_the_sources_by_their_weights(source, shares, wave):
    manifest = make_manifest(*(source(f"s{n}", weight=float(w)) for n, w in enumerate(shares)))
    order = [t.sample.source for t in whole(manifest, wave)]
    assert len(order) == ROWS * len(shares)
    counts: Counter[str] = Counter()
    for place, name in enumerate(order, 1):
        counts[name] += 1
        if ROWS in counts.values():  # a source has ended: the others go on without it
            break
        for n, weight in enumerate(shares):
            share = Fraction(weight, sum(shares))
            # half a row of its own, and its share of the half rows of all
            assert abs(counts[f"s{n}"] - place * share) <= Fraction(1, 2) + share * Fraction(len(shares), 2)


def test_only_the_ratio_of_weights_counts_and_they_do_not_change_a_sources_own_order(source):
    def plan(*shares: float | None) -> list[str]:
        return [
            t.sample.id for t in whole(make_manifest(source("a", weight=shares[0]), source("b", weight=shares[1])), 7)
        ]

    assert plan(3, 1) == plan(0.3, 0.1) != plan(1, 1)
    alone = [t.sample.id for t in whole(make_manifest(source("a")), 7)]
    assert [name for name in plan(3, 1) if name in set(alone)] == alone


def test_weights_are_for_all_sources_or_for_none(source):
    with pytest.raises(ValueError, match="'a' has a weight and 'b' has none; give every source one, or none of them"):
        make_manifest(source("a", weight=2.0), source("b"))


GROWTH = st.sampled_from(
    [
        ({"sample": 0.2}, {"sample": 0.7}),
        ({"sample": 0.5}, {}),
        ({"cap": 5}, {"cap": 17}),
        ({"cap": 17}, {}),
        ({"caps": {"a": 2, "b": 4}}, {"caps": {"a": 7}}),
        ({"limit": 9}, {"limit": 23}),
    ]
)


@settings(max_examples=15, deadline=None)
@given(GROWTH, st.integers(2, 50), st.booleans())
def test_what_grows_keeps_what_it_had_and_its_order(source, change, wave, weighted):
    small, large = (make_manifest(source("a", **spec, **({"weight": 1.0} if weighted else {}))) for spec in change)
    before = [t.sample for t in whole(small, wave)]
    after = [t.sample for t in whole(large, wave)]
    assert before == [s for s in after if s.id in {b.id for b in before}]
    assert len(after) > len(before)


def test_caps_take_the_first_rows_of_the_order_and_a_full_cap_ends_the_reading(source):
    everything = whole(make_manifest(source("a")), 10)
    capped = whole(make_manifest(source("a", cap=12)), 10)
    assert [t.sample for t in capped] == [t.sample for t in everything[:12]]
    by_category = whole(make_manifest(source("a", caps={"a": 2})), 10)
    first = [t.sample.id for t in everything if t.sample.category == "a"][:2]
    assert [t.sample.id for t in by_category if t.sample.category == "a"] == first
    assert len(by_category) == sum(t.sample.category != "a" for t in everything) + 2


def test_a_cap_counts_rows_and_not_their_rollouts(source):
    assert len(whole(make_manifest(source("a", cap=4, rollouts=3)), 10)) == 12


def test_a_sample_is_about_its_share_and_its_lots_are_even():
    lots = [draw(7, "s", str(n)) for n in range(4000)]
    for share in (0.1, 0.5):
        assert abs(sum(lot < share for lot in lots) / 4000 - share) < 0.03


def test_a_plan_counts_what_is_taken(source):
    assert planned(make_manifest(source("a", sample=0.5), source("b", cap=7), source("c", rollouts=2))) == {
        "a": 20, "b": 7, "c": 80,
    }  # fmt: skip


def test_a_source_without_a_mixture_is_the_same_build_as_ever(source):
    plain = make_manifest(source("a"))
    assert not {"weight", "sample", "cap", "caps"} & plain.model_dump(mode="json")["sources"][0].keys()
    assert fingerprint(plain, {}) != fingerprint(make_manifest(source("a", cap=3)), {})
