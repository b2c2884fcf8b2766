"""Whether the findings fit any explanation at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from soleus.inference.network import FacetArrays, Floats, Network
from soleus.inference.posterior import Judgement, facet_log_term


@dataclass(frozen=True)
class Fit:
    """z = (E[log P] - log P) / sd for the best explanation; p = share of its own cases at least as odd."""

    explanation: int
    z: float
    p_value: float


def fit(judgement: Judgement, skip: frozenset[int] = frozenset(), n: int = 2_000) -> Fit | None:
    """Conflict between the findings and their best explanation; None with fewer than two findings.

    ``skip``: explanations for which it is undefined (the remainder).
    """
    found = judgement.evidence.findings
    if len(found) < 2:
        return None
    order = np.argsort(-judgement.probability)
    s = next(int(i) for i in order if int(i) not in skip)
    rng = np.random.default_rng(0)
    seen, simulated = 0.0, np.zeros(n)
    for f in judgement.singles:
        log_p = np.log(_rows(judgement.network, f)[:, s])
        seen += log_p[found[f]]
        simulated += log_p[_sample(rng, np.exp(log_p), n)]
    for g in judgement.facets:
        part, draws = _facet(judgement, judgement.network.facets[g], s, rng, n)
        seen, simulated = seen + part, simulated + draws
    sd = float(simulated.std())
    z = float((simulated.mean() - seen) / sd) if sd > 0 else 0.0
    return Fit(s, z, float((simulated <= seen + 1e-12).mean()))


def _rows(network: Network, f: int) -> Floats:
    return network.p[network.start[f] : network.start[f + 1]]


def _sample(rng: np.random.Generator, p: Floats, n: int) -> NDArray[np.intp]:
    edges = np.cumsum(p / p.sum())[:-1, None]  # few: comparing with each is quicker than a search
    return np.asarray((rng.random(n) > edges).sum(axis=0), np.intp)


def _facet(judgement: Judgement, facet: FacetArrays, s: int, rng: np.random.Generator, n: int) -> tuple[float, Floats]:
    """What is seen and what is simulated; each pattern of answers is weighed once."""
    network, found = judgement.network, judgement.evidence.findings
    term = facet_log_term(network, facet, found)
    assert term is not None
    hidden = rng.random(n) < facet.w[s]
    on, off = np.log(facet.w[[s]]), np.log1p(-facet.w[[s]])
    pattern = np.zeros(n, np.intp)
    for f in facet.items:
        if f in found:
            p_on, p_off = network.item_rows[network.first_row[f] : network.first_row[f + 1], :, s].T
            states = np.where(hidden, _sample(rng, p_on, n), _sample(rng, p_off, n))
            on, off = ((one[:, None] + np.log(p)).ravel() for one, p in ((on, p_on), (off, p_off)))
            pattern = pattern * len(p_on) + states
    return float(term[s]), np.logaddexp(on, off)[pattern]
