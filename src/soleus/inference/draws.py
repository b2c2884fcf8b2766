"""Draws of the parameters, for intervals and rank stability.

Every parameter has its own stream of standard normals, keyed by its place in the network, so that the same
parameter takes the same value in draw d of every case. Streams are windows of one fixed pool.

Proportions: expit(m + sd z) with m = logit(p) sqrt(1 + pi sd^2 / 8), so that the mean stays near p (MacKay 1992,
probit approximation of the logistic-normal mean). Rates and ratios: log-normal. Facets: the conditional item
probabilities move on the logit scale, the mixing share stays (docs/adr/0005).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from soleus.inference.blocks import KEPT, log_phi
from soleus.inference.network import BlockArrays, Floats
from soleus.inference.posterior import BlockTerm, Judgement, item_given_state

_POOL = 1 << 19
_SEED = 20261121
_CUT = np.log(1e4)  # an explanation that no draw lifts above 1 in 10,000 of the first is not drawn
_REACH = 3.5


@cache
def _pool() -> NDArray[np.float32]:
    return np.random.default_rng(_SEED).standard_normal(_POOL, dtype=np.float32)


def streams(keys: NDArray[np.uint64], n: int) -> NDArray[np.float32]:
    """(..., n) standard normals for the parameter keys (...)."""
    x = keys * np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(32)
    offset = (x % np.uint64(_POOL - n)).astype(np.intp)
    return np.asarray(_pool()[offset[..., None] + np.arange(n)])


def _key(kind: int, first: int | NDArray[np.intp], second: NDArray[np.intp]) -> NDArray[np.uint64]:
    return (
        (np.uint64(kind) << np.uint64(48)) + (np.asarray(first, np.uint64) << np.uint64(24)) + second.astype(np.uint64)
    )


@dataclass(frozen=True)
class Draws:
    """``probability`` (n, S): the posterior in each draw; explanations left out have 0."""

    kept: NDArray[np.intp]
    probability: Floats
    low: Floats  # (S,)
    high: Floats  # (S,)
    rank: NDArray[np.intp]  # (n, kept) 1 = first

    @cached_property
    def first_share(self) -> dict[int, float]:
        """Explanation -> share of draws in which it is first; without those left out."""
        return dict(zip(self.kept.tolist(), (self.rank == 1).mean(axis=0).tolist(), strict=True))

    @cached_property
    def rank_interval(self) -> dict[int, tuple[int, int]]:
        """Explanation -> 95 % of its ranks; without those left out."""
        low, high = (np.rint(bound).astype(int).tolist() for bound in central(self.rank.astype(np.float64)))
        return dict(zip(self.kept.tolist(), zip(low, high, strict=True), strict=True))


def draw(judgement: Judgement, n: int = 500) -> Draws:
    """Posteriors under ``n`` draws of every parameter that bears on this case."""
    spread = total_sd(judgement)
    reach = judgement.log_weight + _REACH * spread
    kept = np.flatnonzero(reach > judgement.log_weight.max() - _CUT)
    log_weight = draw_log_weights(judgement, kept, n)
    log_weight -= log_weight.max(axis=1, keepdims=True)
    weight = np.exp(log_weight)
    p = weight / weight.sum(axis=1, keepdims=True)
    low, high = _outside(judgement.probability, spread)
    low[kept], high[kept] = central(p)
    full = np.zeros((n, len(judgement.probability)))
    full[:, kept] = p
    rank = np.empty(p.shape, np.intp)
    np.put_along_axis(rank, (-p).argsort(axis=1), np.arange(1, len(kept) + 1)[None, :], axis=1)
    return Draws(kept, full, np.minimum(low, judgement.probability), np.maximum(high, judgement.probability), rank)


def central(values: Floats) -> tuple[Floats, Floats]:
    """Bounds of the middle 95 % along the first axis, between the two nearest values."""
    low, high = (q * (len(values) - 1) for q in (0.025, 0.975))
    wanted = sorted({min(int(at) + up, len(values) - 1) for at in (low, high) for up in (0, 1)})
    ordered = np.partition(values, wanted, axis=0)  # only these stand where sorting would put them
    return _between(ordered, low), _between(ordered, high)


def _between(ordered: Floats, at: float) -> Floats:
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return np.asarray(ordered[below] + (at - below) * (ordered[above] - ordered[below]), np.float64)


def _outside(p: Floats, sd: Floats) -> tuple[Floats, Floats]:
    factor = np.exp(1.96 * np.minimum(sd, 20.0))
    return p / factor, p * factor / (1 - p + p * factor)


def total_sd(judgement: Judgement) -> Floats:
    """(S,) rough sd of the log weight: rates, singles, facet items and blocks added in squares."""
    network, out = judgement.network, judgement.context.rate_sd**2
    for f, v in judgement.evidence.findings.items():
        p = network.p[network.row(f, v)]
        out = out + (network.sd[f] * (1 - p)) ** 2
    for k in judgement.blocks:
        block = network.blocks[k]
        out[block.columns] += (block.sd**2).sum(axis=0)
    return np.asarray(np.sqrt(out), np.float64)


def draw_log_weights(judgement: Judgement, kept: NDArray[np.intp], n: int) -> Floats:
    """(n, kept) log weights."""
    context = judgement.context
    sd = context.rate_sd[kept]
    out = context.log_rate[kept] - sd**2 / 2 + sd * streams(_key(1, 0, kept), n).T.astype(np.float64)
    if judgement.singles:
        out = out + _draw_singles(judgement, kept, n)
    for g in judgement.facets:
        out = out + _draw_facet(judgement, g, kept, n)
    if judgement.blocks:
        out = out + _draw_blocks(list(judgement.blocks.values()), kept, n)
    return np.asarray(out, np.float64)


def _draw_singles(judgement: Judgement, kept: NDArray[np.intp], n: int) -> Floats:
    network = judgement.network
    found = np.array(sorted(judgement.singles), np.intp)
    rows = np.array([network.row(f, judgement.evidence.findings[f]) for f in found], np.intp)
    p = network.p[rows][:, kept].astype(np.float32)
    sd = network.sd[found][:, kept].astype(np.float32)
    z = streams(_key(2, rows[:, None], kept[None, :]), n)  # (F, kept, n)
    logit = np.log(p / (1 - p)) * np.sqrt(1 + np.float32(np.pi / 8) * sd**2)
    x = logit[:, :, None] + sd[:, :, None] * z
    return np.asarray(-np.log(1 + np.exp(-x)).sum(axis=0).T, np.float64)


def _draw_facet(judgement: Judgement, g: int, kept: NDArray[np.intp], n: int) -> Floats:
    network, facet = judgement.network, judgement.network.facets[g]
    on, off = np.ones((2, len(kept), n)) * np.array([facet.w[kept], 1 - facet.w[kept]])[:, :, None]
    for j, f in enumerate(facet.items):
        v = judgement.evidence.findings.get(f)
        if v is None:
            continue
        shift = network.sd[f, kept][:, None] * streams(_key(3, network.row(f, 0), kept), n)
        with_f, without_f = item_given_state(network, facet, j, f, v)
        typical = bool(facet.typical[j][v])
        moved = np.exp(-shift if typical else shift)
        on *= _shifted(with_f[kept], facet.a[j, kept], typical, moved)
        off *= _shifted(without_f[kept], facet.b[j, kept], typical, moved)
    return np.asarray(np.log(on + off).T, np.float64)


def _shifted(p: Floats, q: Floats, typical: bool, moved: Floats) -> Floats:
    """P(state | f) when the odds against the group of the state move by a factor; within-group shares stay.

    ``q``: P(typical | f).
    """
    side = q if typical else 1 - q
    return np.asarray((p / side)[:, None] / (1 + ((1 - side) / side)[:, None] * moved), np.float64)


def _draw_blocks(terms: list[BlockTerm], kept: NDArray[np.intp], n: int) -> Floats:
    """log of prod over the blocks of sum_b P(b) phi~(b) P(evidence | b) in each draw, with
    phi~ = phi / sum_b P(b) phi(b)."""
    out = np.ones((len(kept), n))
    place = {s: i for i, s in enumerate(kept.tolist())}
    for term in terms:
        alone = term.prior * term.said
        factor = np.full((len(kept), 1), alone.sum())  # of an explanation that the block does not touch
        for part in term.block.parts:
            own = [i for i, s in enumerate(part.block.columns.tolist()) if s in place]
            if own and part.block.size:
                at = [place[s] for s in part.block.columns[own].tolist()]
                weight = np.array([part.summed_out(alone), part.summed_out(term.prior)])
                sums = drawn_phi(part.block, n)[own] @ weight.T  # (own, n, 2)
                told, all_told = sums[..., 0], sums[..., 1]
                out[at] *= np.divide(told, all_told, out=np.zeros_like(told), where=all_told > 0)
                factor[at] = 1.0
        out *= factor
    with np.errstate(divide="ignore"):
        return np.log(out).T


def draw_log_rho(block: BlockArrays, n: int) -> Floats:
    """(n, members, M) draws of the log ratios of a block."""
    members = np.array(block.members, np.intp)
    z = streams(_key(4, members[:, None], block.columns[None, :]), n)  # (members, M, n)
    return np.asarray(block.log_rho + block.sd * np.moveaxis(z, -1, 0), np.float64)


@lru_cache(maxsize=KEPT)
def drawn_phi(block: BlockArrays, n: int) -> Floats:
    """(M, n, B) phi, not yet normalised, under draws of the ratios of a block: the same in every case."""
    phi = np.exp(log_phi(block, draw_log_rho(block, n)))
    return np.ascontiguousarray(np.moveaxis(phi, -1, 0))
