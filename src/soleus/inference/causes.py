"""Idiopathic or secondary: excess fractions of one explanation by contributor.

For K = the contributors with a causal ratio above 1 and finite (a necessary cause is left out of K):

    P(idiopathic | s, e) = E[prod_K rho_k^-b_k | s, e]
    share_k              = int_0^1 ln rho_k E[b_k prod_K rho_j^(-t b_j) | s, e] dt

They add to 1 whatever is unknown or correlated. They are excess fractions, not probabilities of causation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from soleus.inference.blocks import KEPT, allocation, combine
from soleus.inference.draws import draw_log_rho, drawn_phi
from soleus.inference.network import BlockArrays, Floats
from soleus.inference.posterior import BlockTerm, Judgement

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


class Attributions:
    """The shares of all explanations of one judgement, computed together."""

    def __init__(self, judgement: Judgement) -> None:
        self._judgement = judgement

    def of(self, explanation: int) -> Attribution:
        """The shares of one explanation."""
        blocks = [(self._judgement.network.blocks[k], i) for k, i in self._judgement.network.touching[explanation]]
        members = [c for block, _ in blocks for c in block.members]
        share = dict(zip(members, self._share[members, explanation].tolist(), strict=True))
        present = dict(zip(members, self._judgement.presence[members, explanation].tolist(), strict=True))
        necessary = tuple(
            c for b, i in blocks for c, needed in zip(b.members, b.necessary[:, i], strict=True) if needed
        )
        # The blocks are independent given s, so the product of their expectations at t = 1 is what no cause explains.
        return Attribution(explanation, 1.0 - sum(share.values()), share, present, necessary)

    @cached_property
    def _share(self) -> Floats:
        """(C, S) the share of each contributor in each explanation; 0 where it does not bear on it."""
        network = self._judgement.network
        out = np.zeros((len(network.contributors), len(network.explanations)))
        found = [(b, _expected(self._judgement, k)) for k, b in enumerate(network.blocks) if b.columns.size]
        if found:
            column = np.concatenate([block.columns for block, _ in found])
            log_g = np.log(np.concatenate([expected[:, 0] for _, expected in found]))  # (block and column, T)
            whole = np.zeros((len(network.explanations), len(_T)))
            np.add.at(whole, column, log_g)
            others = np.exp(whole[column] - log_g) * _W
            end = np.cumsum([block.columns.size for block, _ in found]).tolist()
            for (block, expected), first, last in zip(found, [0, *end], end, strict=False):
                each = expected[:, 1:] @ others[first:last, :, None]  # (M, n, 1)
                out[np.array(block.members)[:, None], block.columns] = each[..., 0].T
        return out


def attribute(judgement: Judgement, explanation: int) -> Attribution:
    """The shares of one explanation."""
    return Attributions(judgement).of(explanation)


def _expected(judgement: Judgement, k: int) -> Floats:
    """One block given each explanation that it touches, (M, 1 + n, T): E[prod rho^-tb], then of each member
    E[b_k ln rho_k prod rho^-tb]. Where nothing was said of a block, it is the same for all of a context."""
    if k in judgement.blocks:
        return _expected_of(judgement.blocks[k])
    known = judgement.context.known
    if ("causes", k) not in known:
        known["causes", k] = _expected_of(judgement.block(k))
    found: Floats = known["causes", k]
    return found


def _expected_of(term: BlockTerm) -> Floats:
    block, tilts = term.block, _tilts(term.block)
    weight = (term.prior * term.said)[:, None] * term.phi  # (B, M)
    total = weight.sum(axis=0)
    given = np.divide(weight, total, out=np.repeat(term.prior[:, None], len(total), axis=1), where=total > 0)
    return np.asarray((given.T[:, None] @ tilts).reshape(len(total), 1 + block.size, len(_T)), np.float64)


@lru_cache(maxsize=KEPT)
def _tilts(block: BlockArrays) -> Floats:
    """(M, B, (1 + n) T) prod rho^-tb in each joint state, then b_k ln rho_k times it of each member."""
    total, parts = allocation(block)
    tilt = np.exp(-total[:, None, :, None] * _T)  # (B, 1, M, T)
    all_of_it = np.concatenate([tilt, parts[..., None] * tilt], axis=1)
    return np.ascontiguousarray(np.moveaxis(all_of_it, 2, 0)).reshape(total.shape[1], len(total), -1)


@dataclass(frozen=True)
class AttributionDraws:
    """Shares under draws of the ratios: (n,) idiopathic and (n,) for each contributor."""

    idiopathic: Floats
    share: dict[int, Floats]


def attribute_draws(judgement: Judgement, point: Attribution, n: int) -> AttributionDraws:
    """How the shares of an explanation move when the ratios of every contributor are drawn.

    The causal ratio of a draw keeps its proportion to the predictive one on the log scale. The excess of a draw is
    shared between blocks in proportion to -ln E[prod rho^-b] of each (exact where every contributor is known), and
    inside a block as in the point answer, or equally where that gives the block none.
    """
    logs: list[Floats] = []
    members: list[tuple[int, ...]] = []
    for k, i in judgement.network.touching[point.explanation]:
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
    weight = part.summed_out(term.prior * term.said)  # (B,)
    whole = drawn_phi(part.block, n)[i] @ weight
    return np.asarray(_drawn_rest(part.block, n)[i] @ weight / np.maximum(whole, 1e-300), np.float64)


@lru_cache(maxsize=KEPT)
def _drawn_rest(block: BlockArrays, n: int) -> Floats:
    """(M, n, B) phi prod causal rho^-b under draws of the ratios of a block: the same in every case."""
    ratio = np.divide(block.log_causal, block.log_rho, out=np.ones_like(block.log_rho), where=block.log_rho != 0)
    causal = np.where(block.necessary, 0.0, np.maximum(draw_log_rho(block, n) * ratio, 0.0))  # (n, members, M)
    return np.asarray(np.moveaxis(np.exp(-combine(block, causal)), -1, 0) * drawn_phi(block, n), np.float64)
