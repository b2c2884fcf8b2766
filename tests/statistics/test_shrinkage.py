"""Estimates combined across sites and drawn towards published values.

Reference: R metafor 3.8.1 on the trials of BCG vaccine against tuberculosis (its dat.bcg: Colditz et al. 1994, JAMA
271:698-702), log risk ratios, `rma(yi, vi, method, control=list(threshold=1e-14))`. Ten
digits are compared.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from soleus.statistics.shrinkage import (
    Between,
    between_settings,
    combine,
    prior_strength,
    shrink,
    shrink_share,
)

#: Vaccinated with and without tuberculosis, others with and without, of each trial.
BCG = np.array(
    [
        (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
        (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232),
        (17, 1699, 65, 1600), (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
    ],
    float,
)  # fmt: skip
A, B, C, D = BCG.T
LOG_RISK_RATIO = np.log(A / (A + B)) - np.log(C / (C + D))
SE = np.sqrt(1 / A - 1 / (A + B) + 1 / C - 1 / (C + D))
some = settings(max_examples=60, deadline=None)
ESTIMATES = st.lists(st.tuples(st.floats(-3, 3), st.floats(0.05, 2)), min_size=2, max_size=12)


@pytest.mark.parametrize(
    ("method", "mean", "se", "tau2", "i2", "knapp_hartung_se", "low", "high"),
    [
        ("dersimonian_laird", -0.7141172221, 0.1787420895, 0.3087602629, 0.9211734685, 0.1806966283, -1.1078213542,
         -0.3204130900),
        ("ml", -0.7111991355, 0.1718968088, 0.2800281373, 0.9137828379, 0.1800422221, -1.1034774390, -0.3189208320),
        ("reml", -0.7145323422, 0.1797815161, 0.3132432581, 0.9222138452, 0.1807917441, -1.1084437137, -0.3206209706),
    ],
)  # fmt: skip
def test_figures_are_those_of_metafor(
    method: Between, mean: float, se: float, tau2: float, i2: float, knapp_hartung_se: float, low: float, high: float
) -> None:
    found = combine(LOG_RISK_RATIO, SE, method)
    assert (found.mean, found.se, found.tau2, found.i2) == pytest.approx((mean, se, tau2, i2), abs=2e-10)
    assert found.q == pytest.approx(152.2330080824, abs=1e-9)
    assert found.knapp_hartung_se == pytest.approx(knapp_hartung_se, abs=2e-10)
    assert found.interval(knapp_hartung=True) == pytest.approx((low, high), abs=1e-9)


def test_the_normal_interval_is_two_standard_errors_wide_on_each_side() -> None:
    found = combine(LOG_RISK_RATIO, SE)
    assert found.interval() == pytest.approx((found.mean - 1.959963985 * found.se, found.mean + 1.959963985 * found.se))


@some
@given(ESTIMATES, st.sampled_from(["ml", "reml"]))
def test_no_other_variance_is_more_likely(rows: list[tuple[float, float]], method: Between) -> None:
    y, s = np.array(rows).T

    def log_likelihood(tau2: float) -> float:
        v = s**2 + tau2
        mean = (y / v).sum() / (1 / v).sum()
        restricted = math.log((1 / v).sum()) if method == "reml" else 0.0
        return float(stats.norm.logpdf(y, mean, np.sqrt(v)).sum() - restricted / 2)

    best = log_likelihood(combine(y, s, method).tau2)
    assert all(log_likelihood(t) <= best + 1e-9 for t in [0.0, *np.logspace(-6, 2, 80)])


@some
@given(ESTIMATES, st.floats(-5, 5), st.floats(0.1, 10))
def test_moving_and_stretching_the_scale_moves_and_stretches_the_answer(
    rows: list[tuple[float, float]], by: float, factor: float
) -> None:
    y, s = np.array(rows).T
    plain, moved = combine(y, s), combine(factor * y + by, factor * s)
    assert moved.mean == pytest.approx(factor * plain.mean + by, abs=1e-5)
    assert moved.tau2 == pytest.approx(factor**2 * plain.tau2, abs=1e-5 * factor**2)


@some
@given(st.floats(-3, 3), st.lists(st.floats(0.05, 2), min_size=1, max_size=9))
def test_sites_that_agree_are_weighed_by_their_precision_alone(value: float, errors: list[float]) -> None:
    found = combine([value] * len(errors), errors)
    assert found.tau2 == 0
    assert found.mean == pytest.approx(value, abs=1e-12)
    assert found.se == pytest.approx(1 / math.sqrt(sum(1 / e**2 for e in errors)))


def test_a_site_without_an_estimate_is_left_out() -> None:
    assert combine([0.1, math.nan, 0.3, 0.4], [0.2, 0.2, math.inf, 0.3]) == combine([0.1, 0.4], [0.2, 0.3])


def test_without_sites_nothing_is_known() -> None:
    found = combine([], [])
    assert found.sites == 0
    assert math.isnan(found.mean)


def test_one_site_has_no_interval_by_students_t() -> None:
    assert all(math.isnan(v) for v in combine([0.1], [0.2]).interval(knapp_hartung=True))


# ------------------------------------------------------------------------------ towards a published value


def test_equal_precision_meets_in_the_middle() -> None:
    found = shrink(1.0, 0.3, 0.0, 0.3, between_sd=0.0)
    assert (found.estimate.item(), found.weight.item()) == pytest.approx((0.5, 0.5))
    half = 1.959963985 * 0.3 / math.sqrt(2)
    assert (found.low.item(), found.high.item()) == pytest.approx((0.5 - half, 0.5 + half))


@some
@given(st.floats(-3, 3), st.floats(0.05, 2), st.floats(-3, 3), st.floats(0.05, 2), st.floats(0, 2))
def test_normal_shrinkage_is_the_product_of_two_normals(
    y: float, s: float, m: float, s0: float, between: float
) -> None:
    found = shrink(y, s, m, s0, between)
    prior, here = 1 / (s0**2 + between**2), 1 / s**2
    sd = 1 / math.sqrt(prior + here)
    mean = (m * prior + y * here) / (prior + here)
    assert found.estimate.item() == pytest.approx(mean, abs=1e-12)
    assert (found.low, found.high) == pytest.approx(stats.norm.interval(0.95, mean, sd), abs=1e-12)


def test_without_local_data_the_published_value_stays() -> None:
    found = shrink([math.nan, 0.4], [0.1, math.inf], 0.2, 0.3, between_sd=0.4)
    assert found.estimate.tolist() == [0.2, 0.2]
    assert found.weight.tolist() == [0, 0]
    assert found.high.tolist() == pytest.approx([0.2 + 1.959963985 * 0.5] * 2)  # 0.5 = sqrt(0.3^2 + 0.4^2)


def test_the_scatter_between_settings_is_found_again() -> None:
    rng = np.random.default_rng(3)
    published, s0, s = rng.normal(0, 1, 4000), 0.1, rng.uniform(0.1, 0.4, 4000)
    truth = published + rng.normal(0, 0.35, 4000) + rng.normal(0, s0, 4000)
    local = truth + rng.normal(0, s)
    assert between_settings(local, s, published, s0) == pytest.approx(0.35, rel=0.05)


def test_values_that_agree_with_the_published_ones_scatter_no_more_than_chance() -> None:
    assert between_settings([0.1, 0.2], 0.5, [0.1, 0.2], 0.1) == 0
    assert math.isnan(between_settings([], [], [], []))


def test_local_data_count_more_where_settings_differ_more() -> None:
    weights = [shrink(1.0, 0.3, 0.0, 0.1, sd).weight.item() for sd in (0.0, 0.1, 0.5, 5.0)]
    assert weights == sorted(weights)
    assert weights[-1] > 0.99


@some
@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.01, 0.99), st.floats(0.1, 1e4))
def test_shares_are_shrunk_by_the_posterior_beta_distribution(x: int, failures: int, m: float, k: float) -> None:
    found = shrink_share(x, x + failures, m, k)
    posterior = stats.beta(k * m + x, k * (1 - m) + failures)
    assert found.estimate.item() == pytest.approx(posterior.mean(), rel=1e-9)
    assert (found.low, found.high) == pytest.approx(posterior.ppf([0.025, 0.975]), rel=1e-8)
    assert found.weight.item() == pytest.approx((x + failures) / (k + x + failures), rel=1e-9)


def test_people_behind_the_published_share_limit_what_it_is_worth() -> None:
    # Variance before, in units of m (1 - m): 1 / 100 + 1 / 100 = 1 / 50, that of a Beta worth 49 people.
    found = shrink_share(10, 49, 0.5, strength=99, published_n=100)
    assert found.weight.item() == pytest.approx(49 / (49 + 49))


def test_a_share_that_is_known_without_doubt_is_not_moved() -> None:
    found = shrink_share(10, 49, 0.5, strength=math.inf)
    assert (found.estimate.item(), found.low.item(), found.high.item(), found.weight.item()) == (0.5, 0.5, 0.5, 0)


def test_nobody_counted_leaves_the_published_share() -> None:
    found = shrink_share(0, 0, 0.2, strength=50)
    assert found.estimate.item() == 0.2
    assert (found.low, found.high) == pytest.approx(stats.beta(10, 40).ppf([0.025, 0.975]))


def test_the_strength_of_the_prior_is_found_again() -> None:
    rng = np.random.default_rng(4)
    published = rng.uniform(0.05, 0.6, 3000)
    local = rng.beta(40 * published, 40 * (1 - published))
    n = rng.integers(5, 200, 3000)
    assert prior_strength(rng.binomial(n, local), n, published) == pytest.approx(40, rel=0.1)


def test_counts_that_scatter_by_chance_alone_have_a_prior_of_endless_strength() -> None:
    assert prior_strength([30, 20], [100, 100], [0.3, 0.2]) == math.inf
    assert math.isnan(prior_strength([0], [0], [0.3]))
