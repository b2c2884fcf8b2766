"""Draws of the parameters, for intervals and rank stability.

Every parameter has its own stream of standard normals, keyed by its place in the network, so that the same
parameter takes the same value in draw d of every case. Streams are windows of one fixed pool.

Proportions: expit(m + sd z) with m = logit(p) sqrt(1 + pi sd^2 / 8), so that the mean stays near p (MacKay 1992,
probit approximation of the logistic-normal mean). Rates and ratios: log-normal. Facets: the conditional item
probabilities move on the logit scale, the mixing share stays (docs/adr/0005).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from soleus.inference.blocks import KEPT, joint_prior, log_phi
from soleus.inference.network import BlockArrays, BlockPart, FacetArrays, Floats, Network
from soleus.inference.posterior import Judgement, item_given_state

Draw32: TypeAlias = NDArray[np.float32]

_POOL = 1 << 19
_MOST = 5_000
_KEPT = 500  # draws of the likelihoods that are kept with a network: as many as an assessment takes
_SEED = 20261121
_CUT = np.log(1e4)  # an explanation that no draw lifts above 1 in 10,000 of the first is not drawn
_REACH = 3.5
_NONE = np.float32(1e-30)  # in place of 0, whose logarithm cannot be added up
_FEW = 4  # joint states: up to here adding them up one by one is quicker than many small products of matrices


@cache
def _pool() -> NDArray[np.float32]:
    return np.random.default_rng(_SEED).standard_normal(_POOL, dtype=np.float32)


def streams(keys: NDArray[np.uint64], n: int) -> NDArray[np.float32]:
    """(..., n) standard normals for the parameter keys (...); fewer are the first of more. ``n`` is at most 5,000."""
    x = keys * np.uint64(0x9E3779B97F4A7C15)
    x ^= x >> np.uint64(29)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(32)
    offset = (x % np.uint64(_POOL - _MOST)).astype(np.intp)
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

    @cached_property
    def rank(self) -> NDArray[np.intp]:
        """(n, kept) 1 = first."""
        p = self.probability[:, self.kept]
        out = np.empty(p.shape, np.intp)
        np.put_along_axis(out, (-p).argsort(axis=1), np.arange(1, len(self.kept) + 1)[None, :], axis=1)
        return out

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
    return Draws(kept, full, np.minimum(low, judgement.probability), np.maximum(high, judgement.probability))


def central(values: Floats) -> tuple[Floats, Floats]:
    """Bounds of the middle 95 % along the first axis, between the two nearest values."""
    low, high = (q * (len(values) - 1) for q in (0.025, 0.975))
    ordered = np.asarray(np.sort(_narrow(values.T).copy(), axis=-1).T, np.float64)  # seven digits, in rows: quickest
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
    out = (context.log_rate[kept] - sd**2 / 2)[:, None] + sd[:, None] * streams(_key(1, 0, kept), n)
    if judgement.singles:
        out += _draw_singles(judgement, n)[kept]
    for g in judgement.facets:
        out += _draw_facet(judgement, g, n)[kept]
    if judgement.blocks:
        out += _draw_blocks(judgement, kept, n)
    return np.asarray(out.T, np.float64)


def _draw_singles(judgement: Judgement, n: int) -> NDArray[np.float32]:
    """(S, n) log likelihoods of the findings outside facets, added up."""
    network, told = judgement.network, judgement.evidence.findings
    out = np.zeros((len(judgement.log_weight), n), np.float32)
    for f in sorted(judgement.singles):
        out += _drawn(network, "single", network.row(f, told[f]), partial(_single, network, f), n)
    return out


def _drawn(network: Network, kind: str, row: int, make: Callable[[int, int], Draw32], n: int) -> Draw32:
    """(..., n) draws of what a state says of every explanation. They are the same in every case, so they are kept."""
    if n > _KEPT:
        return make(row, n)
    if (kind, row) not in network.drawn:
        network.drawn[kind, row] = make(row, _KEPT)
    kept: Draw32 = network.drawn[kind, row]
    return kept[..., :n]


def _single(network: Network, f: int, row: int, n: int) -> Draw32:
    """(S, n) log P(state | s)."""
    p, sd = _narrow(network.p[row]), _narrow(network.sd[f])
    z = streams(_key(2, row, np.arange(len(p))), n)
    logit = np.log(p / (1 - p)) * np.sqrt(1 + np.float32(np.pi / 8) * sd**2)
    return _narrow(-np.log(1 + np.exp(-(logit[:, None] + sd[:, None] * z))))


def _draw_facet(judgement: Judgement, g: int, n: int) -> Draw32:
    """(S, n) log likelihood of a facet."""
    network, facet = judgement.network, judgement.network.facets[g]
    both = _narrow([facet.w, 1 - facet.w])[:, :, None]
    for j, f in enumerate(facet.items):
        v = judgement.evidence.findings.get(f)
        if v is not None:
            both = both * _drawn(network, "item", network.row(f, v), partial(_item, network, facet, j, v), n)
    return np.asarray(np.log(both[0] + both[1]))


def _item(network: Network, facet: FacetArrays, j: int, v: int, _: int, n: int) -> Draw32:
    """(2, S, n) P(state of the item | facet on, s) and P(... | off, s)."""
    f, typical = facet.items[j], bool(facet.typical[j][v])
    shift = _narrow(network.sd[f])[:, None] * streams(_key(3, network.row(f, 0), np.arange(len(facet.w))), n)
    moved = np.exp(-shift if typical else shift)
    on, off = item_given_state(network, facet, j, f, v)
    return np.array([_shifted(on, facet.a[j], typical, moved), _shifted(off, facet.b[j], typical, moved)])


def _narrow(values: Any) -> Draw32:
    """Draws need no more than seven digits; half the memory takes half the time."""
    return np.asarray(values, np.float32)


def _shifted(p: Floats, q: Floats, typical: bool, moved: Draw32) -> Draw32:
    """P(state | f) when the odds against the group of the state move by a factor; within-group shares stay.

    ``q``: P(typical | f).
    """
    side = q if typical else 1 - q
    return _narrow(_narrow(p / side)[:, None] / (1 + _narrow((1 - side) / side)[:, None] * moved))


def _draw_blocks(judgement: Judgement, kept: NDArray[np.intp], n: int) -> Floats:
    """(kept, n) log of prod over the blocks of sum_b P(b) phi~(b) P(evidence | b) in each draw, with
    phi~ = phi / sum_b P(b) phi(b). Of an explanation that a block does not touch phi~ is 1.
    """
    blocks, terms = judgement.network.blocks, judgement.blocks
    place = np.full(len(judgement.log_weight), -1)
    place[kept] = np.arange(len(kept))
    known = np.zeros(len(blocks), np.bool_)
    known[list(terms)] = True

    def told(k: int, part: BlockPart) -> Floats:
        return part.summed_out(terms[k].prior * terms[k].said)

    with np.errstate(divide="ignore"):
        said = np.log([(term.prior * term.said).sum() for term in terms.values()])
    apart = ~np.array([touched(blocks[k], len(place)) for k in terms])[:, kept]
    out = np.repeat(_narrow(np.where(apart, said[:, None], 0.0).sum(axis=0))[:, None], n, axis=1)
    for stack in _stacks(blocks, n):
        rows = np.flatnonzero(known[stack.block] & (place[stack.explanation] >= 0))
        if len(rows):
            of = np.zeros((len(kept), len(rows)), np.float32)
            of[place[stack.explanation[rows]], np.arange(len(rows))] = 1.0
            out += of @ (stack.log_sum(rows, told) - _before(judgement, stack, n)[rows])
    return np.asarray(out, np.float64)


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


@dataclass(frozen=True)
class _Stack:
    """All parts of one size: row r is what part ``part[r]`` of block ``block[r]`` says of ``explanation[r]``."""

    parts: tuple[BlockPart, ...]
    owner: tuple[int, ...]  # the block of each part
    part: NDArray[np.intp]
    block: NDArray[np.intp]
    explanation: NDArray[np.intp]
    phi: Draw32  # (B, R, n)

    def log_sum(self, rows: NDArray[np.intp], weights: Callable[[int, BlockPart], Floats]) -> Draw32:
        """(rows, n) log sum_b weight(b) phi(b); ``weights``: of a part's states, from its block and itself."""
        weight = np.zeros((len(self.phi), len(self.parts)), np.float32)
        for q in set(self.part[rows].tolist()):
            weight[:, q] = weights(self.owner[q], self.parts[q])
        mine = weight[:, self.part[rows]]
        if len(self.phi) > _FEW:
            out = (np.moveaxis(self.phi[:, rows], 0, -1) @ mine.T[:, :, None])[..., 0]
        else:
            out = mine[0, :, None] * self.phi[0, rows]
            for phi, w in zip(self.phi[1:], mine[1:], strict=True):
                out += w[:, None] * phi[rows]
        return _narrow(np.log(np.maximum(out, _NONE)))


