"""Agreement is what other libraries compute on random tables, with gaps and with many people."""

from itertools import combinations

import krippendorff
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from pipeline.review.numbers.raters import OPINIONS, agree, agreements
from pipeline.views.tables import agreement as judges
from tests.review.numbers.synthetic import cell, item, lot, said, settled_by_lead

LETTERS = {"a": "accept", "r": "reject", "u": "unsure"}
tables = st.integers(2, 5).flatmap(
    lambda people: st.lists(
        st.lists(st.sampled_from("aaaru-"), min_size=people, max_size=people), min_size=2, max_size=40
    )
)


def units(rows):
    return [{f"p{n}": LETTERS[c] for n, c in enumerate(row) if c != "-"} for row in rows]


@settings(max_examples=60)
@given(tables)
def test_alpha_is_krippendorffs(rows):
    shared = [row for row in rows if sum(c != "-" for c in row) > 1]
    assume(len({c for row in shared for c in row} - {"-"}) > 1)
    counts = np.array([[row.count(c) for c in LETTERS] for row in shared])
    expected = krippendorff.alpha(value_counts=counts, value_domain=np.arange(3), level_of_measurement="nominal")
    assert agree(units(rows)).alpha == pytest.approx(expected, abs=1e-9)


@settings(max_examples=60)
@given(tables)
def test_kappa_is_the_mean_of_statsmodels_by_pairs(rows):
    kappas, weights = [], []
    for a, b in combinations(range(len(rows[0])), 2):
        table = np.zeros((3, 3))
        for row in rows:
            if "-" not in (row[a], row[b]):
                table["aru".index(row[a]), "aru".index(row[b])] += 1
        n = table.sum()
        if n and (table.sum(axis=0) @ table.sum(axis=1)) / n**2 < 1 - 1e-12:
            kappas.append(cohens_kappa(table, return_results=False))
            weights.append(n)
    got = agree(units(rows)).kappa
    assert got == (None if not kappas else pytest.approx(np.average(kappas, weights=weights), abs=1e-9))


@given(st.lists(st.sampled_from(["aa", "ar", "ra", "rr"]), min_size=1, max_size=60))
def test_of_two_people_without_gaps_ac1_is_that_of_the_judges(rows):
    table = [[rows.count(a + b) for b in "ar"] for a in "ar"]
    assert agree(units(rows), ("accept", "reject")).ac1 == pytest.approx(judges.ac1(table), abs=1e-9)


def test_ac1_with_gaps_is_that_of_irrcac():
    """The figures are those of irrCAC 0.4.4 (`CAC.gwet`), rounded by it."""
    rows = ["aaa", "aar", "a-a", "rr-", "-uu", "aa-", "aaa", "ra-", "aaa", "a--", "uar", "-aa"]
    got = agree(units(rows))
    assert (got.items, got.ac1, got.ac1_low, got.ac1_high) == pytest.approx((11, 0.68652, 0.28407, 1.0), abs=2e-5)
    assert got.raw == pytest.approx(0.75758, abs=1e-5)


def test_kappa_collapses_where_ac1_does_not():
    rows = ["aa"] * 91 + ["ar"] * 4 + ["ra"] * 4 + ["rr"]
    got = agree(units(rows), ("accept", "reject"))
    assert (got.raw, got.ac1, got.kappa) == pytest.approx((0.92, 0.912, 0.158), abs=0.001)
    assert got.note == "95% of the verdicts are accept: kappa is low then even where people agree; go by AC1"


def test_perfect_agreement_is_one_and_nothing_is_none():
    got = agree(units(["aa"] * 5))
    assert (got.raw, got.ac1, got.alpha, got.kappa) == (1.0, 1.0, None, None)
    assert agree(units(["a-", "-r"])) == agree([])


def test_a_lead_who_knows_what_was_said_is_no_blind_judge():
    one = item("x", cell(lot()))
    row = settled_by_lead(one, "accept", said(one, "ada", "accept", "reject"), said(one, "bob", "accept", "accept"))
    got = agreements([row])
    assert (got["result"].raw, got["reasoning"].raw, got["whole"].raw) == (1.0, 0.0, 0.0)
    assert set(OPINIONS) == {"accept", "reject", "unsure"}
