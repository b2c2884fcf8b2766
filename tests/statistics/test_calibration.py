"""Empirical calibration by negative controls.

Reference: R EmpiricalCalibration (OHDSI, Apache License 2.0), its data `sccs`: self-controlled case series of
medicines and upper gastrointestinal bleeding; the figures of 3.1.4 as the Python port empyricalcalibration 0.1.1
records them. R looks for the largest likelihood by a simplex that stops at eight digits of it, hence the tolerance.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from soleus.statistics.calibration import (
    NullDistribution,
    calibrate,
    fit_null,
    left_out_p,
    mean_error,
    standard_error,
    with_uncertain_mean,
)

#: Log ratio and standard error of each negative control.
CONTROLS = np.array(
    [
        (0.433902074, 0.761753760), (0.636318364, 0.183989199), (0.929754897, 0.297980184), (1.691927343, 0.595522198),
        (0.526169060, 0.196719949), (0.858189008, 0.130846045), (0.800992415, 0.120855794), (0.878170151, 0.346239787),
        (0.730451680, 0.139021871), (0.776188471, 0.297058794), (0.734523595, 0.277883254), (1.279632463, 0.262141411),
        (0.531254954, 0.133970460), (0.106333278, 0.331148268), (0.464246631, 0.138740186), (1.243441840, 0.090779785),
        (1.347351819, 0.115971298), (0.106333278, 0.331148268), (-0.647623867, 1.313521167),
        (0.856079306, 0.160921140), (1.307924760, 0.194096650), (1.163684831, 0.117531482), (0.816234687, 0.387381672),
        (0.106333278, 0.331148268), (1.506439297, 0.131170755), (0.737563397, 0.805616431), (0.687849571, 0.061145939),
        (0.629433124, 0.101550543), (0.787747645, 0.081931050), (0.089599439, 0.551000165), (0.704474846, 0.072644490),
        (0.647387346, 0.251797359), (0.250665642, 0.233063132), (1.938194097, 0.805018223), (1.119246873, 0.145833796),
        (0.380414394, 0.131097471), (0.571386224, 0.676474602), (0.521790656, 0.126716424), (1.021801577, 0.311065514),
        (0.473702289, 0.503351731), (0.796144677, 0.647582367), (0.893591869, 0.375996948), (1.029418911, 0.141659470),
        (-0.853082264, 0.809950296), (1.127486037, 0.573010088),
    ]
)  # fmt: skip
SERTRALINE = (0.732623537, 0.073717085)
Y, S = CONTROLS.T
some = settings(max_examples=60, deadline=None)


def log_likelihood(mean: float, sd: float) -> float:
    return float(stats.norm.logpdf(Y, mean, np.hypot(sd, S)).sum())


def test_the_null_distribution_is_that_of_the_r_package() -> None:
    found = fit_null(Y, S)
    assert (found.mean, found.sd) == pytest.approx((0.79215805192387778, 0.28343634583577032), abs=1e-4)
    assert found.controls == 45


def test_it_is_at_least_as_likely_as_that_of_the_r_package() -> None:
    found = fit_null(Y, S)
    assert log_likelihood(found.mean, found.sd) >= log_likelihood(0.79215805192387778, 0.28343634583577032)


@pytest.mark.parametrize(("mean", "sd"), [(1e-4, 0), (-1e-4, 0), (0, 1e-4), (0, -1e-4)])
def test_no_neighbour_is_more_likely(mean: float, sd: float) -> None:
    found = fit_null(Y, S)
    assert log_likelihood(found.mean, found.sd) > log_likelihood(found.mean + mean, found.sd + sd)


def test_a_strong_finding_vanishes_against_the_controls() -> None:
    found = calibrate(fit_null(Y, S), *SERTRALINE)
    # Before: p < 1e-22. The package's own test expects a log ratio near -0.0593.
    assert stats.norm.sf(SERTRALINE[0] / SERTRALINE[1]) * 2 < 1e-22
    assert found.log_ratio == pytest.approx(-0.0593, abs=5e-4)
    assert found.p == pytest.approx(0.839, abs=1e-3)


def test_p_values_against_a_null_without_error_are_the_usual_ones() -> None:
    # Expectations of the package's tests: 2 and 3 standard errors, and one that is missing.
    found = calibrate(fit_null([0, 0], [0, 0]), [0.1, 0.3, 0.2], [0.05, 0.1, math.nan])
    assert found.p == pytest.approx([0.045500266, 0.002699796, math.nan], abs=1e-8, nan_ok=True)


def test_controls_that_are_known_without_error_show_the_systematic_error_itself() -> None:
    found = fit_null([1, 2], [0, 0])
    assert (found.mean, found.sd) == pytest.approx((1.5, 0.5), abs=1e-6)


@some
@given(st.floats(-2, 2), st.floats(0.05, 1), st.floats(-1, 1), st.floats(0, 1))
def test_an_interval_leaves_out_no_effect_where_the_p_value_is_small(
    y: float, s: float, mean: float, sd: float
) -> None:
    found = calibrate(NullDistribution(mean, sd, 20), y, s)
    assert (found.low > 0 or found.high < 0) == (found.p < 0.05)
    assert found.high - found.low == pytest.approx(2 * 1.959963985 * math.hypot(sd, s))


def test_a_bias_is_taken_away_and_its_scatter_added() -> None:
    found = calibrate(NullDistribution(0.2, 0.3, 20), 0.7, 0.4)
    assert (found.log_ratio, found.se) == pytest.approx((0.7 - 0.2, math.sqrt(0.3**2 + 0.4**2)))


def test_each_control_is_judged_by_the_others() -> None:
    found = left_out_p(Y, S)
    rest = np.arange(len(Y)) != 3
    alone = calibrate(fit_null(Y[rest], S[rest]), Y[3], S[3])
    assert found[3] == alone.p
    assert found.shape == Y.shape


def test_left_out_p_values_of_controls_are_uniform() -> None:
    rng = np.random.default_rng(8)
    s = rng.uniform(0.05, 0.5, 300)
    found = left_out_p(rng.normal(0.3, np.hypot(0.25, s)), s)
    assert stats.kstest(found, "uniform").pvalue > 0.05
    assert (found < 0.05).mean() == pytest.approx(0.05, abs=0.025)


def test_controls_without_an_estimate_are_left_out() -> None:
    found = fit_null([*Y, math.nan, 9, math.inf], [*S, 0.1, math.inf, 0.1])
    assert found == fit_null(Y, S)


def test_without_controls_nothing_is_calibrated() -> None:
    null = fit_null([], [])
    assert null.controls == 0
    assert math.isnan(null.mean)
    assert math.isnan(null.sd)
    assert np.isnan(calibrate(null, 0.5, 0.1).p)
    assert np.isnan(left_out_p([0.1], [0.2])).all()


def test_a_standard_error_is_read_off_the_bounds() -> None:
    low, high = math.exp(0.3 - 1.959963985 * 0.2), math.exp(0.3 + 1.959963985 * 0.2)
    assert standard_error([low, 0, 1], [high, 2, math.inf]) == pytest.approx([0.2, math.nan, math.nan], nan_ok=True)


def test_the_mean_of_equal_controls_is_as_sure_as_a_mean() -> None:
    assert mean_error(NullDistribution(0.1, 0.0, 4), [0.2] * 4) == pytest.approx(0.1)
    assert mean_error(NullDistribution(0.1, 0.3, 4), [0.4] * 4) == pytest.approx(0.25)
    assert math.isnan(mean_error(NullDistribution(math.nan, math.nan, 0), []))


def test_intervals_cover_a_new_control_when_the_mean_of_few_is_uncertain() -> None:
    # Five controls and one more without effect, all biased by 0.3 and scattered by 0.2; as known, too few are covered.
    rng, se, covered, promised = np.random.default_rng(3), 0.15, 0, 0
    for _ in range(2000):
        y = 0.3 + rng.normal(0, math.hypot(0.2, se), 6)
        known = NullDistribution(float(y[:5].mean()), 0.2, 5)
        wide = with_uncertain_mean(known, mean_error(known, [se] * 5))
        for fit in (known, wide):
            found = calibrate(fit, y[5], se)
            inside = bool(found.low <= 0 <= found.high)
            covered, promised = covered + (inside and fit is wide), promised + (inside and fit is known)
    assert abs(covered / 2000 - 0.95) < 0.015
    assert promised / 2000 < 0.935
