"""Two complaints in one story: cramps and restless legs are common together.

Odds of {s and t} against {s} alone for one pooled story:

    kappa * prevalence(t) * C_st * prod_blocks (terms of s and t together / term of s) * prod_findings pooled / P(v | s)

``C_st`` normalises the shared causes: kappa is the published co-occurrence ratio divided by what shared causes explain.
Pooled answers, with p_0 = min(background, p_s, p_t):

    yes or no           1 - (1 - p_s)(1 - p_t)/(1 - p_0)
    ordered, the worst  F = cummax(F_s F_t / max(F_0, F_s, F_t)) on cumulative probabilities
    one is described    (P(v | s) + P(v | t)) / 2            (site, tempo, quality)

Items of a facet are pooled one by one in numerator and denominator alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from soleus.inference.network import Floats
from soleus.inference.posterior import Judgement

Pooling = Literal["any", "worst", "either"]


def pool_any(s: Floats, t: Floats, background: Floats, absent: int) -> Floats:
    """Distribution of a finding that is there if either complaint has it; the states share what is present."""
    p_s, p_t = 1 - s[absent], 1 - t[absent]
    p_0 = min(1 - background[absent], p_s, p_t)
    present = 1 - (1 - p_s) * (1 - p_t) / (1 - p_0)
    mix = s + t
    mix[absent] = 0.0
    out = mix / mix.sum() * present
    out[absent] = 1 - present
    return np.asarray(out, np.float64)


def pool_worst(s: Floats, t: Floats, background: Floats) -> Floats:
    """Distribution of an ordered finding of which the worst is told."""
    f_s, f_t, f_0 = np.cumsum(s), np.cumsum(t), np.cumsum(background)
    f = np.maximum.accumulate(f_s * f_t / np.maximum(np.maximum(f_0, f_s), f_t))
    f[-1] = 1.0
    return np.asarray(np.diff(f, prepend=0.0), np.float64)


def pair_odds(
    judgement: Judgement,
    s: int,
    t: int,
    *,
    ratio: float,
    prevalence: float,
    pooling: Mapping[int, tuple[Pooling, int]],
    background: Callable[[int], Floats],
) -> float:
    """Odds of both complaints against ``s`` alone.

    ``ratio``: co-occurrence beyond chance; ``prevalence`` of t; ``pooling``: finding -> how it pools and its absent
    state; ``background(finding)``: distribution among other complaints.
    """
    kappa = ratio / _shared(judgement, s, t, evidence=False)
    log_odds = np.log(kappa * prevalence * _shared(judgement, s, t, evidence=True))
    for f, v in judgement.evidence.findings.items():
        rows = judgement.network.p[judgement.network.start[f] : judgement.network.start[f + 1]]
        how, absent = pooling.get(f, ("either", 0))
        log_odds += np.log(max(_pooled(rows[:, s], rows[:, t], background(f), how, absent)[v], 1e-9) / rows[v, s])
    return float(np.exp(log_odds))


def _pooled(s: Floats, t: Floats, background: Floats, how: Pooling, absent: int) -> Floats:
    if how == "any":
        return pool_any(s, t, background, absent)
    if how == "worst":
        return pool_worst(s, t, background)
    return (s + t) / 2


def _shared(judgement: Judgement, s: int, t: int, *, evidence: bool) -> float:
    """prod_blocks sum_b P phi~_s phi~_t [P(e|b)] / sum_b P phi~_s [P(e|b)] over blocks that touch both."""
    out, touching = 1.0, judgement.network.touching
    also = dict(touching[t])
    for k, at in touching[s]:
        if k in also:
            term = judgement.block(k)
            weight = term.prior * (term.said if evidence else 1.0)
            one = weight * term.phi[:, at]
            out *= float((one * term.phi[:, also[k]]).sum() / one.sum()) if one.sum() > 0 else 1.0
    return out
