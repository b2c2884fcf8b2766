"""Intervals of a share: Wilson, Clopper-Pearson, Jeffreys. Source: Brown, Cai, DasGupta 2001, Stat Sci 16:101-133."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from soleus.statistics.special import Floats, beta_log_odds_quantile, normal_quantile

Method: TypeAlias = Literal["wilson", "clopper_pearson", "jeffreys"]


@dataclass(frozen=True)
class Shares:
    """Arrays of one shape; NaN where there is nobody."""

    share: Floats
    low: Floats
    high: Floats


def shares(successes: ArrayLike, n: ArrayLike, level: float = 0.95, method: Method = "wilson") -> Shares:
    """Shares of ``successes`` among ``n`` with intervals; 0 <= successes <= n.

    Clopper-Pearson covers at least ``level``. Jeffreys bounds are 0 below no success and 1 above no failure, as the
    source has them (page 113).
    """
    x, total = np.broadcast_arrays(np.asarray(successes, np.float64), np.asarray(n, np.float64))
    somebody = np.maximum(total, 1)
    low, high = _wilson(x, somebody, level) if method == "wilson" else _beta(x, somebody, level, method)
    known = total > 0
    return Shares(*(np.where(known, v, np.nan) for v in (x / somebody, low, high)))


def _wilson(x: Floats, n: Floats, level: float) -> tuple[Floats, Floats]:
    z = normal_quantile((1 + level) / 2)
    p = x / n
    centre, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low, high = (centre - half) / scale, (centre + half) / scale
    return np.where(x == 0, 0.0, low), np.where(x == n, 1.0, high)  # exact there, but for rounding


def _beta(x: Floats, n: Floats, level: float, method: Method) -> tuple[Floats, Floats]:
    tail, failures = (1 - level) / 2, n - x
    if method == "jeffreys":
        below, above = (x + 0.5, failures + 0.5), (x + 0.5, failures + 0.5)
    else:
        # A parameter of 0 stands for a bound at the end of the scale; 1 takes its place in the arithmetic.
        below, above = (np.maximum(x, 1), failures + 1), (x + 1, np.maximum(failures, 1))
    low, high = _share(beta_log_odds_quantile(tail, *below)), _share(beta_log_odds_quantile(1 - tail, *above))
    return np.where(x == 0, 0.0, low), np.where(failures == 0, 1.0, high)


def _share(log_odds: Floats) -> Floats:
    return np.exp(-np.logaddexp(0.0, -log_odds))
