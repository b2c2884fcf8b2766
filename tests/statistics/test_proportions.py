"""Intervals of a share against SciPy, and at the ends of the scale."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from soleus.statistics.proportions import Method, shares

some = settings(max_examples=100, deadline=None)
METHODS: tuple[Method, ...] = ("wilson", "clopper_pearson", "jeffreys")


@some
@given(st.integers(0, 200), st.integers(1, 200), st.sampled_from([0.8, 0.95, 0.99]), st.booleans())
def test_wilson_and_clopper_pearson_are_those_of_scipy(x: int, n: int, level: float, exact: bool) -> None:
    x = min(x, n)
    found = shares(x, n, level, "clopper_pearson" if exact else "wilson")
    expected = stats.binomtest(x, n).proportion_ci(level, "exact" if exact else "wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9, abs=1e-14)


@some
@given(st.integers(1, 200), st.integers(1, 200))
def test_jeffreys_bounds_are_quantiles_of_the_beta_distribution(x: int, failures: int) -> None:
    found = shares(x, x + failures, method="jeffreys")
    assert (found.low, found.high) == pytest.approx(stats.beta(x + 0.5, failures + 0.5).ppf([0.025, 0.975]), rel=1e-10)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [1, 7, 400])
def test_bounds_reach_the_end_of_the_scale(method: Method, n: int) -> None:
    none, all_ = shares(0, n, method=method), shares(n, n, method=method)
    assert none.low == 0
    assert all_.high == 1
    assert none.high == pytest.approx(1 - all_.low)


@pytest.mark.parametrize("method", METHODS)
def test_counting_the_others_turns_the_interval_round(method: Method) -> None:
    found, turned = (shares(x, 50, method=method) for x in (13, 37))
    assert (found.low, found.high) == pytest.approx((1 - turned.high, 1 - turned.low))


@pytest.mark.parametrize("method", METHODS)
def test_nobody_has_no_share(method: Method) -> None:
    found = shares([0, 3], [0, 10], method=method)
    assert np.isnan([found.share[0], found.low[0], found.high[0]]).all()
    assert found.share[1] == 3 / 10


def test_the_method_of_clopper_and_pearson_covers_at_least_what_it_says() -> None:
    n, p = 25, 0.12
    counts = np.arange(n + 1)
    found = shares(counts, n, method="clopper_pearson")
    assert stats.binom.pmf(counts, n, p)[(found.low <= p) & (p <= found.high)].sum() >= 0.95
