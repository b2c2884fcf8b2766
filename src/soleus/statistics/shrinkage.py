"""Several estimates of one thing: combined across sites, or drawn towards a published value by their precision.

Random effects: estimates y_i with standard errors s_i scatter around a mean by a variance tau^2 between sites,

    y_i ~ N(mean, s_i^2 + tau^2),   weights w_i = 1 / (s_i^2 + tau^2).

tau^2 by DerSimonian and Laird (1986, Control Clin Trials 7:177-188), by maximum likelihood, or by restricted maximum
likelihood (Viechtbauer 2005, J Educ Behav Stat 30:261-293). Only estimates and standard errors are needed: no row of a
person leaves a site.

Towards a published value: the local truth scatters around it, so that what is known before the local data has the
variance published_se^2 + tau^2, and both sides weigh by their precision (normal-normal; beta-binomial for shares).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from soleus.statistics.special import Floats, beta_log_odds_quantile, normal_quantile, t_quantile

Between: TypeAlias = Literal["dersimonian_laird", "ml", "reml"]

_GRID = 64
_BISECTIONS = 200
_STRENGTHS = np.logspace(-2, 7, 181)
_LEAST = 1e-9  # of a parameter of the beta distribution, where nothing at all is known
_GOLDEN = (math.sqrt(5) - 1) / 2


@dataclass(frozen=True)
class Combined:
    """A mean across sites. ``q``: Cochran's Q. ``i2``: share of the scatter that is not chance, 0 to 1."""

    mean: float
    se: float
    tau2: float
    q: float
    i2: float
    sites: int
    knapp_hartung_se: float

    def interval(self, level: float = 0.95, knapp_hartung: bool = False) -> tuple[float, float]:
        """Bounds of the mean: normal, or Student's t with sites - 1 degrees of freedom, which few sites need.

        Source of the latter: Knapp and Hartung 2003, Stat Med 22:2693-2710.
        """
        if not knapp_hartung:
            half = normal_quantile((1 + level) / 2) * self.se
        elif self.sites > 1:
            half = t_quantile((1 + level) / 2, self.sites - 1).item() * self.knapp_hartung_se
        else:
            half = math.nan
        return self.mean - half, self.mean + half


def combine(estimates: ArrayLike, se: ArrayLike, method: Between = "reml") -> Combined:
    """Combine estimates on one additive scale (log ratios, log odds). Entries that are not finite are left out.

    Without any entry all is NaN; one entry is its own mean, with tau^2 = 0.
    """
    y, v = _usable(estimates, se)
    if not y.size:
        return Combined(math.nan, math.nan, math.nan, math.nan, math.nan, 0, math.nan)
    fixed = 1 / v
    q = float((fixed * (y - _mean(y, fixed)) ** 2).sum())
    tau2 = between_variance(y, v, method)
    w = 1 / (v + tau2)
    mean, se_mean = _mean(y, w), 1 / math.sqrt(w.sum())
    spread = math.sqrt((w * (y - mean) ** 2).sum() / (y.size - 1)) if y.size > 1 else math.nan
    return Combined(mean, se_mean, tau2, q, _i2(fixed, tau2), y.size, spread * se_mean)


def _usable(estimates: ArrayLike, se: ArrayLike) -> tuple[Floats, Floats]:
    """Estimates and variances."""
    y, s = np.broadcast_arrays(np.asarray(estimates, np.float64).ravel(), np.asarray(se, np.float64).ravel())
    known = np.isfinite(y) & np.isfinite(s)
    return y[known], s[known] ** 2


def _mean(y: Floats, w: Floats) -> float:
    return float((w * y).sum() / w.sum())


def _i2(fixed: Floats, tau2: float) -> float:
    """Source: Higgins and Thompson 2002, Stat Med 21:1539-1558, equation 9: the typical variance within sites."""
    if fixed.size < 2:
        return 0.0
    typical = (fixed.size - 1) * fixed.sum() / (fixed.sum() ** 2 - (fixed**2).sum())
    return float(tau2 / (tau2 + typical))


def between_variance(y: Floats, v: Floats, method: Between = "reml", mean: float | None = None) -> float:
    """tau^2 of estimates ``y`` with variances ``v`` (> 0, or all 0 but for the likelihoods); not below 0.

    ``mean``: known in advance, as where differences from published values are around 0; the likelihoods only.
    """
    if y.size < 2 and mean is None:
        return 0.0
    if method == "dersimonian_laird":
        w = 1 / v
        q = (w * (y - _mean(y, w)) ** 2).sum()
        return max(0.0, float((q - (y.size - 1)) / (w.sum() - (w**2).sum() / w.sum())))
    top = 4 * float(((y - (y.mean() if mean is None else mean)) ** 2).max()) + float(v.max())
    return _maximum(lambda t: _log_likelihood(t, y, v, method, mean), lambda t: _score(t, y, v, method, mean), top)


def _log_likelihood(tau2: float, y: Floats, v: Floats, method: Between, mean: float | None) -> float:
    total = v + tau2
    if (total <= 0).any():
        return -math.inf
    w = 1 / total
    off = y - (_mean(y, w) if mean is None else mean)
    restricted = math.log(w.sum()) if method == "reml" and mean is None else 0.0
    return -float(np.log(total).sum() + (w * off * off).sum() + restricted) / 2


def _score(tau2: float, y: Floats, v: Floats, method: Between, mean: float | None) -> float:
    """Derivative of the log likelihood by tau^2, the mean at its best."""
    w = 1 / (v + tau2)
    off = y - (_mean(y, w) if mean is None else mean)
    restricted = (w * w).sum() / w.sum() if method == "reml" and mean is None else 0.0
    return float((w * w * off * off).sum() - w.sum() + restricted) / 2


