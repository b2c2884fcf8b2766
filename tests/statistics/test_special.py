"""The beta distribution and Student's t against SciPy, and what must hold of any distribution function."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from soleus.statistics.special import (
    beta_cdf,
    beta_log_odds_quantile,
    normal_quantile,
    normal_two_sided,
    t_quantile,
    t_two_sided,
)

COUNT = st.floats(0.5, 1e5) | st.integers(0, 300).map(lambda n: n + 0.5)
#: Below this SciPy loses digits, down to answering 0 where 1e-283 is right; sums of fractions are the judge there.
SCIPY_KEEPS = 1e-200
SHARE = st.floats(1e-6, 1 - 1e-6)
BETAS = st.lists(st.tuples(SHARE, COUNT, COUNT), min_size=1, max_size=30)
R_BETA = [0.28375167956341263, 0.97152910491285316, 4.0075310076598822e-05, 0.1853059383124851]
some = settings(max_examples=25, deadline=None)


@some
@given(BETAS)
def test_quantiles_of_the_beta_distribution_are_those_of_scipy(rows: list[tuple[float, float, float]]) -> None:
    p, a, b = np.array(rows).T
    x = 1 / (1 + np.exp(-beta_log_odds_quantile(p, a, b)))
    assert x == pytest.approx(stats.beta.ppf(p, a, b), rel=1e-12)


@some
@given(st.lists(st.tuples(st.floats(-12, 12), st.floats(0.5, 1e3), st.floats(0.5, 1e3)), min_size=1))
def test_the_distribution_function_of_the_beta_is_that_of_scipy(rows: list[tuple[float, float, float]]) -> None:
    y, a, b = np.array(rows).T
    told = stats.beta.cdf(1 / (1 + np.exp(-y)), a, b)
    kept = told > SCIPY_KEEPS
    assert beta_cdf(y[kept], a[kept], b[kept]) == pytest.approx(told[kept], rel=1e-11)
    assert np.all(beta_cdf(y[~kept], a[~kept], b[~kept]) < 2 * SCIPY_KEEPS)


@some
@given(st.integers(1, 400), st.integers(1, 400), st.integers(1, 999))
def test_far_tails_of_the_beta_are_sums_of_binomial_terms(a: int, b: int, per_mille: int) -> None:
    x = Fraction(per_mille, 1000)
    n = a + b - 1  # P(Beta(a, b) <= x) = P(Binomial(n, x) >= a), DLMF 8.17.5
    exact = sum(math.comb(n, k) * x**k * (1 - x) ** (n - k) for k in range(a, n + 1))
    told = float(beta_cdf(math.log(per_mille / (1000 - per_mille)), a, b))
    assert told == pytest.approx(float(exact), rel=1e-11, abs=1e-300)


@some
@given(BETAS)
def test_a_quantile_leads_back_to_its_share(rows: list[tuple[float, float, float]]) -> None:
    p, a, b = np.array(rows).T
    assert beta_cdf(beta_log_odds_quantile(p, a, b), a, b) == pytest.approx(p, rel=1e-11)


@some
@given(BETAS)
def test_turning_the_scale_round_turns_the_quantile_round(rows: list[tuple[float, float, float]]) -> None:
    p, a, b = np.array(rows).T
    turned = -beta_log_odds_quantile(1 - p, b, a)  # 1 - p has an error of 1e-16, which a share of 1e-6 feels
    assert beta_log_odds_quantile(p, a, b) == pytest.approx(turned, abs=1e-9)


@some
@given(st.lists(st.tuples(SHARE, st.floats(0.7, 1e4)), min_size=1))
def test_quantiles_of_students_t_are_those_of_scipy(rows: list[tuple[float, float]]) -> None:
    p, df = np.array(rows).T
    assert t_quantile(p, df) == pytest.approx(stats.t.ppf(p, df), rel=1e-11, abs=1e-11)


@some
@given(st.lists(st.tuples(st.floats(-40, 40), st.floats(0.7, 1e4)), min_size=1))
def test_two_sided_p_values_of_students_t_are_those_of_scipy(rows: list[tuple[float, float]]) -> None:
    t, df = np.array(rows).T
    assert t_two_sided(t, df) == pytest.approx(2 * stats.t.sf(abs(t), df), rel=1e-10)


def test_quantiles_without_scipy_are_those_of_r() -> None:
    # qbeta(c(0.025, 0.975, 0.025, 0.975), c(3.5, 3.5, 0.5, 0.5), c(1.5, 1.5, 12.5, 12.5)) of R 4.2.2, 17 digits.
    found = beta_log_odds_quantile([0.025, 0.975, 0.025, 0.975], [3.5, 3.5, 0.5, 0.5], [1.5, 1.5, 12.5, 12.5])
    assert 1 / (1 + np.exp(-found)) == pytest.approx(R_BETA, rel=1e-14)


def test_arrays_keep_their_shape() -> None:
    found = beta_log_odds_quantile([[0.025], [0.975]], [1.5, 2.5, 3.5], 1.5)
    assert found.shape == (2, 3)
    assert found[0, 2] == beta_log_odds_quantile(0.025, 3.5, 1.5)


def test_the_median_of_students_t_is_zero() -> None:
    assert t_quantile(0.5, 3) == 0
    assert t_two_sided(0, 3) == 1


@some
@given(st.floats(-37, 37), SHARE)
def test_the_normal_distribution_is_that_of_scipy(z: float, p: float) -> None:
    assert normal_two_sided(z) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-12)
    assert normal_quantile(p) == pytest.approx(stats.norm.ppf(p), rel=1e-12, abs=1e-15)
