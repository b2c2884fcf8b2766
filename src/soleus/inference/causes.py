"""Idiopathic or secondary: excess fractions of one explanation by contributor.

For K = the contributors with a causal ratio above 1 and finite (a necessary cause is left out of K):

    P(idiopathic | s, e) = E[prod_K rho_k^-b_k | s, e]
    share_k              = int_0^1 ln rho_k E[b_k prod_K rho_j^(-t b_j) | s, e] dt

They add to 1 whatever is unknown or correlated. They are excess fractions, not probabilities of causation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from soleus.inference.blocks import allocation
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
