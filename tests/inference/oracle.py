"""Slow, obvious oracles: full enumeration over explanation, hidden facet states and contributors."""

from __future__ import annotations

from itertools import product

import numpy as np

from soleus.inference.blocks import expected_phi, joint_prior
from soleus.inference.network import Context, Evidence, Floats, Network


def item_table(net: Network, g: int, j: int, s: int, f_state: int) -> list[float]:
    """P(state of item j | hidden state, s), state by state, from the definition."""
    facet = net.facets[g]
    f = facet.items[j]
    marginal = [float(net.p[net.start[f] + v, s]) for v in range(len(net.states[f]))]
    mu = sum(m for m, t in zip(marginal, facet.typical[j], strict=True) if t)
    q = float(facet.a[j, s] if f_state else facet.b[j, s])
    return [m * q / mu if t else m * (1 - q) / (1 - mu) for m, t in zip(marginal, facet.typical[j], strict=True)]


def joint_weights(net: Network, context: Context, evidence: Evidence) -> dict[tuple[int, tuple[int, ...]], float]:
    """Weight of every (explanation, joint state of all contributors) with the evidence."""
    out: dict[tuple[int, tuple[int, ...]], float] = {}
    priors = [joint_prior(b, context.prevalence) for b in net.blocks]
    tables = [(prior, expected_phi(b, prior)) for b, prior in zip(net.blocks, priors, strict=True)]
    for s in range(len(net.explanations)):
        base = float(np.exp(context.log_rate[s])) * finding_weight(net, evidence, s)
        for rows in product(*(range(1 << b.size) for b in net.blocks)):
            weight = base
            state: list[int] = []
            for block, (prior, phi), row in zip(net.blocks, tables, rows, strict=True):
                at = np.flatnonzero(block.columns == s)
                weight *= prior[row] * (phi[row, at[0]] if len(at) else 1.0)
                for k, c in enumerate(block.members):
                    present = row >> k & 1
                    state.append(present)
                    if c in evidence.contributors:
                        weight *= evidence.contributors[c][present]
            out[s, tuple(state)] = weight
    return out


def finding_weight(net: Network, evidence: Evidence, s: int) -> float:
    """P(findings | s), summing over the hidden states of the facets."""
    weight = 1.0
    for f, v in evidence.findings.items():
        if f not in net.facet_of:
            weight *= float(net.p[net.start[f] + v, s])
    for g, facet in enumerate(net.facets):
        total = 0.0
        for hidden in (1, 0):
            part = float(facet.w[s] if hidden else 1 - facet.w[s])
            for j, f in enumerate(facet.items):
                if f in evidence.findings:
                    part *= item_table(net, g, j, s, hidden)[evidence.findings[f]]
            total += part
        weight *= total
    return weight


def posterior(net: Network, context: Context, evidence: Evidence) -> Floats:
    """P(s | e) by summing everything."""
    total = np.zeros(len(net.explanations))
    for (s, _), weight in joint_weights(net, context, evidence).items():
        total[s] += weight
    return np.asarray(total / total.sum(), np.float64)
