"""The posterior over explanations for one person, and over contributors given an explanation.

weight(s | e) = r_s(x) * prod_facets L_g(s) * prod_findings P(v | s) * prod_blocks sum_b P(b|x) phi~_s(b) P(e_b | b)
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from soleus.errors import CannotAssess
from soleus.inference.blocks import evidence_weight, expected_phi, joint_prior
from soleus.inference.network import BlockArrays, Context, Evidence, FacetArrays, Floats, Network


@dataclass(frozen=True)
class BlockTerm:
    """A block with evidence: prior, expected phi~ and P(evidence | b)."""

    block: BlockArrays
    prior: Floats  # (B,)
    phi: Floats  # (B, M)
    said: Floats  # (B,)

    @cached_property
    def log_term(self) -> tuple[float, Floats]:
        """log sum_b for an explanation the block does not touch, and (M,) for those it does."""
        with np.errstate(divide="ignore"):
            weight = self.prior * self.said
            return float(np.log(weight.sum())), np.asarray(np.log(weight @ self.phi), np.float64)

    def given(self, explanation: int) -> Floats:
        """(B,) P(b | s, evidence); the prior with evidence for an explanation that the block does not touch."""
        at = np.flatnonzero(self.block.columns == explanation)
        weight = self.prior * self.said * (self.phi[:, at[0]] if len(at) else 1.0)
        total = weight.sum()
        return weight / total if total > 0 else self.prior


def block_term(network: Network, context: Context, evidence: Evidence, number: int) -> BlockTerm:
    """The term of one block, whether or not it has evidence."""
    block = network.blocks[number]
    if number not in context.tables:  # the same for every case of a context
        prior = joint_prior(block, context.prevalence)
        context.tables[number] = prior, expected_phi(block, prior)
    return BlockTerm(block, *context.tables[number], evidence_weight(block, evidence.contributors))


def facet_log_term(network: Network, facet: FacetArrays, findings: dict[int, int]) -> Floats | None:
    """(S,) log L_g(s), or None where no item was answered."""
    parts = [(j, f, findings[f]) for j, f in enumerate(facet.items) if f in findings]
    if not parts:
        return None
    on = np.log(facet.w)
    off = np.log1p(-facet.w)
    for j, f, v in parts:
        with_f, without_f = item_given_state(network, facet, j, f, v)
        on = on + np.log(with_f)
        off = off + np.log(without_f)
    return np.asarray(np.logaddexp(on, off), np.float64)


def item_given_state(network: Network, facet: FacetArrays, j: int, f: int, v: int) -> tuple[Floats, Floats]:
    """P(item j in state v | f = 1, s) and (| f = 0, s): the marginal rescaled within typical or atypical states."""
    rows = network.p[network.start[f] : network.start[f + 1]]
    mu = np.clip(facet.typical[j] @ rows, 1e-12, 1 - 1e-12)
    if facet.typical[j][v]:
        return rows[v] * facet.a[j] / mu, rows[v] * facet.b[j] / mu
    return rows[v] * (1 - facet.a[j]) / (1 - mu), rows[v] * (1 - facet.b[j]) / (1 - mu)


@dataclass(frozen=True)
class Judgement:
    """The posterior with the parts that made it; parts add up to ``log_weight`` exactly."""

    network: Network
    context: Context
    evidence: Evidence
    facets: dict[int, Floats]  # facet -> (S,) log L
    singles: dict[int, Floats]  # finding -> (S,) log P(v | s)
    blocks: dict[int, BlockTerm]  # blocks with evidence
    log_weight: Floats  # (S,)
    probability: Floats  # (S,)

    def block(self, number: int) -> BlockTerm:
        """The term of any block, with or without evidence."""
        if number not in self._silent:
            found = self.blocks.get(number) or block_term(self.network, self.context, self.evidence, number)
            self._silent[number] = found
        return self._silent[number]

    @cached_property
    def _silent(self) -> dict[int, BlockTerm]:
        return {}

    def block_log(self, number: int) -> Floats:
        """(S,) log term of a block."""
        return block_log(self.network, number, self.blocks[number])


def block_log(network: Network, number: int, term: BlockTerm) -> Floats:
    """(S,) log term of a block; -inf where its evidence cannot be."""
    plain, touched = term.log_term
    out = np.full(len(network.explanations), plain)
    out[network.blocks[number].columns] = touched
    return out


def judge(network: Network, context: Context, evidence: Evidence) -> Judgement:
    """The posterior. Raises `CannotAssess` where every explanation is impossible."""
    facets = {
        g: term
        for g, facet in enumerate(network.facets)
        if (term := facet_log_term(network, facet, evidence.findings)) is not None
    }
    singles = {f: network.log_p[network.row(f, v)] for f, v in evidence.findings.items() if f not in network.facet_of}
    touched = sorted({network.block_of[c] for c in evidence.contributors})
    blocks = {k: block_term(network, context, evidence, k) for k in touched}
    log_weight = context.log_rate + sum(facets.values()) + sum(singles.values())
    log_weight = log_weight + impossible(network, context)
    for k, block in blocks.items():
        log_weight = log_weight + block_log(network, k, block)
    return Judgement(network, context, evidence, facets, singles, blocks, log_weight, normalise(log_weight))


def impossible(network: Network, context: Context) -> Floats:
    """(S,) -inf where a necessary contributor cannot be (prevalence 0), else 0."""
    out = np.zeros(len(network.explanations))
    for block in network.blocks:
        if block.necessary.any():
            never = context.prevalence[list(block.members)] == 0
            out[block.columns[(block.necessary & never[:, None]).any(axis=0)]] = -np.inf
    return out


def normalise(log_weight: Floats) -> Floats:
    """Probabilities from log weights."""
    top = log_weight.max()
    if not np.isfinite(top):
        raise CannotAssess(
            "the findings together", "no explanation that is possible", "at least one", "Check age, sex and findings."
        )
    weight = np.exp(log_weight - top)
    return np.asarray(weight / weight.sum(), np.float64)
