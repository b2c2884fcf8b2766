"""No hidden cell can be told by somebody who solves for it with everything that is shown."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus.population.cohorts.attrition import shown_steps
from soleus.population.cohorts.cohort import Step
from soleus.population.cohorts.prevalence import Cell, hidden_frequencies
from soleus.population.results.suppression import shown_cells

optimize = pytest.importorskip("scipy.optimize")
TABLES = st.integers(2, 3).flatmap(
    lambda rows: st.integers(2, 4).flatmap(
        lambda columns: st.lists(
            st.lists(st.sampled_from([0, 1, 1, 2, 3, 4, 6, 9, 30, 200]), min_size=columns, max_size=columns),
            min_size=rows,
            max_size=rows,
        )
    )
)


def lattice(table: list[list[int]]) -> tuple[list[int], list[list[int]]]:
    """The cells of a table in a row, and what each published count is the sum of: cells, rows, columns, everything."""
    rows, columns = range(len(table)), range(len(table[0]))
    place = {(r, c): n for n, (r, c) in enumerate(product(rows, columns))}
    parts = [[place[r, c]] for r in rows for c in columns]
    parts += [[place[r, c] for c in columns] for r in rows] + [[place[r, c] for r in rows] for c in columns]
    return [n for row in table for n in row], [*parts, sorted(place.values())]


def attack(
    finest: list[int], parts: list[list[int]], shown: Any, target: list[int], hidden_least: int = 1
) -> tuple[float, float]:
    """The least and the most that a hidden count can be, given all that is shown: a 0 is shown, the hidden are more."""
    sums = np.zeros((len(parts), len(finest)))
    for row, cells in enumerate(parts):
        sums[row, cells] = 1
    equal, values = sums[shown], (sums @ finest)[shown]
    bounds = [(0, 0) if n == 0 else (hidden_least, None) for n in finest]
    wanted = np.isin(np.arange(len(finest)), target).astype(float)
    ends = [
        optimize.linprog(sign * wanted, A_eq=equal if len(equal) else None, b_eq=values if len(equal) else None,
                         bounds=bounds)
        for sign in (1, -1)
    ]  # fmt: skip
    return ends[0].fun, -ends[1].fun if ends[1].status == 0 else float("inf")


@settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
@given(TABLES, st.sampled_from([3, 5]))
def test_no_small_cell_of_a_table_with_its_totals_can_be_solved_for(table: list[list[int]], least: int) -> None:
    finest, parts = lattice(table)
    shown = shown_cells(finest, parts, least)
    for cells, seen in zip(parts, shown, strict=True):
        count = sum(finest[c] for c in cells)
        if 0 < count < least:
            assert not seen
            low, high = attack(finest, parts, shown, cells)
            assert low - 1e-6 <= count <= high + 1e-6
            assert high - low > 1e-6


def test_a_cell_that_is_alone_takes_the_smallest_that_can_hide_it() -> None:
    """Women 40, men 3: the total would tell the men, so the women are hidden and the total is not."""
    assert shown_cells([40, 3], [[0], [1], [0, 1]]).tolist() == [False, False, True]


def test_two_cells_of_one_are_not_enough() -> None:
    """1 + 1 of a total of 42 beside 40: what is left for two cells that are not 0 is 2."""
    assert shown_cells([1, 1, 40, 60], [[0], [1], [2], [3], [0, 1, 2, 3]]).tolist() == [False, False, False, True, True]


def test_a_cell_of_one_beside_another_small_one_hides_it() -> None:
    """4 and 1 of a total of 45 beside 40 may be 1 and 4, 2 and 3, or 3 and 2: nothing more is hidden."""
    assert shown_cells([4, 1, 40], [[0], [1], [2], [0, 1, 2]]).tolist() == [False, False, True, True]


def test_a_total_of_another_table_counts() -> None:
    """By sex (50, 50) and by age (96, 4), each harmless beside its own cells: the 4 old are hidden in both."""
    finest = [48, 2, 48, 2]  # women young and old, men young and old
    by_sex, by_age, cells = [[0, 1], [2, 3]], [[0, 2], [1, 3]], [[0], [1], [2], [3]]
    shown = shown_cells(finest, [*by_sex, *by_age, *cells, [0, 1, 2, 3]])
    assert shown.tolist()[3] is False
    for cells_of, seen in ((by_age[1], shown[3]), ([1], shown[5]), ([3], shown[7])):
        low, high = attack(finest, [*by_sex, *by_age, *cells, [0, 1, 2, 3]], shown, cells_of)
        assert not seen
        assert high > low


def test_what_is_not_published_must_not_follow_either() -> None:
    """100 people, 97 after a step: the 3 who were lost are told by the two."""
    parts, published = [[0, 1], [1], [0]], np.array([True, True, False])
    shown = shown_cells([3, 97], parts, published=published)
    assert shown[:2].sum() == 1


@settings(deadline=None, max_examples=100, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from([0, 0, 1, 2, 4, 5, 30]), min_size=1, max_size=5), st.sampled_from([0, 2, 7, 60]))
def test_no_small_loss_of_an_attrition_table_can_be_solved_for(lost: list[int], left: int) -> None:
    """Each count is what is lost later and what is left: neither a small loss nor a small rest follows.

    A step without a loss before a hidden one is hidden too, so that a hidden loss may be nothing.
    """
    finest = [*lost, left]
    counts = [sum(finest[n:]) for n in range(len(finest))]
    shown = [row["people"] is not None for row in shown_steps([Step("", 2 * n, n) for n in counts])]
    parts = [list(range(n, len(finest))) for n in range(len(finest))]
    for target, count in enumerate(finest):
        if 0 < count < 5:
            low, high = attack(finest, parts, shown, [target], hidden_least=0)
            assert high - low > 1e-6


def test_of_a_small_loss_the_earlier_count_is_hidden_so_that_who_is_in_is_told() -> None:
    rows = shown_steps([Step("", 60, 60), Step("", 33, 33), Step("", 30, 30), Step("", 30, 30)])
    assert [row["people"] for row in rows] == [60, None, 30, 30]


def test_who_is_in_is_told_as_entries_and_as_people_or_as_neither() -> None:
    """With one entry a person either count is the other."""
    rows = shown_steps([Step("All", 60, 52), Step("First of a person", 50, 50)])
    assert [(row["entries"], row["people"]) for row in rows] == [(60, None), (50, 50)]
    rows = shown_steps([Step("All", 60, 52), Step("First of a person", 3, 3)])
    assert [(row["entries"], row["people"]) for row in rows] == [(60, 52), (None, None)]


def cells(counts: list[tuple[int, str, int, int]]) -> list[Cell]:
    """Year, sex, age, and how many have it of 1,000 people."""
    return [Cell(year, sex, age, 1000, n, 365_000, n) for year, sex, age, n in counts]


def test_tables_of_one_result_hide_together() -> None:
    """4 women of 70 have it, in 2010 and 2011 together; by sex, by age and by year nothing tells them."""
    made = cells([(2010, "female", 30, 60), (2010, "male", 30, 50), (2010, "male", 70, 70),
                  (2011, "female", 70, 4), (2011, "male", 70, 90)])  # fmt: skip
    tables = [("sex", "age"), ("sex",), ("age",), ("year",), ()]
    by_both, by_sex, by_age, by_year, whole = hidden_frequencies(made, tables)
    row = next(r for r in by_both if (r["sex"], r["age"]) == ("female", "65-79"))
    assert (row["with_it"], row["prevalence"], row["cases"], row["people"]) == (None, None, None, 1000)
    women_young = next(r["with_it"] for r in by_both if (r["sex"], r["age"]) == ("female", "18-39"))
    women = next(r["with_it"] for r in by_sex if r["sex"] == "female")
    assert None in (women_young, women)
    assert len(by_age) == len(by_year) == 2
    assert len(whole) == 1
    everything = hidden_frequencies(made, tables, least=0)
    assert all(r["with_it"] is not None for table in everything for r in table)


def test_nothing_is_hidden_where_that_is_asked_for_and_nothing_where_nothing_is_small() -> None:
    assert shown_cells([1, 2], [[0], [1]], least=0).all()
    assert shown_cells([10, 20, 0], [[0], [1], [2], [0, 1, 2]]).all()
    assert len(shown_cells([], [])) == 0