def _before(judgement: Judgement, stack: _Stack, n: int) -> Draw32:
    """(R, n) log sum_b P(b) phi(b) of every row: the same for all of a context, so it is kept with it."""
    known, key = judgement.context.known, ("drawn", len(stack.phi), n)
    if key not in known:
        blocks = judgement.network.blocks
        known[key] = stack.log_sum(
            np.arange(len(stack.part)),
            lambda k, part: part.summed_out(joint_prior(blocks[k], judgement.context.prevalence)),
        )
    found: Draw32 = known[key]
    return found


@lru_cache(maxsize=16)
def _stacks(blocks: tuple[BlockArrays, ...], n: int) -> tuple[_Stack, ...]:
    """All parts of all blocks, by size, so that a case is a few products of arrays."""
    sizes: dict[int, list[tuple[int, BlockPart]]] = {}
    for k, block in enumerate(blocks):
        for part in block.parts:
            if part.block.size:
                sizes.setdefault(part.block.size, []).append((k, part))
    return tuple(_stack(some, n) for some in sizes.values())


def _stack(some: list[tuple[int, BlockPart]], n: int) -> _Stack:
    number = [len(part.block.columns) for _, part in some]
    return _Stack(
        parts=tuple(part for _, part in some),
        owner=tuple(k for k, _ in some),
        part=np.repeat(np.arange(len(some)), number),
        block=np.repeat([k for k, _ in some], number),
        explanation=np.concatenate([part.block.columns for _, part in some]),
        phi=np.ascontiguousarray(
            np.moveaxis(np.concatenate([drawn_phi(part.block, n) for _, part in some]), -1, 0), np.float32
        ),
    )


@lru_cache(maxsize=KEPT)
def touched(block: BlockArrays, explanations: int) -> NDArray[np.bool_]:
    """(S,) whether a block says something of each explanation."""
    out = np.zeros(explanations, np.bool_)
    for part in block.parts:
        if part.block.size:
            out[part.block.columns] = True
    return out
