"""Ratios of sequences: arithmetic that can be followed by hand, a slow loop, and what must hold whatever the counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from soleus.statistics.sequence_symmetry import (
    NullSums,
    bootstrap_null,
    central_interval,
    null_sums,
    odds_interval,
    sequence_ratios,
    with_uncertain_null,
)

Counts = NDArray[np.int64]
some = settings(max_examples=100, deadline=None)


@st.composite
def by_day(draw: st.DrawFn, most_days: int = 40) -> tuple[Counts, Counts]:
    """(L, T) index and (K, T) marker events."""
    days = draw(st.integers(1, most_days))
    rows = [draw(st.integers(1, 4)) for _ in range(2)]
    cells = st.integers(0, 3)
    index, marker = (
        np.array([draw(st.lists(cells, min_size=days, max_size=days)) for _ in range(n)], np.int64) for n in rows
    )
    return index, marker


WINDOW = st.integers(0, 50) | st.just(math.inf)


def slow(index: Counts, marker: Counts, days: float) -> tuple[int, int]:
    """Forward and backward sums of one pair, every day with every day."""
    forward = backward = 0
    for t, i in enumerate(index.tolist()):
        for u, m in enumerate(marker.tolist()):
            forward += i * m * (0 < u - t <= days)
            backward += i * m * (0 < t - u <= days)
    return forward, backward


@some
@given(by_day(), WINDOW)
def test_all_pairs_at_once_are_what_a_loop_over_days_finds(events: tuple[Counts, Counts], days: float) -> None:
    index, marker = events
    sums = null_sums(index, marker, days)
    expected = [[slow(i, m, days) for m in marker] for i in index]
    assert np.stack([sums.forward, sums.backward], axis=-1).tolist() == np.array(expected, float).tolist()


@some
@given(by_day(), WINDOW)
def test_a_pair_does_not_depend_on_what_else_is_asked(events: tuple[Counts, Counts], days: float) -> None:
    index, marker = events
    alone = null_sums(index[-1:], marker[-1:], days).ratio()
    assert np.array_equal(alone, null_sums(index, marker, days).ratio()[-1:, -1:], equal_nan=True)


@some
@given(by_day(), WINDOW)
def test_swapping_index_and_marker_inverts_the_null_ratio(events: tuple[Counts, Counts], days: float) -> None:
    index, marker = events
    swapped = null_sums(marker, index, days).ratio().T
    assert null_sums(index, marker, days).ratio() == pytest.approx(1 / swapped, rel=1e-15, nan_ok=True)


@some
@given(by_day(), WINDOW)
def test_reversing_time_inverts_the_null_ratio(events: tuple[Counts, Counts], days: float) -> None:
    index, marker = events
    reversed_ = null_sums(index[:, ::-1], marker[:, ::-1], days).ratio()
    assert null_sums(index, marker, days).ratio() == pytest.approx(1 / reversed_, rel=1e-15, nan_ok=True)


@some
@given(by_day(), by_day(), WINDOW)
def test_strata_are_added_up_before_anything_is_divided(
    one: tuple[Counts, Counts], other: tuple[Counts, Counts], days: float
) -> None:
    length = min(one[0].shape[1], other[0].shape[1])
    index = np.stack([one[0][0, :length], other[0][0, :length]])[:, None]
    marker = np.stack([one[1][0, :length], other[1][0, :length]])[:, None]
    (f1, b1), (f2, b2) = (slow(i[0], m[0], days) for i, m in zip(index, marker, strict=True))
    sums = null_sums(index, marker, days)
    assert (sums.forward.item(), sums.backward.item()) == (f1 + f2, b1 + b2)


def test_a_steady_flow_of_both_has_a_null_ratio_of_one() -> None:
    assert null_sums(np.ones((1, 100)), np.ones((1, 100)), 30).ratio().item() == 1


def test_markers_that_become_rarer_come_less_often_after_the_index() -> None:
    # Index on day 1 only: 2 markers the day after, 4 the day before.
    sums = null_sums([[0, 1, 0]], [[4, 3, 2]], 1)
    assert sums.ratio().item() == 2 / 4


@pytest.mark.parametrize(("forward", "backward"), [(0, 0), (0, 3), (3, 0)])
def test_a_null_ratio_with_an_empty_side_is_undefined(forward: int, backward: int) -> None:
    assert math.isnan(NullSums(np.array(forward), np.array(backward)).ratio())


FULL = NullSums(np.array(6.0), np.array(4.0))  # null ratio 6 / 4 = 1.5


def test_the_full_numeric_case_of_the_r_package() -> None:
    found = sequence_ratios(3, 1, FULL)
    assert (found.crude.item(), found.null.item(), found.adjusted.item()) == (3 / 1, 6 / 4, (3 / 1) / (6 / 4))
    assert (found.crude_low, found.crude_high) == pytest.approx((0.39616, 34.1236), rel=1e-5)
    assert (found.low, found.high) == pytest.approx((0.26411, 22.7491), rel=1e-5)


@some
@given(st.integers(0, 500), st.integers(0, 500), st.sampled_from([0.8, 0.95, 0.99]))
def test_jeffreys_bounds_are_quantiles_of_the_beta_distribution_as_odds(a: int, b: int, level: float) -> None:
    p = stats.beta.ppf([(1 - level) / 2, (1 + level) / 2], a + 0.5, b + 0.5)
    expected = p / (1 - p) if a + b else [math.nan, math.nan]
    assert odds_interval(a, b, level) == pytest.approx(tuple(expected), rel=1e-9, nan_ok=True)


@some
@given(st.integers(1, 500), st.integers(1, 500))
def test_clopper_pearson_bounds_leave_two_and_a_half_per_cent_on_each_side(a: int, b: int) -> None:
    low, high = (odds / (1 + odds) for odds in odds_interval(a, b, kind="clopper_pearson"))
    assert stats.binom.sf(a - 1, a + b, low) == pytest.approx(0.025, rel=1e-8)
    assert stats.binom.cdf(a, a + b, high) == pytest.approx(0.025, rel=1e-8)


@some
@given(st.integers(0, 300), st.integers(0, 300), st.sampled_from(["jeffreys", "clopper_pearson"]))
def test_swapping_index_and_marker_inverts_ratio_and_interval(a: int, b: int, kind: str) -> None:
    one, other = (odds_interval(*pair, kind=kind) for pair in ((a, b), (b, a)))  # type: ignore[arg-type]
    for low, high in ((one[0], other[1]), (one[1], other[0])):
        expected = math.nan if low == 0 else 1 / low  # the inverse of no lower bound is no upper bound
        assert (high == pytest.approx(expected, rel=1e-11, nan_ok=True)) or math.isnan(low)


def test_no_marker_first_leaves_the_ratio_open_and_the_bounds_finite() -> None:
    found = sequence_ratios(3, 0, FULL)
    assert math.isnan(found.crude)
    assert math.isnan(found.adjusted)
    assert 0 < found.low < found.high < math.inf


def test_no_marker_first_has_no_upper_bound_by_clopper_and_pearson() -> None:
    found = sequence_ratios(3, 0, FULL, interval="clopper_pearson")
    # P(3 of 3) = p^3 = 0.025 at the lower bound.
    p = 0.025 ** (1 / 3)
    assert found.crude_low == pytest.approx(p / (1 - p))
    assert math.isnan(found.crude_high)


def test_no_index_first_is_a_ratio_of_zero_with_an_upper_bound() -> None:
    found = sequence_ratios(0, 3, FULL)
    assert found.crude == found.adjusted == 0
    assert 0 < found.low < found.high < math.inf


def test_without_anybody_there_is_neither_ratio_nor_interval() -> None:
    found = sequence_ratios(0, 0, FULL)
    values = (found.crude, found.crude_low, found.crude_high, found.adjusted, found.low, found.high)
    assert all(math.isnan(v) for v in values)
    assert found.null == 1.5


def test_with_an_undefined_null_ratio_nothing_is_adjusted() -> None:
    found = sequence_ratios(3, 1, NullSums(np.array(2.0), np.array(0.0)))
    assert found.crude == 3
    assert all(math.isnan(v) for v in (found.null, found.adjusted, found.low, found.high))


class TestAsTheRPackage:
    """`compat="cohortsymmetry"`: getConfidenceInterval of CohortSymmetry 0.3.1 and 0.4."""

    def test_no_marker_first_makes_every_bound_infinite(self) -> None:
        found = sequence_ratios(3, 0, FULL, compat="cohortsymmetry")
        assert {found.crude_low.item(), found.crude_high.item(), found.low.item(), found.high.item()} == {math.inf}
        assert math.isnan(found.crude)

    def test_no_index_first_adds_one_half_twice(self) -> None:
        found = sequence_ratios(0, 3, FULL, compat="cohortsymmetry")
        p = stats.beta.ppf([0.025, 0.975], 0.5 + 0.5, 3 + 0.5)
        assert (found.crude_low, found.crude_high) == pytest.approx(tuple(p / (1 - p)))
        assert (found.low, found.high) == pytest.approx(tuple(p / (1 - p) / 1.5))

    def test_a_null_ratio_of_zero_is_zero_and_divides(self) -> None:
        found = sequence_ratios(3, 1, NullSums(np.array(0.0), np.array(2.0)), compat="cohortsymmetry")
        assert found.null == 0
        assert found.low == found.high == math.inf
        assert math.isnan(found.adjusted)

    @some
    @given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 50), st.integers(1, 50))
    def test_where_nothing_is_zero_it_makes_no_difference(self, a: int, b: int, forward: int, backward: int) -> None:
        sums = NullSums(np.array(float(forward)), np.array(float(backward)))
        plain, compat = sequence_ratios(a, b, sums), sequence_ratios(a, b, sums, compat="cohortsymmetry")
        for name in ("crude", "crude_low", "crude_high", "null", "adjusted", "low", "high"):
            assert getattr(compat, name) == pytest.approx(getattr(plain, name), rel=1e-12)


class TestBootstrap:
    """People drawn again: the uncertainty of the null ratio."""

    rng = np.random.default_rng(5)
    index, marker = rng.integers(-100, 300, 900), (300 * rng.random(900) ** 1.3).astype(int)

    def counted(self) -> float:
        rows = [np.bincount(d[d >= 0], minlength=300)[None] for d in (self.index, self.marker)]
        return null_sums(rows[0], rows[1], 90).ratio().item()

    def test_draws_lie_around_the_null_ratio_of_all(self) -> None:
        draws = bootstrap_null(self.index, self.marker, 90, draws=400)
        low, high = central_interval(draws)
        assert low < self.counted() < high
        assert np.median(draws) == pytest.approx(self.counted(), rel=0.03)

    def test_the_same_seed_draws_the_same(self) -> None:
        one, two = (bootstrap_null(self.index, self.marker, 90, draws=5, seed=3) for _ in range(2))
        assert one.tolist() == two.tolist()

    def test_one_stratum_for_all_is_no_stratum(self) -> None:
        plain = bootstrap_null(self.index, self.marker, 90, draws=5)
        assert bootstrap_null(self.index, self.marker, 90, np.zeros(900), draws=5).tolist() == plain.tolist()

    def test_four_times_the_people_halve_the_spread(self) -> None:
        once, four = (
            np.log(bootstrap_null(np.tile(self.index, n), np.tile(self.marker, n), 90, draws=500)).std() for n in (1, 4)
        )
        assert once / four == pytest.approx(2, rel=0.2)

    def test_nobody_gives_no_draw(self) -> None:
        assert all(math.isnan(v) for v in bootstrap_null([], [], 90, draws=3))
        assert all(math.isnan(v) for v in central_interval(bootstrap_null([-1], [-1], 90, draws=3)))

    def test_an_uncertain_null_ratio_widens_the_interval(self) -> None:
        sure = with_uncertain_null(80, 60, np.full(20_000, 1.25))
        unsure = with_uncertain_null(80, 60, 1.25 * np.exp(np.random.default_rng(1).normal(0, 0.2, 20_000)))
        low, high = (bound / 1.25 for bound in odds_interval(80, 60))
        assert sure == pytest.approx((low.item(), high.item()), rel=0.02)
        assert unsure[0] < sure[0] < sure[1] < unsure[1]
