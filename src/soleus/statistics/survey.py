"""Shares and logistic regression from a sample survey with strata, primary sampling units and weights.

Variances by Taylor linearisation with replacement at the first stage: whatever is estimated solves weighted score
equations, so its variance is A^-1 G A^-1, where A is the information and G the variance of the summed scores, found
from the totals of the primary sampling units (PSU) within strata:

    G = sum over strata h of n_h / (n_h - 1) * sum over PSU i of (z_hi - mean z_h)(z_hi - mean z_h)'

Part of a sample (``within``) is estimated as a domain: persons outside it count with score 0, so that all PSUs of the
design stay. Source: Binder 1983, Int Stat Rev 51:279-292; Korn and Graubard, Analysis of Health Surveys, 1999,
sections 2.4 and 5.2. Where they leave a choice, that of R's package survey (4.1) is taken; the tests compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from soleus.errors import CannotAssess
from soleus.statistics.special import t_quantile

Floats: TypeAlias = NDArray[np.float64]
Flags: TypeAlias = NDArray[np.bool_]

#: What to do with a stratum of one PSU. error: raise; centred: its deviation is taken from the mean of all PSUs.
Lonely = Literal["error", "centred"]

_MOST_STEPS = 50
_SMALL_STEP = 1e-10
_UPPER = 0.975  # of a two-sided interval of 95 %


class Design:
    """Strata, PSUs (numbered anew in each stratum) and weights, one entry a person; the order is that of the data.

    Raises `CannotAssess` for a stratum of one PSU where ``lonely`` is "error".
    """

    def __init__(self, stratum: ArrayLike, psu: ArrayLike, weight: ArrayLike, lonely: Lonely = "error") -> None:
        pairs = np.column_stack([np.asarray(stratum), np.asarray(psu)])
        units, self.unit = np.unique(pairs, axis=0, return_inverse=True)
        _, self.stratum = np.unique(units[:, 0], return_inverse=True)  # of each unit
        self.weight = np.asarray(weight, np.float64)
        self.sizes = np.bincount(self.stratum)
        if lonely == "error" and (self.sizes == 1).any():
            raise CannotAssess(
                "survey design",
                f"{int((self.sizes == 1).sum())} strata with one sampling unit",
                "at least two in each, so that a variance can be estimated",
                'Join strata, or centre them (lonely="centred").',
            )

    def df(self, within: Flags) -> int:
        """Degrees of freedom: PSUs less strata, of those that hold somebody of the domain."""
        units = np.bincount(self.unit[within & (self.weight > 0)], minlength=len(self.stratum)) > 0
        return int(units.sum()) - len(np.unique(self.stratum[units]))

    def variance(self, scores: Floats) -> Floats:
        """Variance of the sum of ``scores`` [person, parameter], which bear their weight already."""
        totals = np.column_stack([np.bincount(self.unit, s, minlength=len(self.stratum)) for s in scores.T])
        means = np.column_stack([np.bincount(self.stratum, t) / self.sizes for t in totals.T])
        means[self.sizes == 1] = totals.mean(axis=0)
        apart = totals - means[self.stratum]
        scale = (self.sizes / np.maximum(self.sizes - 1, 1))[self.stratum]
        return np.asarray((apart * scale[:, None]).T @ apart)


@dataclass(frozen=True)
class Share:
    """A share of a domain. ``n`` and ``count`` are persons, unweighted; the interval is None at a share of 0 or 1.

    The interval is symmetric on the scale of log odds, with Student's t on ``df`` degrees of freedom.
    """

    value: float
    low: float | None
    high: float | None
    n: int
    count: int
    df: int


@dataclass(frozen=True)
class Ratio:
    """An odds ratio; ``df`` are the degrees of freedom of its interval, those of the design less further parameters."""

    value: float
    low: float
    high: float
    df: int


@dataclass(frozen=True)
class Fit:
    """A logistic regression: log odds ratios of the columns (intercept first) with their covariance."""

    beta: Floats
    covariance: Floats
    n: int
    design_df: int

    def ratio(self, column: int, per: float = 1.0) -> Ratio | None:
        """Odds ratio of a column (0 is the first after the intercept) per ``per`` of its unit; None without df left."""
        df = self.design_df + 1 - len(self.beta)
        if df < 1:
            return None
        log_ratio = per * self.beta[column + 1]
        half = abs(per) * _reach(df) * np.sqrt(self.covariance[column + 1, column + 1])
        value, low, high = (float(np.exp(v)) for v in (log_ratio, log_ratio - half, log_ratio + half))
        return Ratio(value, low, high, df)


def share(design: Design, outcome: ArrayLike, within: Flags) -> Share | None:
    """Share of the domain with ``outcome`` (1 yes, 0 no, NaN not known: left out); None for an empty domain."""
    y = np.asarray(outcome, np.float64)
    inside = within & ~np.isnan(y) & (design.weight > 0)
    if not inside.any():
        return None
    y, w, df = np.where(inside, y, 0.0), np.where(inside, design.weight, 0.0), design.df(inside)
    p = float(w @ y / w.sum())
    n, count = int(inside.sum()), int(y.sum())
    if not 0 < p < 1 or df < 1:
        return Share(p, None, None, n, count, df)
    scores = (w * (y - p) / (w.sum() * p * (1 - p)))[:, None]  # of the log odds
    half = _reach(df) * float(np.sqrt(design.variance(scores)[0, 0]))
    low, high = (1 / (1 + np.exp(-(np.log(p / (1 - p)) + step))) for step in (-half, half))
    return Share(p, float(low), float(high), n, count, df)


def logistic(design: Design, outcome: ArrayLike, columns: ArrayLike, within: Flags) -> Fit | None:
    """Weighted logistic regression of ``outcome`` on ``columns`` [person, column], in a domain.

    NaN in either leaves a person out. None where no finite maximum exists: one group without or with nothing but the
    outcome, columns that depend on each other, nobody left.
    """
    y = np.asarray(outcome, np.float64)
    x = np.column_stack([np.ones(len(y)), np.asarray(columns, np.float64)])
    inside = within & ~np.isnan(y) & ~np.isnan(x).any(axis=1) & (design.weight > 0)
    if not inside.any():
        return None
    w = design.weight[inside] / design.weight[inside].mean()
    beta = _maximum(y[inside], x[inside], w)
    if beta is None:
        return None
    p = _chance(x[inside] @ beta)
    bread = np.linalg.inv(_information(x[inside], w * p * (1 - p)))
    scores = np.zeros_like(x)
    scores[inside] = x[inside] * (w * (y[inside] - p))[:, None]
    return Fit(beta, bread @ design.variance(scores) @ bread, int(inside.sum()), design.df(inside))


@cache
def _reach(df: int) -> float:
    """How many standard errors an interval reaches to either side."""
    return float(t_quantile(_UPPER, df))


def _maximum(y: Floats, x: Floats, w: Floats) -> Floats | None:
    """Newton's method from all zero, on standardised columns; None if it does not settle."""
    centre, spread = x[:, 1:].mean(axis=0), x[:, 1:].std(axis=0)
    if (spread == 0).any():
        return None
    z = np.column_stack([x[:, :1], (x[:, 1:] - centre) / spread])
    beta = np.zeros(z.shape[1])
    for _ in range(_MOST_STEPS):
        p = _chance(z @ beta)
        information = _information(z, w * p * (1 - p))
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, z.T @ (w * (y - p)))
        beta = beta + step
        if np.abs(step).max() < _SMALL_STEP:
            slopes = beta[1:] / spread
            return np.concatenate([[beta[0] - slopes @ centre], slopes])
    return None


def _chance(log_odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(log_odds, -700, 700))))


def _information(x: Floats, w: Floats) -> Floats:
    return np.asarray((x * w[:, None]).T @ x)
