"""Facets: findings that hang together, as a mixture of two hidden states that keeps every marginal.

For one explanation with item marginals ``mu`` and joint ``pi = P(all items typical)``:

    w = min mu;  eps_j = min(0.005, mu_j/10, (1 - mu_j)/10)
    d_j = min((1 - eps_j - mu_j)/(1 - w), (mu_j - eps_j)/w)
    a_j = mu_j + (1 - w) lam d_j       P(item j typical | f = 1)
    b_j = mu_j - w lam d_j             P(item j typical | f = 0)

and ``lam`` in [0, 1] solves  w prod a + (1 - w) prod b = pi.  lam = 0 is independence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

_NORMAL = NormalDist()
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Mixture(NamedTuple):
    """P(f = 1), and P(item typical) when f = 1 (``a``) and f = 0 (``b``)."""

    w: float
    a: tuple[float, ...]
    b: tuple[float, ...]


class Fit(NamedTuple):
    """A mixture with what had to move: the joint and marginals asked for and reached."""

    mixture: Mixture
    joint_asked: float
    joint_reached: float
    moved: float  # largest move of a marginal on the logit scale; 0 when feasible


def mixture(mu: Sequence[float], lam: float) -> Mixture:
    """The mixture at a given strength ``lam``."""
    w = min(mu)
    d = [_room(m, w) for m in mu]
    return Mixture(
        w,
        tuple(m + (1 - w) * lam * x for m, x in zip(mu, d, strict=True)),
        tuple(m - w * lam * x for m, x in zip(mu, d, strict=True)),
    )


def _room(m: float, w: float) -> float:
    eps = min(0.005, m / 10, (1 - m) / 10)
    return min((1 - eps - m) / (1 - w), (m - eps) / w)


def joint(mix: Mixture) -> float:
    """P(all items typical)."""
    return mix.w * math.prod(mix.a) + (1 - mix.w) * math.prod(mix.b)


def solve(mu: Sequence[float], pi: float) -> Mixture:
    """The mixture with joint ``pi``, cut to what independence and lam = 1 reach."""
    low, high = 0.0, 1.0
    if pi <= joint(mixture(mu, 0.0)):
        return mixture(mu, 0.0)
    if pi >= joint(mixture(mu, 1.0)):
        return mixture(mu, 1.0)
    for _ in range(60):  # bisection: the joint grows with lam
        middle = (low + high) / 2
        low, high = (middle, high) if joint(mixture(mu, middle)) < pi else (low, middle)
    return mixture(mu, (low + high) / 2)


def one_factor_joint(mu: Sequence[float], r: float) -> float:
    """P(all typical) when items share one normal factor with correlation ``r``."""
    cut = np.array([_NORMAL.inv_cdf(m) for m in mu])
    z = (cut[:, None] + math.sqrt(r) * _NODES) / math.sqrt(1 - r)
    cdf = np.array([[0.5 * math.erfc(-x / math.sqrt(2)) for x in row] for row in z])
    return float(_WEIGHTS @ cdf.prod(axis=0))


def fit(mu: Sequence[float], pi: float, mu_precision: Sequence[float], pi_precision: float) -> Fit:
    """A mixture for a published joint; where it cannot be, marginals and joint move as little as possible.

    The move is the least squares on the logit scale, weighted by precision (1/variance of the logit), along the
    line from what is published to the nearest feasible pair; found by bisection on the share of the gap that the
    marginals take.
    """
    low, high = joint(mixture(mu, 0.0)), joint(mixture(mu, 1.0))
    if low <= pi <= high:
        return Fit(solve(mu, pi), pi, pi, 0.0)
    if pi < low:
        return _shift(mu, pi, mu_precision, pi_precision, lam=0.0)
    return _shift(mu, pi, mu_precision, pi_precision, lam=1.0)


def _shift(mu: Sequence[float], pi: float, tau: Sequence[float], tau_pi: float, lam: float) -> Fit:
    def moved(t: float) -> list[float]:
        return [_expit(_logit(m) + t / x) for m, x in zip(mu, tau, strict=True)]

    def cost(t: float) -> float:
        reached = joint(mixture(moved(t), lam))
        return sum(t * t / x for x in tau) + tau_pi * (_logit(reached) - _logit(pi)) ** 2

    span = 8.0 * max(tau)
    grid = np.linspace(-span, span, 4001)
    best = min(grid, key=cost)
    shifts = moved(float(best))
    mix = mixture(shifts, lam)
    most = max(abs(_logit(m) - _logit(n)) for m, n in zip(mu, shifts, strict=True))
    return Fit(mix, pi, joint(mix), most)


def _logit(p: float) -> float:
    return math.log(p / (1 - p))


def _expit(x: float) -> float:
    return 1 / (1 + math.exp(-x))
