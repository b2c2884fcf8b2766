"""The beta distribution on the scale of log odds, Student's t from it, and the normal.

With y = log(x / (1 - x)) both tails keep all their digits, d/dy I(y) = x^a (1 - x)^b / B(a, b), and the logarithm of
the distribution function is concave in y, so Newton's method on it cannot run away. Inside, y is counted from the log
odds of the mean, log(a / b), where large numbers would cancel. SciPy is the referee in the tests and no more than that,
so that the core installs small.

Sources: the continued fraction of Didonato and Morris (1992, ACM Trans. Math. Softw. 18:360, equation 9); the gamma
function through the remainder of Stirling's series, DLMF 5.11.1, as Loader (2000) writes the binomial density.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]

_TINY = 1e-300  # stands for a zero denominator in the continued fraction
_PRECISION = 1e-15
_MOST_TERMS = 20_000  # about the square root of the larger parameter are needed
_NEWTON_STEPS = 100
_NEWTON_PRECISION = 1e-9  # of the last step; what is left is its square
_LARGE = 30.0
_STIRLING_FROM = 16.0  # the series below has all digits from here on
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


def beta_cdf(log_odds: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """P(X <= x) at x / (1 - x) = exp(``log_odds``) for X ~ Beta(``a``, ``b``), ``a`` and ``b`` > 0."""
    y, a, b, shape = _flat(log_odds, a, b)
    return np.exp(_log_cdf(y - np.log(a / b), a, b)[0]).reshape(shape)


def beta_log_odds_quantile(p: ArrayLike, a: ArrayLike, b: ArrayLike) -> Floats:
    """log(x / (1 - x)) where P(X <= x) = ``p``, 0 < p < 1, for X ~ Beta(``a``, ``b``), ``a`` and ``b`` > 0."""
    p, a, b, shape = _flat(p, a, b)
    upper = p > 0.5  # the upper tail is the lower one of 1 - X: its logarithm keeps its digits
    tail, first, second = np.where(upper, 1 - p, p), np.where(upper, b, a), np.where(upper, a, b)
    y = _lower_quantile(np.log(tail), first, second) + np.log(first / second)
    return np.where(upper, -y, y).reshape(shape)


def t_quantile(p: ArrayLike, df: ArrayLike) -> Floats:
    """Quantile of Student's t with ``df`` > 0 degrees of freedom, 0 < p < 1: df / t^2 is x / (1 - x) of a beta."""
    p, df, _, shape = _flat(p, df, 1.0)
    tail = np.minimum(p, 1 - p)
    within = np.where(tail < 0.5, tail, 0.25)  # the median is 0, and has no log odds
    t = np.sqrt(df * np.exp(-beta_log_odds_quantile(2 * within, df / 2, 0.5)))
    return np.where(tail < 0.5, np.where(p < 0.5, -t, t), 0.0).reshape(shape)


def t_two_sided(t: ArrayLike, df: ArrayLike) -> Floats:
    """P(|T| >= |t|) for Student's t with ``df`` > 0 degrees of freedom."""
    t, df, _, shape = _flat(t, df, 1.0)
    apart = np.abs(t) > 0
    log_odds = np.log(df) - 2 * np.log(np.where(apart, np.abs(t), 1.0))
    return np.where(apart, beta_cdf(log_odds, df / 2, 0.5), 1.0).reshape(shape)


def normal_two_sided(z: ArrayLike) -> Floats:
    """P(|Z| >= |z|) for a standard normal; NaN stays NaN."""
    return np.asarray(_erfc(np.abs(np.asarray(z, np.float64)) / math.sqrt(2)), np.float64)


def normal_quantile(p: float) -> float:
    """Quantile of the standard normal, 0 < p < 1."""
    return NormalDist().inv_cdf(p)


def _flat(*values: ArrayLike) -> tuple[Floats, Floats, Floats, tuple[int, ...]]:
    first, second, third = (np.array(v, np.float64) for v in np.broadcast_arrays(*values))
    return first.ravel(), second.ravel(), third.ravel(), first.shape


