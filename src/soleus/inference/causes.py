"""Idiopathic or secondary: excess fractions of one explanation by contributor.

For K = the contributors with a causal ratio above 1 and finite (a necessary cause is left out of K):

    P(idiopathic | s, e) = E[prod_K rho_k^-b_k | s, e]
    share_k              = int_0^1 ln rho_k E[b_k prod_K rho_j^(-t b_j) | s, e] dt

They add to 1 whatever is unknown or correlated. They are excess fractions, not probabilities of causation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from soleus.inference.blocks import KEPT, allocation, combine
from soleus.inference.draws import draw_log_rho, drawn_phi
from soleus.inference.network import BlockArrays, Floats
from soleus.inference.posterior import Judgement

_T, _W = np.polynomial.legendre.leggauss(16)
_T, _W = (_T + 1) / 2, _W / 2  # on [0, 1]


@dataclass(frozen=True)
class Attribution:
    """Shares of one explanation; ``present`` is P(contributor present | s, e)."""

    explanation: int
    idiopathic: float
    share: dict[int, float]  # contributor -> share
    present: dict[int, float]
    necessary: tuple[int, ...]  # contributors without which the explanation cannot be


def attribute(judgement: Judgement, explanation: int) -> Attribution:
    """The shares of one explanation."""
    blocks = [_expected(judgement, k, i) for k, i in judgement.network.touching[explanation]]
    share = _shares(blocks)
    # The blocks are independent given s, so the product of their expectations at t = 1 is what no cause explains.
    idiopathic = 1.0 - sum(share.values()) if blocks else 1.0
    present = {c: p for block in blocks for c, p in zip(block.members, block.present, strict=True)}
    return Attribution(explanation, idiopathic, share, present, tuple(c for b in blocks for c in b.necessary))


@dataclass(frozen=True)
class _Expected:
    """One block given an explanation: (T,) E[prod rho^-tb] and (n, T) E[b_k ln rho_k prod rho^-tb]."""

    members: tuple[int, ...]
    whole: Floats
    each: Floats
    present: list[float]
    necessary: list[int]


def _expected(judgement: Judgement, k: int, column: int) -> _Expected:
    """Where nothing was said of a block, it is the same for all of a context."""
    if k in judgement.blocks:
        return _expected_of(judgement, k, column)
    known = judgement.context.known
    if ("causes", k, column) not in known:
        known["causes", k, column] = _expected_of(judgement, k, column)
    found: _Expected = known["causes", k, column]
    return found


def _expected_of(judgement: Judgement, k: int, column: int) -> _Expected:
    block = judgement.network.blocks[k]
    b = judgement.block(k).given(int(block.columns[column]))  # (B,)
    total, parts = allocation(block)
    tilt = b[:, None] * np.exp(-np.outer(total[:, column], _T))  # (B, T)
    necessary = [m for m, needed in zip(block.members, block.necessary[:, column], strict=True) if needed]
    each = parts[:, :, column].T @ tilt
    return _Expected(block.members, tilt.sum(axis=0), each, (b @ block.bits).tolist(), necessary)


def _shares(blocks: list[_Expected]) -> dict[int, float]:
    if not blocks:
        return {}
    log_g = np.log(np.array([b.whole for b in blocks]))  # (block, T)
    others = np.exp(log_g.sum(axis=0) - log_g)
    each = np.concatenate([b.each * other for b, other in zip(blocks, others, strict=True)])  # (member, T)
    return dict(zip([m for b in blocks for m in b.members], (each @ _W).tolist(), strict=True))


@dataclass(frozen=True)
class AttributionDraws:
    """Shares under draws of the ratios: (n,) idiopathic and (n,) for each contributor."""

    idiopathic: Floats
    share: dict[int, Floats]


def attribute_draws(judgement: Judgement, explanation: int, n: int) -> AttributionDraws:
    """How the shares move when the ratios of every contributor are drawn.

    The causal ratio of a draw keeps its proportion to the predictive one on the log scale. The excess of a draw is
    shared between blocks in proportion to -ln E[prod rho^-b] of each (exact where every contributor is known), and
    inside a block as in the point answer, or equally where that gives the block none.
    """
    point = attribute(judgement, explanation)
    logs: list[Floats] = []
    members: list[tuple[int, ...]] = []
    for k, i in judgement.network.touching[explanation]:
        block = judgement.network.blocks[k]
        if block.log_causal[:, i].any():
            logs.append(-np.log(_kept(judgement, k, i, n)))
            members.append(block.members)
    total = np.sum(logs, axis=0) if logs else np.zeros(n)
    excess = np.divide(1 - np.exp(-total), total, out=np.ones_like(total), where=total > 0)
    share: dict[int, Floats] = {}
    for log, own in zip(logs, members, strict=True):
        whole = sum(point.share[m] for m in own)
        for m in own:
            part = point.share[m] / whole if whole > 0 else 1 / len(own)
            share[m] = np.asarray(part * log * excess, np.float64)
    return AttributionDraws(np.asarray(np.exp(-total), np.float64), share)


def _kept(judgement: Judgement, k: int, column: int, n: int) -> Floats:
    """(n,) E[prod causal rho^-b | s, evidence] of one block under draws of its ratios."""
    term = judgement.block(k)
    part, i = term.block.part_of[column]
    weight = part.summed_out(term.prior * term.said) * drawn_phi(part.block, n)[i]  # (n, B)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    return np.asarray((weight * _drawn_rest(part.block, n)[i]).sum(axis=1), np.float64)


@lru_cache(maxsize=KEPT)
def _drawn_rest(block: BlockArrays, n: int) -> Floats:
    """(M, n, B) prod causal rho^-b under draws of the ratios of a block: the same in every case."""
    ratio = np.divide(block.log_causal, block.log_rho, out=np.ones_like(block.log_rho), where=block.log_rho != 0)
    causal = np.where(block.necessary, 0.0, np.maximum(draw_log_rho(block, n) * ratio, 0.0))  # (n, members, M)
    return np.ascontiguousarray(np.moveaxis(np.exp(-combine(block, causal)), -1, 0))
