"""Sequences counted by the plain engine: hand-made people, the R package's own cases, whatever a database may hold.

The package's figures on one small database, to the digit, are compared in tests/cli/test_population_ssa.py.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.population.sequences.counting import (
    Counts,
    Event,
    Observed,
    PairRatio,
    SequenceSettings,
    count_plainly,
    first_days,
    null_of,
    ratios_of,
    study_range,
)

WHOLE = [Observed(p, datetime.date(2000, 1, 1), datetime.date(2023, 12, 31)) for p in range(1, 12)]
FOREVER = SequenceSettings(window=(0, math.inf))


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def cohort(*rows: str) -> list[Event]:
    """`cohort person start [end]`; without an end it is the start."""
    out = []
    for row in rows:
        number, person, start, *end = row.split()
        out.append(Event(int(number), int(person), day(start), day(end[0] if end else start)))
    return out


def pair(
    index: Sequence[Event],
    marker: Sequence[Event],
    how: SequenceSettings = FOREVER,
    periods: Sequence[Observed] = WHOLE,
    ids: tuple[int, int] = (1, 1),
) -> tuple[int, int]:
    """People with the index first, people with the marker first."""
    return count_plainly(index, marker, periods, how).pairs.get(ids, (0, 0))


# -------------------------------------------------------------------------------------------- one person

ONE = cohort("1 1 2020-03-01 2020-03-10")


@pytest.mark.parametrize(
    ("marker", "expected"),
    [("2020-03-02", (1, 0)), ("2020-02-28", (0, 1)), ("2020-03-01", (0, 0))],
    ids=["index first", "marker first", "both on one day"],
)
def test_the_order_of_two_first_events(marker: str, expected: tuple[int, int]) -> None:
    assert pair(ONE, cohort(f"1 1 {marker}")) == expected


@pytest.mark.parametrize(("apart", "counts"), [(7, 0), (8, 1), (30, 1), (31, 0)])
def test_the_window_is_open_below_and_closed_above(apart: int, counts: int) -> None:
    marker = [Event(1, 1, day("2020-03-01") + datetime.timedelta(apart), day("2020-12-31"))]
    assert pair(ONE, marker, SequenceSettings(window=(7, 30))) == (counts, 0)


@pytest.mark.parametrize(("most", "counts"), [(4, 0), (5, 1), (math.inf, 1)])
def test_the_gap_runs_from_the_end_of_the_earlier_to_the_start_of_the_later(most: float, counts: int) -> None:
    # Ends on the 10th, the other begins on the 15th: 5 days.
    assert pair(ONE, cohort("1 1 2020-03-15"), SequenceSettings(max_gap=most)) == (counts, 0)


def test_a_later_event_that_begins_before_the_earlier_ends_has_a_gap_below_zero() -> None:
    assert pair(ONE, cohort("1 1 2020-03-05"), SequenceSettings(max_gap=0)) == (1, 0)


@pytest.mark.parametrize(("most", "counts"), [(1000, 0), (math.inf, 1)])
def test_an_unknown_end_drops_the_pair_where_the_gap_is_limited(most: float, counts: int) -> None:
    index = [Event(1, 1, day("2020-03-01"), None)]
    assert pair(index, cohort("1 1 2020-03-15"), SequenceSettings(max_gap=most)) == (counts, 0)


def test_of_events_that_begin_on_one_day_the_longest_counts() -> None:
    index = cohort("1 1 2020-03-01 2020-03-02", "1 1 2020-03-01 2020-03-10", "1 1 2020-03-01 2020-03-05")
    assert pair(index, cohort("1 1 2020-03-15"), SequenceSettings(max_gap=5)) == (1, 0)


@pytest.mark.parametrize(("least", "counts"), [(60, 1), (61, 0)])
def test_prior_observation_is_counted_to_the_first_date(least: int, counts: int) -> None:
    periods = [Observed(1, day("2020-01-01"), day("2020-12-31"))]  # 31 + 29 days before 1 March
    assert pair(ONE, cohort("1 1 2020-04-01"), SequenceSettings(prior_observation=least), periods) == (counts, 0)


def test_two_periods_do_not_make_one() -> None:
    periods = [Observed(1, day("2020-01-01"), day("2020-03-15")), Observed(1, day("2020-03-16"), day("2020-12-31"))]
    assert pair(ONE, cohort("1 1 2020-03-15"), periods=periods) == (1, 0)
    assert pair(ONE, cohort("1 1 2020-03-16"), periods=periods) == (0, 0)


def test_periods_that_overlap_count_a_person_once() -> None:
    periods = [Observed(1, day("2019-01-01"), day("2020-12-31")), Observed(1, day("2020-01-01"), day("2021-12-31"))]
    assert pair(ONE, cohort("1 1 2020-04-01"), periods=periods) == (1, 0)


@pytest.mark.parametrize("periods", [[], [Observed(2, day("2000-01-01"), day("2023-12-31"))]])
def test_a_person_who_was_never_observed_makes_no_pair(periods: list[Observed]) -> None:
    assert pair(ONE, cohort("1 1 2020-04-01"), periods=periods) == (0, 0)


def test_a_period_with_an_open_end_holds_nothing() -> None:
    periods = [Observed(1, day("2000-01-01"), None), Observed(2, None, day("2023-12-31"))]
    assert pair(ONE, cohort("1 1 2020-04-01"), periods=periods) == (0, 0)


@pytest.mark.parametrize(("least", "counts"), [(29, 1), (30, 0)])
def test_a_washout_looks_before_the_study_range(least: int, counts: int) -> None:
    # The event of 1 February lies before the range and 29 days before the one of 1 March.
    how = SequenceSettings(washout=least, first_day=day("2020-02-15"))
    index = cohort("1 1 2020-02-01", "1 1 2020-03-01")
    assert pair(index, cohort("1 1 2020-04-01"), how) == (counts, 0)


def test_a_washout_holds_for_the_marker_too() -> None:
    how = SequenceSettings(washout=365, first_day=day("2020-02-15"))
    assert pair(ONE, cohort("1 1 2020-02-01", "1 1 2020-04-01"), how) == (0, 0)


@pytest.mark.parametrize(
    ("first", "last", "counts"),
    [("2020-03-01", "2020-04-01", 1), ("2020-03-02", "2020-04-01", 0), ("2020-03-01", "2020-03-31", 0)],
)
def test_both_ends_of_the_study_range_belong_to_it(first: str, last: str, counts: int) -> None:
    how = SequenceSettings(first_day=day(first), last_day=day(last))
    assert pair(ONE, cohort("1 1 2020-04-01"), how) == (counts, 0)


def test_an_open_end_of_the_range_is_where_observation_begins_or_ends() -> None:
    assert study_range(WHOLE, SequenceSettings()) == (day("2000-01-01"), day("2023-12-31"))
    assert study_range([], SequenceSettings(first_day=day("2020-01-01"))) is None


def test_only_the_first_event_in_the_range_counts() -> None:
    index = cohort("1 1 2020-05-01", "1 1 2020-03-01")
    assert pair(index, cohort("1 1 2020-06-01", "1 1 2020-04-01")) == (1, 0)


def test_the_null_counts_first_events_ever_and_those_in_the_range_only() -> None:
    how = SequenceSettings(first_day=day("2020-01-01"))
    index = cohort("1 1 2019-05-01", "1 1 2020-03-01", "1 2 2020-03-01", "1 3 2020-03-01")
    found = count_plainly(index, ONE, WHOLE, how)
    assert dict(found.first_index) == {(1, 0, day("2020-03-01")): 2}  # the first of person 1 was in 2019


def test_an_event_without_a_start_counts_for_nothing() -> None:
    index = [Event(1, 1, None, day("2019-01-01")), *ONE]
    marker = cohort("1 1 2020-04-01")
    assert count_plainly(index, marker, WHOLE, FOREVER) == count_plainly(ONE, marker, WHOLE, FOREVER)


def test_without_anybody_observed_there_is_nothing_to_count() -> None:
    assert count_plainly(ONE, ONE, [], FOREVER) == Counts()
    [found] = ratios_of(Counts(), FOREVER, [1], [1])
    assert (found.n_index_first, found.n_marker_first) == (0, 0)
    assert math.isnan(found.null)


def test_the_null_of_strata_is_added_up_before_it_is_divided() -> None:
    # Stratum 0: one index a day before one marker. Stratum 1: a marker a day before each of two index events.
    index = cohort("1 1 2020-03-01", "1 2 2020-03-02", "1 3 2020-03-02")
    marker = cohort("1 4 2020-03-02", "1 5 2020-03-01")
    found = count_plainly(index, marker, WHOLE, FOREVER, {2: 1, 3: 1, 5: 1})
    sums = null_of(found, 365, [1], [1])
    assert (sums.forward.item(), sums.backward.item()) == (1, 2)


# ------------------------------------------------------------------------------- cases of the R package
# Inputs and expectations of tests/testthat of CohortSymmetry 0.4 (OHDSI, Apache License 2.0). Its mock database
# observes everybody throughout.

MOCK_INDEX = cohort(
    "1 1 2020-04-01", "1 4 2021-06-01 2021-08-01", "2 2 2022-05-22 2022-05-23", "2 3 2010-01-01 2010-03-01",
    "1 5 2019-08-01 2020-04-01", "3 5 2019-04-07 2020-05-30", "3 4 2021-01-01 2022-02-02",
    "3 3 2008-02-02 2013-12-03", "1 3 2009-09-09 2009-11-01", "3 1 2021-01-01",
)  # fmt: skip
MOCK_MARKER = cohort(
    "1 1 2020-12-30", "1 3 2010-01-01", "2 4 2021-05-25", "2 2 2022-05-31", "2 5 2020-05-25", "3 1 2019-05-25",
    "3 2 2022-05-25", "3 3 2010-09-30", "3 4 2022-05-25", "3 5 2020-02-29", "2 1 2021-01-01",
)  # fmt: skip
#: People of each pair, (index, marker), with any distance between the two.
MOCK_PAIRS = {(1, 1): 2, (1, 2): 3, (1, 3): 4, (2, 1): 0, (2, 2): 1, (2, 3): 2, (3, 1): 2, (3, 2): 2, (3, 3): 4}


def test_all_pairs_of_the_mock_database() -> None:
    found = count_plainly(MOCK_INDEX, MOCK_MARKER, WHOLE, FOREVER)
    assert {ids: sum(counts) for ids, counts in found.pairs.items()} == MOCK_PAIRS


@pytest.mark.parametrize(
    ("ids", "bounds", "people"),
    [
        ((1, 2), (0, 30), 1), ((1, 2), (7, 365), 2), ((3, 1), (0, 30), 1), ((3, 1), (0, math.inf), 2),
        ((3, 1), (7, math.inf), 1), ((3, 3), (0, 365), 1), ((3, 3), (0, math.inf), 4), ((1, 3), (0, 365), 3),
    ],
)  # fmt: skip
def test_windows_of_the_mock_database(ids: tuple[int, int], bounds: tuple[float, float], people: int) -> None:
    assert sum(pair(MOCK_INDEX, MOCK_MARKER, SequenceSettings(window=bounds), ids=ids)) == people


SECOND_INDEX = cohort(
    "1 1 2020-04-01", "1 4 2021-06-01 2021-08-01", "1 2 2022-05-22 2022-05-23", "1 3 2010-01-01 2010-03-01",
    "1 5 2019-08-01 2020-04-01", "1 7 2019-04-07 2020-05-30", "1 8 2021-01-01 2022-02-02",
    "1 9 2008-02-02 2013-12-03", "1 6 2010-09-09 2010-11-01", "1 10 2021-01-01",
)  # fmt: skip
SECOND_MARKER = cohort(
    "3 1 2020-12-30", "3 3 2010-01-01", "3 4 2021-05-25", "3 2 2022-05-31", "3 5 2020-05-25", "3 10 2019-05-25",
    "3 9 2022-05-25", "3 8 2010-09-30", "3 7 2022-05-25", "3 11 2020-02-29", "3 6 2021-01-01",
)  # fmt: skip


def test_the_full_numeric_case() -> None:
    how = SequenceSettings(compat="cohortsymmetry")
    [found] = ratios_of(count_plainly(SECOND_INDEX, SECOND_MARKER, WHOLE, how), how, [1], [3])
    assert (found.n_index_first, found.n_marker_first, found.crude) == (3, 1, 3)
    assert (found.null, found.adjusted) == pytest.approx((1.5, 2), rel=1e-12)
    assert (found.crude_low, found.crude_high) == pytest.approx((0.39616, 34.1236), rel=1e-5)
    assert (found.low, found.high) == pytest.approx((0.26411, 22.7491), rel=1e-5)


FOUR_INDEX = cohort("1 1 2020-04-01", "1 4 2021-06-01", "1 2 2022-05-22", "1 3 2010-01-01")
FOUR_MARKER = cohort("1 1 2020-12-30", "1 3 2010-01-01", "1 4 2021-05-25", "1 2 2022-05-31")


@pytest.mark.parametrize(
    ("how", "people"),
    [
        (FOREVER, 3),
        (SequenceSettings(prior_observation=30), 3),
        (SequenceSettings(window=(0, math.inf), first_day=day("2020-01-01")), 3),
        (SequenceSettings((0, math.inf), None, math.inf, 30, 0, day("2000-01-01"), day("2022-01-01")), 2),
    ],
)
def test_prior_observation_and_study_range(how: SequenceSettings, people: int) -> None:
    assert sum(pair(FOUR_INDEX, FOUR_MARKER, how)) == people


WASHED_INDEX = cohort("1 1 2020-04-07 2020-04-08", "1 1 2020-08-27", "1 1 2014-01-01", "1 1 2020-01-01 2020-01-02")
WASHED_MARKER = cohort(
    "1 1 2021-04-25", "1 1 2010-08-26 2010-08-27", "1 1 2022-01-02 2022-05-25", "1 1 2016-03-01 2016-03-14"
)


@pytest.mark.parametrize(
    ("how", "people"),
    [
        (FOREVER, 1),
        (SequenceSettings(), 0),
        (SequenceSettings(window=(0, math.inf), first_day=day("2000-01-01")), 1),
        (SequenceSettings(window=(0, math.inf), washout=365), 1),
        (SequenceSettings(window=(0, math.inf), washout=365, first_day=day("2002-01-01")), 1),
    ],
)
def test_washout_of_many_events_of_one_person(how: SequenceSettings, people: int) -> None:
    assert pair(WASHED_INDEX, WASHED_MARKER, how) == (0, people)  # the marker of 2010 before the index of 2014


GAP_INDEX = cohort("1 1 2020-04-07 2021-04-08", "1 1 2023-08-27", "1 2 2014-01-01", "1 2 2020-01-01 2021-01-02")
GAP_MARKER = cohort(
    "1 1 2021-04-25", "1 1 2022-08-26 2023-08-27", "1 2 2022-01-02 2022-05-25", "1 2 2015-03-01 2016-03-14"
)


@pytest.mark.parametrize(
    ("bounds", "most", "people"),
    [((0, math.inf), math.inf, 2), ((0, 365), math.inf, 0), ((0, math.inf), 730, 2), ((0, math.inf), 15, 0),
     ((0, math.inf), 20, 1)],
)  # fmt: skip
def test_gaps_between_index_and_marker(bounds: tuple[float, float], most: float, people: int) -> None:
    assert sum(pair(GAP_INDEX, GAP_MARKER, SequenceSettings(window=bounds, max_gap=most))) == people


def many(first: str, people: Sequence[int]) -> list[Event]:
    """Twenty events on twenty days in a row, the people taking turns."""
    start = day(first)
    each = [start + datetime.timedelta(n) for n in range(20)]
    return [Event(1, people[n % len(people)], d, d) for n, d in enumerate(each)]


@pytest.mark.parametrize(
    ("how", "people"),
    [
        (SequenceSettings((0, 30), None, 30, 365, 30), 2),
        (SequenceSettings((0, 90), None, 30, 365, 30, day("2010-01-02")), 2),
    ],
)
def test_complete_examples_of_attrition(how: SequenceSettings, people: int) -> None:
    # Second example: one of four goes for the gap, one for the washout, since its event of 1 January is out of range.
    index, marker = many("2010-01-01", (1, 2, 3, 4)), many("2010-02-01", (2, 3, 1, 4))
    assert pair(index, marker, how) == (people, 0)


def test_every_bound_is_infinite_where_no_marker_comes_first() -> None:
    index = cohort("1 1 2020-04-01", "1 2 2021-06-01", "1 3 2022-05-22", "1 4 2010-01-01")
    marker = cohort("1 1 2020-04-02", "1 2 2021-06-02", "1 3 2022-05-23", "1 4 2010-01-02")
    how = SequenceSettings(compat="cohortsymmetry")
    [found] = ratios_of(count_plainly(index, marker, WHOLE, how), how, [1], [1])
    assert {found.crude_low, found.crude_high, found.low, found.high} == {math.inf}


# ------------------------------------------------------------------------- whatever the database may be

DAY = st.integers(0, 400).map(lambda n: datetime.date(2020, 1, 1) + datetime.timedelta(n))
MAYBE = st.none() | DAY
EVENTS = st.lists(st.builds(Event, st.integers(1, 2), st.integers(1, 5), MAYBE, MAYBE), max_size=25)
PERIODS = st.lists(st.builds(Observed, st.integers(1, 5), MAYBE, MAYBE), max_size=12)
HOW = st.builds(
    SequenceSettings,
    window=st.sampled_from([(0, 365), (0, math.inf), (10, 60)]),
    max_gap=st.sampled_from([math.inf, 0, 40]),
    prior_observation=st.sampled_from([0, 30]),
    washout=st.sampled_from([0, 100]),
    first_day=MAYBE,
    last_day=MAYBE,
)
some = settings(max_examples=60, deadline=None)


def ratios(
    index: Sequence[Event],
    marker: Sequence[Event],
    periods: Sequence[Observed],
    how: SequenceSettings,
    ids: Any = (1, 2),
) -> list[PairRatio]:
    return ratios_of(count_plainly(index, marker, periods, how), how, ids, ids)


@some
@given(EVENTS, EVENTS, PERIODS, HOW)
def test_swapping_index_and_marker_swaps_the_counts_and_inverts_the_null(
    index: list[Event], marker: list[Event], periods: list[Observed], how: SequenceSettings
) -> None:
    swapped = {(r.marker, r.index): r for r in ratios(marker, index, periods, how)}
    for found in ratios(index, marker, periods, how):
        other = swapped[found.index, found.marker]
        assert (found.n_index_first, found.n_marker_first) == (other.n_marker_first, other.n_index_first)
        assert found.null == pytest.approx(1 / other.null, rel=1e-15, nan_ok=True)


@some
@given(EVENTS, EVENTS, PERIODS, HOW)
def test_a_pair_is_the_same_alone_and_among_others(
    index: list[Event], marker: list[Event], periods: list[Observed], how: SequenceSettings
) -> None:
    together = ratios(index, marker, periods, how)
    for found in together:
        alone = ratios_of(
            count_plainly(
                [e for e in index if e.cohort == found.index],
                [e for e in marker if e.cohort == found.marker],
                periods,
                how,
            ),
            how,
            [found.index],
            [found.marker],
        )
        assert repr(alone) == repr([found])


@some
@given(EVENTS, EVENTS, PERIODS, HOW, st.randoms(use_true_random=False))
def test_order_and_repetition_of_rows_do_not_matter(
    index: list[Event], marker: list[Event], periods: list[Observed], how: SequenceSettings, random: Any
) -> None:
    def stirred(rows: Iterable[Any]) -> list[Any]:
        twice = [*rows, *rows]
        random.shuffle(twice)
        return twice

    once = ratios(index, marker, periods, how)
    assert repr(ratios(stirred(index), stirred(marker), stirred(periods), how)) == repr(once)


@some
@given(EVENTS, EVENTS, PERIODS, HOW)
def test_a_wider_window_loses_nobody(
    index: list[Event], marker: list[Event], periods: list[Observed], how: SequenceSettings
) -> None:
    wider = SequenceSettings((0, math.inf), first_day=how.first_day, last_day=how.last_day)
    for few, more in zip(ratios(index, marker, periods, how), ratios(index, marker, periods, wider), strict=True):
        assert few.n_index_first <= more.n_index_first
        assert few.n_marker_first <= more.n_marker_first


@some
@given(EVENTS, EVENTS)
def test_first_days_count_each_person_once(index: list[Event], marker: list[Event]) -> None:
    span = (datetime.date(2020, 2, 1), datetime.date(2020, 12, 1))
    mine, other = ([e for e in side if e.cohort == 1] for side in (index, marker))
    first, second = first_days(mine, other, span)
    for found, side in ((first, mine), (second, other)):
        starts = {
            p: min(e.start for e in side if e.person == p and e.start) for p in {e.person for e in side if e.start}
        }
        inside = sorted((d - span[0]).days for d in starts.values() if span[0] <= d <= span[1])
        assert sorted(found[found >= 0].tolist()) == inside