def _lower_quantile(log_p: Floats, a: Floats, b: Floats) -> Floats:
    """The distance from log(a / b) at which the logarithm of the distribution function is ``log_p``."""
    off, moving = np.zeros_like(a), np.ones(a.shape, np.bool_)
    for _ in range(_NEWTON_STEPS):
        log_cdf, slope = _log_cdf(off[moving], a[moving], b[moving])
        step = (log_p[moving] - log_cdf) / slope
        off[moving] += step
        moving[moving] = np.abs(step) > _NEWTON_PRECISION
        if not moving.any():
            break
    return off


def _log_cdf(off: Floats, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """log I_x(a, b) and its derivative by the log odds, at log odds ``off`` above those of the mean."""
    low = off <= 0  # here the fraction converges quickly; above, it does for 1 - X
    first, second = np.where(low, a, b), np.where(low, b, a)
    log_density = _log_density(off, a, b)
    log_tail = log_density + np.log(_fraction(np.where(low, off, -off), first, second))
    log_cdf = np.where(low, log_tail, np.log1p(-np.exp(np.where(low, -1.0, log_tail))))
    return log_cdf, np.exp(log_density - log_cdf)


def _log_density(off: Floats, a: Floats, b: Floats) -> Floats:
    """log(x^a (1 - x)^b / B(a, b))."""
    n = a + b
    apart = -a * _log_mean(b / n, -off) - b * _log_mean(a / n, off)
    at_mean = (np.log(a) + np.log(b) - np.log(n) - np.log(2 * np.pi)) / 2 + _rest(n) - _rest(a) - _rest(b)
    return np.asarray(apart + at_mean)


def _log_mean(share: Floats, z: Floats) -> Floats:
    """log(1 - share + share e^z), exact for small z and without overflow for large ones."""
    large = z > _LARGE
    near = np.log1p(share * np.expm1(np.where(large, 0.0, z)))
    return np.where(large, z + np.log(share + (1 - share) * np.exp(-np.maximum(z, 0.0))), near)


def _rest(z: Floats) -> Floats:
    """log Gamma(z) - ((z - 1/2) log z - z + log(2 pi) / 2); small z step by step from larger ones."""
    z, out = z.copy(), np.zeros_like(z)
    while np.any(small := z < _STIRLING_FROM):
        out[small] += (z[small] + 0.5) * np.log1p(1 / z[small]) - 1
        z[small] += 1
    s = 1 / (z * z)
    series = 1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360360))))
    return np.asarray(out + series / z)


def _fraction(off: Floats, a: Floats, b: Floats) -> Floats:
    """I_x(a, b) / (x^a (1 - x)^b / B(a, b)) for x up to the mean, by the modified method of Lentz."""
    out: Floats = np.empty_like(off)
    at: NDArray[np.intp] = np.arange(off.size)
    y, n = off + np.log(a / b), a + b
    x, rest = np.exp(-np.logaddexp(0.0, -y)), np.exp(-np.logaddexp(0.0, y))
    below = -a * b / n * np.expm1(off) / (1 + a / n * np.expm1(off))  # a - (a + b) x
    d = 1 / _nonzero(a / (a + 1) * (below + 1))
    c, value = np.full_like(d, 1 / _TINY), d
    for m in range(1, _MOST_TERMS):
        odd = a + 2 * m - 1
        over = (a + m - 1) * (a + b + m - 1) * m * (b - m) * x * x / (odd * odd)
        under = m + m * (b - m) * x / odd + (a + m) / (odd + 2) * (below + 1 + m * (1 + rest))
        d, c = 1 / _nonzero(under + over * d), _nonzero(under + over / c)
        value = value * c * d
        going = np.abs(c * d - 1) > _PRECISION
        if not going.all():  # what has settled is put aside: few need many terms
            out[at], at = value, at[going]
            x, rest, below, a, b, c, d, value = (v[going] for v in (x, rest, below, a, b, c, d, value))
            if not at.size:
                break
    out[at] = value
    return out


def _nonzero(values: Floats) -> Floats:
    return np.where(np.abs(values) < _TINY, _TINY, values)