def _maximum(height: Callable[[float], float], slope: Callable[[float], float], top: float) -> float:
    """Where ``height`` is largest on [0, top]: the best of a grid, then the zero of the slope beside it.

    A likelihood of a variance may have two peaks; climbing from one start could end on the lower.
    """
    if top <= 0:
        return 0.0
    grid = np.concatenate([[0.0], top * np.logspace(-9, 0, _GRID)])
    best = int(np.argmax([height(t) for t in grid]))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, _GRID)]
    if best == 0 and math.isfinite(height(0.0)) and slope(0.0) <= 0:
        return 0.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) > 0 else (low, middle)
    return float((low + high) / 2)


# ------------------------------------------------------------------------------ towards a published value


@dataclass(frozen=True)
class Shrunk:
    """Arrays of one shape. ``weight``: of the local data, 0 to 1; the published value has the rest."""

    estimate: Floats
    low: Floats
    high: Floats
    weight: Floats


def between_settings(local: ArrayLike, se: ArrayLike, published: ArrayLike, published_se: ArrayLike) -> float:
    """tau: how far local truths lie from published values beyond chance, by maximum likelihood over many of them."""
    y = np.asarray(local, np.float64) - np.asarray(published, np.float64)
    total = np.hypot(np.asarray(se, np.float64), np.asarray(published_se, np.float64))
    off, v = _usable(y, total)
    return math.sqrt(between_variance(off, v, "ml", mean=0.0)) if off.size else math.nan


def shrink(
    local: ArrayLike,
    se: ArrayLike,
    published: ArrayLike,
    published_se: ArrayLike,
    between_sd: float,
    level: float = 0.95,
) -> Shrunk:
    """Normal-normal: local estimates drawn towards published ones, on an additive scale.

    Where there is no local estimate (NaN) the published one stays, with the scatter between settings in its interval.
    """
    y, s, m, s0 = (np.asarray(v, np.float64) for v in np.broadcast_arrays(local, se, published, published_se))
    before = s0**2 + between_sd**2
    known = np.isfinite(y) & np.isfinite(s)
    here = np.where(known, s, 1.0) ** 2
    weight = np.where(known, before / np.where(before + here > 0, before + here, 1.0), 0.0)
    estimate = m + weight * (np.where(known, y, m) - m)
    half = normal_quantile((1 + level) / 2) * np.sqrt((1 - weight) * before)
    return Shrunk(estimate, estimate - half, estimate + half, weight)


def prior_strength(successes: ArrayLike, n: ArrayLike, published: ArrayLike) -> float:
    """k of local shares p_i ~ Beta(k m_i, k (1 - m_i)) around published shares m_i, 0 < m_i < 1; by maximum likelihood.

    k is worth that many people. Infinity: the local counts scatter no more than chance has it. NaN: no counts.
    """
    x, total, m = (np.asarray(v, np.float64).ravel() for v in np.broadcast_arrays(successes, n, published))
    known = np.isfinite(x) & (total > 0)
    if not known.any():
        return math.nan
    x, total, m = x[known], total[known], m[known]

    def height(log_k: float) -> float:
        return _beta_binomial(x, total, m, math.exp(log_k))

    heights = [height(math.log(k)) for k in _STRENGTHS]
    best = int(np.argmax(heights))
    if best == len(_STRENGTHS) - 1:
        return math.inf
    low, high = (math.log(_STRENGTHS[at]) for at in (max(best - 1, 0), best + 1))
    return math.exp(_golden(height, low, high))


def shrink_share(
    successes: ArrayLike,
    n: ArrayLike,
    published: ArrayLike,
    strength: float,
    published_n: ArrayLike = math.inf,
    level: float = 0.95,
) -> Shrunk:
    """Beta-binomial: local shares drawn towards published ones.

    ``strength``: as of `prior_strength`. ``published_n``: people behind the published share, whose own chance error
    widens what is known before. Bounds are quantiles of the posterior Beta distribution.
    """
    x, total, m, people = (np.asarray(v, np.float64) for v in np.broadcast_arrays(successes, n, published, published_n))
    with np.errstate(divide="ignore"):
        spread = 1 / (strength + 1) + 1 / people  # of the variance m (1 - m) that a single person would have
        k = np.maximum(1 / spread - 1, 0.0)
    weight = np.where(np.isinf(k), 0.0, total / np.where(np.isinf(k), 1.0, k + total))
    local = np.where(total > 0, x / np.maximum(total, 1), m)
    estimate = m + weight * (local - m)
    sure = np.isinf(k)
    a, b = (np.where(sure, 1.0, np.maximum(k * p + count, _LEAST)) for p, count in ((m, x), (1 - m, total - x)))
    tail = (1 - level) / 2
    low, high = (np.exp(-np.logaddexp(0.0, -beta_log_odds_quantile(p, a, b))) for p in (tail, 1 - tail))
    return Shrunk(estimate, np.where(sure, m, low), np.where(sure, m, high), weight)


def _beta_binomial(x: Floats, n: Floats, m: Floats, k: float) -> float:
    """Log likelihood but for a constant."""
    a, b = k * m, k * (1 - m)
    return float((_lgamma(a + x) - _lgamma(a) + _lgamma(b + n - x) - _lgamma(b) - _lgamma(k + n) + _lgamma(k)).sum())


_lgamma = np.vectorize(math.lgamma, otypes=[np.float64])


def _golden(height: Callable[[float], float], low: float, high: float) -> float:
    """Where ``height``, of one peak, is largest between two points."""
    for _ in range(60):
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (left, high) if height(left) < height(right) else (low, right)
    return (low + high) / 2
