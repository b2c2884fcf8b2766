"""Small random knowledge bases and cases for the oracles. Not shaped like medicine on purpose."""

from __future__ import annotations

import numpy as np

from soleus.inference.facets import one_factor_joint, solve
from soleus.inference.network import BlockArrays, Combination, Context, Evidence, FacetArrays, Network

RULES: tuple[Combination, ...] = ("multiply", "largest", "largest_sqrt", "replaces")


def network(seed: int, explanations: int = 5, findings: int = 7, blocks: int = 3) -> tuple[Network, Context]:
    """A network with one facet of three items, singles, and blocks of one to three members."""
    rng = np.random.default_rng(seed)
    states = [int(n) for n in rng.integers(2, 5, findings)]
    p = np.concatenate([rng.dirichlet(np.full(n, 1.2), explanations).T.clip(0.01, 0.97) for n in states])
    start = np.concatenate([[0], np.cumsum(states)])
    for f in range(findings):
        p[start[f] : start[f + 1]] /= p[start[f] : start[f + 1]].sum(axis=0)
    sizes = [int(n) for n in rng.integers(1, 4, blocks)]
    contributors = sum(sizes)
    base = Network(
        explanations=tuple(f"s{i}" for i in range(explanations)),
        findings=tuple(f"f{i}" for i in range(findings)),
        states=tuple(tuple(f"v{v}" for v in range(n)) for n in states),
        p=p,
        sd=rng.uniform(0.1, 0.7, (findings, explanations)),
        facets=(facet(p, start, states, (0, 1, 2)),),
        contributors=tuple(f"b{i}" for i in range(contributors)),
        blocks=tuple(_blocks(rng, sizes, explanations)),
    )
    rate = rng.uniform(1, 100, explanations)
    return base, Context(np.log(rate), np.full(explanations, 0.3), rng.uniform(0.02, 0.5, contributors))


def facet(p, start, states, items) -> FacetArrays:  # type: ignore[no-untyped-def]
    typical = []
    for f in items:
        mask = np.zeros(states[f], np.bool_)
        mask[: max(1, states[f] // 2)] = True
        typical.append(mask)
    mu = np.array([m @ p[start[f] : start[f + 1]] for m, f in zip(typical, items, strict=True)])
    mixes = [solve(list(mu[:, s]), one_factor_joint(list(mu[:, s]), 0.4)) for s in range(p.shape[1])]
    return FacetArrays(
        "g0",
        tuple(items),
        tuple(typical),
        np.array([m.w for m in mixes]),
        np.array([m.a for m in mixes]).T,
        np.array([m.b for m in mixes]).T,
    )


def _blocks(rng, sizes: list[int], explanations: int):  # type: ignore[no-untyped-def]
    at = 0
    for k, n in enumerate(sizes):
        columns = np.sort(rng.choice(explanations, size=int(rng.integers(1, explanations)), replace=False))
        log_rho = rng.normal(0.4, 0.8, (n, len(columns)))
        necessary = (rng.random((n, len(columns))) < 0.1) & (np.arange(n)[:, None] == 0)
        yield BlockArrays(
            id=f"k{k}",
            members=tuple(range(at, at + n)),
            rule=RULES[int(rng.integers(0, 4))],
            columns=columns.astype(np.intp),
            log_rho=np.where(necessary, 0.0, log_rho),
            sd=rng.uniform(0.05, 0.6, log_rho.shape),
            log_causal=np.where(necessary, 0.0, log_rho * 0.8),
            necessary=necessary,
            given=((1, 0, 0.6),) if n > 1 and rng.random() < 0.5 else (),
        )
        at += n


def evidence(seed: int, net: Network, share: float = 0.6) -> Evidence:
    """Some findings and some statements about contributors."""
    rng = np.random.default_rng(seed + 10_000)
    findings = {f: int(rng.integers(0, len(net.states[f]))) for f in range(len(net.findings)) if rng.random() < share}
    said = {
        c: (float(rng.uniform(0.05, 0.9)), float(rng.uniform(0.05, 0.95)))
        for c in range(len(net.contributors))
        if rng.random() < share
    }
    return Evidence(findings, said)
