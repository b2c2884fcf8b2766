"""Bars and periods: as fine as the people allow, and nobody is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.population.screening.coarse import ENOUGH, readable
from soleus.population.sequences.counted import PairCounts


def pair(rows: list[tuple[int, int, int]]) -> PairCounts:
    """(year, bar, people); bars of 30 days, those after the index positive."""
    year, apart, people = np.array(rows, np.int64).T
    same = np.ones(len(rows), np.int64)
    forward = np.where(apart > 0, people, 0)
    return PairCounts(same, 2 * same, year, apart, forward, people - forward, 30)


ROWS = st.lists(
    st.tuples(st.integers(2005, 2014), st.integers(-13, 13).filter(bool), st.integers(1, 40)), min_size=1, max_size=30
)


@given(ROWS)
def test_nobody_is_lost_and_nobody_changes_sides(rows: list[tuple[int, int, int]]) -> None:
    fine = pair(rows)
    cells = readable(fine, 365).cells
    assert cells.index_first.sum() == fine.index_first.sum()
    assert cells.marker_first.sum() == fine.marker_first.sum()
    assert np.all((cells.apart > 0) | (cells.index_first == 0))
    assert np.all((cells.apart < 0) | (cells.marker_first == 0))


@given(ROWS)
def test_a_cell_is_a_period_and_a_bar_once(rows: list[tuple[int, int, int]]) -> None:
    cells = readable(pair(rows), 365).cells
    assert len(set(zip(cells.year.tolist(), cells.apart.tolist(), strict=True))) == len(cells.year)


def test_many_people_keep_months_and_years() -> None:
    rows = [(year, bar, 100) for year in range(2005, 2010) for bar in (-12, -1, 1, 12)]
    found = readable(pair(rows), 365)
    assert (found.cells.step, found.years) == (30, 1)
    assert found.cells.apart.tolist() == [-12, -1, 1, 12] * 5


def test_few_people_share_wider_bars_and_periods() -> None:
    """36 on the side with fewer: 13 bars of 30 days would hold 3 each; of 120 days, 11; of 180, 17. 3 years hold 12."""
    rows = [(year, bar, 4) for year in range(2005, 2014) for bar in (-7, 1, 2)]
    found = readable(pair(rows), 365)
    assert (found.cells.step, found.years) == (180, 3)
    assert sorted(set(found.cells.year.tolist())) == [2005, 2008, 2011]
    assert sorted(set(found.cells.apart.tolist())) == [-2, 1]


@pytest.mark.parametrize(("people", "years"), [(ENOUGH * 2, 5), (1, 5)])
def test_two_periods_stay_where_there_were_more(people: int, years: int) -> None:
    rows = [(2005, -1, people), (2014, -1, 0), (2014, 1, people)]
    assert readable(pair(rows), 365).years == years


def test_without_an_end_of_the_window_bars_stay() -> None:
    assert readable(pair([(2005, -40, 1), (2005, 2, 1)]), float("inf")).cells.step == 30
