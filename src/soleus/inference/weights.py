"""Weights of evidence between two explanations, in decibans: prior + bars = posterior, exactly."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from soleus.inference.posterior import Judgement

DECIBAN = 10 / math.log(10)


class Weight(NamedTuple):
    """One bar: a finding, a facet or a block, by number in the network."""

    kind: Literal["finding", "facet", "block"]
    number: int
    decibans: float


def weights(judgement: Judgement, s: int, t: int) -> tuple[float, tuple[Weight, ...]]:
    """Prior decibans and bars for ``s`` against ``t``, largest first; items inside a facet or block do not add."""
    prior = DECIBAN * float(judgement.context.log_rate[s] - judgement.context.log_rate[t])
    bars = [Weight("facet", g, _gap(term, s, t)) for g, term in judgement.facets.items()]
    bars += [Weight("finding", f, _gap(term, s, t)) for f, term in judgement.singles.items()]
    bars += [Weight("block", k, _gap(term, s, t)) for k, term in judgement.block_logs.items()]
    return prior, tuple(sorted(bars, key=lambda w: -abs(w.decibans)))


def _gap(term, s: int, t: int) -> float:  # type: ignore[no-untyped-def]
    return DECIBAN * float(term[s] - term[t])
