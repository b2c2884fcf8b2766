"""Blocks of contributors: joint prior, combined ratios, and what evidence says of both sides.

``phi(b)`` is the rate of an explanation in joint state b against the state without contributors. The rate in the
model is marginal, so it enters as  phi~(b) = phi(b) / sum_b' P(b') phi(b'),  in expectation over the uncertainty of
the ratios: E[phi~] is not phi~ of the mean ratio, which would inflate what is badly known.
"""

from __future__ import annotations

from functools import cache, lru_cache, reduce

import numpy as np

from soleus.inference.network import BlockArrays, Floats

KEPT = 2_048  # blocks and parts of blocks of which tables are kept: those of a few knowledge bases
_PAIRS = 64  # antithetic pairs of quasi-random points for blocks of several members
_HERMITE = 9  # nodes for a block of one member


def joint_prior(block: BlockArrays, prevalence: Floats) -> Floats:
    """(B,) P(b | x). Members are independent, save where ``given`` states P(member | other present).

    The prevalence of every member is kept: P(m | other absent) = (q_m - q_o p) / (1 - q_o), with p cut to q_m / q_o.
    """
    q = prevalence[list(block.members)]
    given = {m: (o, p) for m, o, p in block.given}
    joint = np.ones(1 << block.size)
    for k in range(block.size):
        bit = block.bits[:, k]
        if k in given and q[given[k][0]] < 1:
            other, p_with = given[k]
            p_with = q[k] / q[other] if p_with * q[other] > q[k] else p_with
            p_without = np.clip((q[k] - q[other] * p_with) / (1 - q[other]), 0.0, 1.0)
            p = np.where(block.bits[:, other] > 0, p_with, p_without)
        else:
            p = np.full(len(bit), q[k])
        joint *= np.where(bit > 0, p, 1 - p)
    return joint


def log_phi(block: BlockArrays, log_rho: Floats) -> Floats:
    """(..., B, M) log phi for ratios (..., n, M), combined by the block's rule; -inf without a necessary member."""
    out = _COMBINE[block.rule](block.bits, log_rho)
    lacks = (1 - block.bits) @ block.necessary > 0  # (B, M)
    return np.where(lacks, -np.inf, out)


def _multiply(bits: Floats, log_rho: Floats) -> Floats:
    return np.asarray(np.einsum("bn,...nm->...bm", bits, log_rho))


def _present(bits: Floats, log_rho: Floats) -> tuple[Floats, Floats]:
    """Raising and protecting parts of the members present, (..., B, n, M)."""
    each = bits[:, :, None] * log_rho[..., None, :, :]
    return np.maximum(each, 0.0), np.minimum(each, 0.0)


def _largest(bits: Floats, log_rho: Floats) -> Floats:
    up, down = _present(bits, log_rho)
    return np.asarray(up.max(axis=-2) + down.min(axis=-2), np.float64)


def _largest_sqrt(bits: Floats, log_rho: Floats) -> Floats:
    up, down = _present(bits, log_rho)
    return np.asarray(up.max(axis=-2) / 2 + up.sum(axis=-2) / 2 + down.sum(axis=-2))


def _replaces(bits: Floats, log_rho: Floats) -> Floats:
    """The first member that is present and speaks of the explanation stands for all."""
    each = bits[:, :, None] * log_rho[..., None, :, :]
    speaks = each != 0
    first = np.argmax(speaks, axis=-2)
    return np.asarray(np.take_along_axis(each, first[..., None, :], axis=-2)[..., 0, :])


def combine(block: BlockArrays, log_ratio: Floats) -> Floats:
    """(..., B, M) combined log ratios of each joint state by the block's rule, necessary members left aside."""
    return _COMBINE[block.rule](block.bits, log_ratio)


_COMBINE = {"multiply": _multiply, "largest": _largest, "largest_sqrt": _largest_sqrt, "replaces": _replaces}


def normalised(log_phi_b: Floats, prior: Floats) -> Floats:
    """phi~ from log phi (..., B, M); all zero where a necessary member is impossible."""
    phi = np.exp(log_phi_b)
    total = np.einsum("b,...bm->...m", prior, phi)[..., None, :]
    return np.asarray(np.divide(phi, total, out=np.zeros_like(phi), where=total > 0), np.float64)


@cache
def quadrature(size: int) -> tuple[Floats, Floats]:
    """Nodes (K, size) and weights (K,) for ``size`` independent standard normals."""
    if size == 0:
        return np.zeros((1, 0)), np.ones(1)
    if size == 1:
        nodes, weights = np.polynomial.hermite_e.hermegauss(_HERMITE)
        return nodes[:, None], weights / weights.sum()
    from statistics import NormalDist

    normal = NormalDist()
    half = np.array([[normal.inv_cdf(_halton(i + 1, _PRIMES[k])) for k in range(size)] for i in range(_PAIRS)])
    nodes = np.concatenate([half, -half])
    return nodes, np.full(len(nodes), 1 / len(nodes))


_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19)


def _halton(index: int, base: int) -> float:
    out, f = 0.0, 1.0
    while index:
        f /= base
        index, digit = divmod(index, base)
        out += f * digit
    return out


def expected_phi(block: BlockArrays, prior: Floats) -> Floats:
    """(B, M) E[phi~] over the log-normal uncertainty of the ratios.

    Members that say nothing of an explanation are summed out first: phi~ does not depend on them.
    """
    out = np.ones((len(prior), len(block.columns)))
    for part in block.parts:
        size = part.block.size
        if size:
            nodes, weights = quadrature(size)
            log_rho = part.block.log_rho + nodes[:, :, None] * part.block.sd
            own = normalised(log_phi(part.block, log_rho), part.summed_out(prior))
            out[:, part.columns] = np.einsum("k,kbm->bm", weights, own)[part.state]
    return out


def evidence_weight(block: BlockArrays, said: dict[int, tuple[float, float]]) -> Floats:
    """(B,) P(what was said and measured | b); 1 where nothing was."""
    told = [np.array(said[m])[block.present[k]] for k, m in enumerate(block.members) if m in said]
    return np.asarray(reduce(np.multiply, told) if told else np.ones(1 << block.size), np.float64)


@lru_cache(maxsize=KEPT)
def allocation(block: BlockArrays) -> tuple[Floats, Floats]:
    """Causal log ratio of each joint state (B, M), and its part by member (B, n, M).

    Raising, finite, not necessary ratios only. Where the block's rule gives less than the product, the members
    present share the combined logarithm in proportion to their own.
    """
    own = np.where(block.necessary, 0.0, np.maximum(block.log_causal, 0.0))
    total = _COMBINE[block.rule](block.bits, own)
    each = block.bits[:, :, None] * own
    product = each.sum(axis=1)
    scale = np.divide(total, product, out=np.zeros_like(total), where=product > 0)
    return total, each * scale[:, None, :]
