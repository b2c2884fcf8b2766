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
from soleus.inference.network import BlockArrays, BlockPart, Floats, Ints
from soleus.inference.posterior import Judgement, block_tables

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
        network = self._judgement.network
        members = [c for k, _ in network.touching[explanation] for c in network.blocks[k].members]
        share = dict(zip(members, self.share[members, explanation].tolist(), strict=True))
        present = dict(zip(members, self._judgement.presence[members, explanation].tolist(), strict=True))
        # The blocks are independent given s, so the product of their expectations at t = 1 is what no cause explains.
        return Attribution(explanation, 1.0 - sum(share.values()), share, present, network.necessary[explanation])

    @cached_property
    def share(self) -> Floats:
        """(C, S) the share of each contributor in each explanation; 0 where it does not bear on it."""
        network, weight = self._judgement.network, _part_weights(self._judgement)
        stacks, phis = _stacks(network.blocks), _phis(self._judgement)
        found = [stack.expected(weight[stack.state] * phi) for stack, phi in zip(stacks, phis, strict=True)]
        log_g = [np.log(expected[:, 0]) for expected in found]
        whole = np.zeros((len(network.explanations), len(_T)))
        for stack, log in zip(stacks, log_g, strict=True):
            np.add.at(whole, stack.explanation, log)
        out = np.zeros((len(network.contributors), len(network.explanations)))
        for stack, expected, log in zip(stacks, found, log_g, strict=True):
            others = np.exp(whole[stack.explanation] - log) * _W
            out[stack.members, stack.explanation[:, None]] = (expected[:, 1:] @ others[..., None])[..., 0]
        return out


def attribute(judgement: Judgement, explanation: int) -> Attribution:
    """The shares of one explanation."""
    return Attributions(judgement).of(explanation)


@dataclass(frozen=True)
class _Stack:
    """All parts of blocks with ``n`` members: row r is what one part says of ``explanation[r]``."""

    parts: tuple[tuple[int, BlockPart], ...]  # with the number of the block
    explanation: Ints  # (R,)
    members: Ints  # (R, n)
    state: Ints  # (R, B) the joint states of the part among those of all parts
    tilts: Floats  # (R, B, (1 + n) T) prod rho^-tb, then b_k ln rho_k times it of each member

    def expected(self, weight: Floats) -> Floats:
        """(R, 1 + n, T) E[prod rho^-tb], then of each member E[b_k ln rho_k prod rho^-tb], by P(b, evidence | s)."""
        total = weight.sum(axis=1, keepdims=True)
        nothing = np.eye(1, weight.shape[1])  # where the evidence cannot be, no member stands for a cause
        given = np.divide(weight, total, out=np.repeat(nothing, len(weight), axis=0), where=total > 0)
        return np.asarray((given[:, None] @ self.tilts).reshape(len(weight), -1, len(_T)), np.float64)


@lru_cache(maxsize=16)
def _stacks(blocks: tuple[BlockArrays, ...]) -> tuple[_Stack, ...]:
    """All parts by size, so that the shares of a case are a few products of arrays."""
    first, sizes = 0, dict[int, list[tuple[int, BlockPart, int]]]()
    for k, part in _parts(blocks):
        sizes.setdefault(part.block.size, []).append((k, part, first))
        first += 1 << part.block.size
    return tuple(_stack(some) for some in sizes.values())


def _parts(blocks: tuple[BlockArrays, ...]) -> list[tuple[int, BlockPart]]:
    return [(k, part) for k, block in enumerate(blocks) for part in block.parts if part.block.size]


def _stack(some: list[tuple[int, BlockPart, int]]) -> _Stack:
    number = [len(part.columns) for _, part, _ in some]
    states = np.arange(1 << some[0][1].block.size)
    return _Stack(
        parts=tuple((k, part) for k, part, _ in some),
        explanation=np.concatenate([part.block.columns for _, part, _ in some]),
        members=np.repeat([part.block.members for _, part, _ in some], number, axis=0),
        state=np.repeat([first + states for _, _, first in some], number, axis=0),
        tilts=np.concatenate([_tilts(part.block) for _, part, _ in some]),
    )


def _tilts(block: BlockArrays) -> Floats:
    total, parts = allocation(block)
    tilt = np.exp(-total[:, None, :, None] * _T)  # (B, 1, M, T)
    every = np.concatenate([tilt, parts[..., None] * tilt], axis=1)
    return np.moveaxis(every, 2, 0).reshape(total.shape[1], len(total), -1)


def _part_weights(judgement: Judgement) -> Floats:
    """P(b, evidence) of the joint states of all parts, one part after another."""
    terms = [judgement.block(k) for k in range(len(judgement.network.blocks))]
    source, target = _sums(judgement.network.blocks)
    return np.asarray(np.bincount(target, np.concatenate([t.prior * t.said for t in terms])[source]), np.float64)


@lru_cache(maxsize=16)
def _sums(blocks: tuple[BlockArrays, ...]) -> tuple[Ints, Ints]:
    """Each joint state of each block, and the states of the parts that it counts towards."""
    begin = np.cumsum([0, *(1 << block.size for block in blocks)])
    first, source, target = 0, [np.zeros(0, np.intp)], [np.zeros(0, np.intp)]
    for k, part in _parts(blocks):
        source.append(np.arange(begin[k], begin[k + 1]))
        target.append(first + part.state)
        first += 1 << part.block.size
    return np.concatenate(source), np.concatenate(target)


def _phis(judgement: Judgement) -> list[Floats]:
    """Of each stack (R, B) expected phi~ of the states of the parts: the same for all of a context."""
    network, known = judgement.network, judgement.context.known
    if "phis" not in known:
        known["phis"] = [
            np.concatenate([_phi(block_tables(network, judgement.context, k)[1], part) for k, part in stack.parts])
            for stack in _stacks(network.blocks)
        ]
    found: list[Floats] = known["phis"]
    return found


def _phi(phi: Floats, part: BlockPart) -> Floats:
    """(columns, B) phi~ of a part's states, read off one joint state of the block for each."""
    _, one = np.unique(part.state, return_index=True)
    return np.asarray(phi[one][:, list(part.columns)].T, np.float64)


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
