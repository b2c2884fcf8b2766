"""Idiopathic or secondary: excess fractions of one explanation by contributor.

For K = the contributors with a causal ratio above 1 and finite (a necessary cause is left out of K):

    P(idiopathic | s, e) = E[prod_K rho_k^-b_k | s, e]
    share_k              = int_0^1 ln rho_k E[b_k prod_K rho_j^(-t b_j) | s, e] dt

They add to 1 whatever is unknown or correlated. They are excess fractions, not probabilities of causation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from soleus.inference.blocks import allocation, combine, restricted, summed_out
from soleus.inference.draws import draw_log_rho, draw_phi
from soleus.inference.network import Floats
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
    kept: list[tuple[tuple[int, ...], Floats, Floats]] = []  # members, G (T,), H (n, T)
    present: dict[int, float] = {}
    necessary: list[int] = []
    for k, block in enumerate(judgement.network.blocks):
        at = np.flatnonzero(block.columns == explanation)
        if not len(at):
            continue
        b = judgement.block(k).given(explanation)  # (B,)
        total, parts = allocation(block)
        log_c, part = total[:, at[0]], parts[:, :, at[0]]
        tilt = b[:, None] * np.exp(-np.outer(log_c, _T))  # (B, T)
        kept.append((block.members, tilt.sum(axis=0), part.T @ tilt))
        present |= {m: float(b @ block.bits[:, i]) for i, m in enumerate(block.members)}
        necessary += [m for i, m in enumerate(block.members) if block.necessary[i, at[0]]]
    return Attribution(explanation, *_combine(kept), present, tuple(necessary))


def _combine(kept: list[tuple[tuple[int, ...], Floats, Floats]]) -> tuple[float, dict[int, float]]:
    if not kept:
        return 1.0, {}
    log_g = np.log(np.array([g for _, g, _ in kept]))  # (block, T)
    whole = log_g.sum(axis=0)
    share = {
        member: float(_W @ (h[i] * np.exp(whole - log_g[n])))
        for n, (members, _, h) in enumerate(kept)
        for i, member in enumerate(members)
    }
    # The blocks are independent given s, so the product of their expectations at t = 1 is what no cause explains.
    return 1.0 - sum(share.values()), share


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
    for k, block in enumerate(judgement.network.blocks):
        at = np.flatnonzero(block.columns == explanation)
        if len(at) and block.log_causal[:, at[0]].any():
            logs.append(-np.log(_kept(judgement, k, int(at[0]), n)))
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
    term, block = judgement.block(k), judgement.network.blocks[k]
    speaking = next(members for members, columns in block.speakers.items() if column in columns)
    part, state = restricted(block, speaking, [column])
    prior, said = summed_out(state, term.prior), summed_out(state, term.prior * term.said)
    weight = said * draw_phi(part, prior, n)[:, :, 0]  # (n, B)
    weight /= np.maximum(weight.sum(axis=1, keepdims=True), 1e-300)
    log_rho = part.log_rho[:, 0]
    ratio = np.divide(part.log_causal[:, 0], log_rho, out=np.ones_like(log_rho), where=log_rho != 0)
    causal = np.maximum(draw_log_rho(part, n)[:, :, 0] * ratio, 0.0)  # (n, members)
    causal[:, part.necessary[:, 0]] = 0.0
    combined = combine(part, causal[:, :, None])[:, :, 0]  # (n, B)
    return np.asarray((weight * np.exp(-combined)).sum(axis=1), np.float64)
