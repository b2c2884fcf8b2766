"""Empirical calibration: how far estimates of this design lie from the truth where there is nothing to find.

Negative controls are pairs without an effect. What is estimated for them scatters around a mean bias by more than
chance: log ratio_i ~ N(mean, sd^2 + se_i^2). Against this distribution an estimate is judged, not against zero bias.

Sources: p values, Schuemie et al. 2014, Stat Med 33:209-218 (doi 10.1002/sim.5925); intervals, Schuemie et al. 2018,
PNAS 115:2571-2577 (doi 10.1073/pnas.1708282114), with the bias that the negative controls show taken to hold for true
effects too (no positive controls). `calibrate` takes the distribution that it is given as known, so that few
controls promise too much there; `with_uncertain_mean` carries on how uncertain the mean is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from soleus.statistics.shrinkage import between_variance
from soleus.statistics.special import Floats, normal_quantile, normal_two_sided


@dataclass(frozen=True)
class NullDistribution:
    """Systematic error on the log scale; NaN where no control could be used. ``controls``: those that were."""

    mean: float
    sd: float
    controls: int


@dataclass(frozen=True)
class Calibrated:
    """Arrays of one shape, on the log scale; NaN in, NaN out."""

    log_ratio: Floats
    se: Floats
    low: Floats
    high: Floats
    p: Floats


def standard_error(low: ArrayLike, high: ArrayLike, level: float = 0.95) -> Floats:
    """Of a log ratio, from the bounds of the ratio; NaN where a bound is 0, infinite or unknown."""
    bounds = [np.asarray(v, np.float64) for v in (low, high)]
    usable = np.logical_and.reduce([np.isfinite(v) & (v > 0) for v in bounds])
    below, above = (np.log(np.where(usable, v, 1.0)) for v in bounds)
    return np.where(usable, (above - below) / (2 * normal_quantile((1 + level) / 2)), np.nan)


def fit_null(log_ratio: ArrayLike, se: ArrayLike) -> NullDistribution:
    """The distribution by maximum likelihood. Controls whose estimate or standard error is not finite are left out."""
    y, s = np.broadcast_arrays(np.asarray(log_ratio, np.float64).ravel(), np.asarray(se, np.float64).ravel())
    known = np.isfinite(y) & np.isfinite(s)
    y, v = y[known], s[known] ** 2
    if not y.size:
        return NullDistribution(math.nan, math.nan, 0)
    tau2 = between_variance(y, v, "ml")
    sure = v + tau2 <= 0  # no scatter at all: what is known without error is the mean
    w = sure.astype(np.float64) if sure.any() else 1 / (v + tau2)
    return NullDistribution(float((w * y).sum() / w.sum()), math.sqrt(tau2), y.size)


def mean_error(null: NullDistribution, se: ArrayLike) -> float:
    """Standard error of the mean of a distribution that was fitted to controls with these standard errors."""
    s = np.asarray(se, np.float64)
    s = s[np.isfinite(s)]
    with np.errstate(divide="ignore"):
        return float(1 / np.sqrt((1 / (s**2 + null.sd**2)).sum())) if s.size else math.nan


def with_uncertain_mean(null: NullDistribution, error: float) -> NullDistribution:
    """The distribution of a new estimate's systematic error: the scatter and the standard error of the mean."""
    return NullDistribution(null.mean, math.hypot(null.sd, error), null.controls)


def calibrate(null: NullDistribution, log_ratio: ArrayLike, se: ArrayLike, level: float = 0.95) -> Calibrated:
    """Estimates freed of the mean bias, with its scatter in their intervals and two-sided p values."""
    y, s = np.broadcast_arrays(np.asarray(log_ratio, np.float64), np.asarray(se, np.float64))
    total = np.sqrt(null.sd**2 + s**2)
    moved = y - null.mean
    with np.errstate(divide="ignore", invalid="ignore"):
        p = normal_two_sided(moved / total)
    half = normal_quantile((1 + level) / 2) * total
    return Calibrated(moved, total, moved - half, moved + half, p)


def left_out_p(log_ratio: ArrayLike, se: ArrayLike) -> Floats:
    """Calibrated p value of each negative control, by the distribution of the others: are they uniform?

    NaN where a control or all others cannot be used.
    """
    y, s = np.broadcast_arrays(np.asarray(log_ratio, np.float64).ravel(), np.asarray(se, np.float64).ravel())
    others = ~np.eye(y.size, dtype=np.bool_)
    return np.array([float(calibrate(fit_null(y[k], s[k]), y[n], s[n]).p) for n, k in enumerate(others)])
