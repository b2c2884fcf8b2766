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
    prior, phi, _ = block_tables(network, context, number)
    return BlockTerm(block, prior, phi, evidence_weight(block, evidence.contributors))


def block_tables(network: Network, context: Context, number: int) -> tuple[Floats, Floats, Floats]:
    """Prior (B,), expected phi~ (B, M), their product for every explanation (B, S): the same for all of a context."""
    if number not in context.known:
        block = network.blocks[number]
        prior = joint_prior(block, context.prevalence)
        phi = expected_phi(block, prior)
        whole = np.repeat(prior[:, None], len(network.explanations), axis=1)
        whole[:, block.columns] *= phi
        context.known[number] = prior, phi, whole
    found: tuple[Floats, Floats, Floats] = context.known[number]
    return found


def _silent(network: Network, context: Context, number: int) -> BlockTerm:
    """The term of a block without evidence: the same for all of a context."""
    key = "silent", number
    if key not in context.known:
        context.known[key] = block_term(network, context, Evidence(), number)
    found: BlockTerm = context.known[key]
    return found


def _silent_presence(network: Network, context: Context) -> Floats:
    """(C, S) P(contributor present | s) where nothing was said of any: the same for all of a context."""
    if "presence" not in context.known:
        out = np.zeros((len(network.contributors), len(network.explanations)))
        for k, block in enumerate(network.blocks):
            out[list(block.members)] = _presence(network, context, k, _silent(network, context, k))
        context.known["presence"] = out
    found: Floats = context.known["presence"]
    return found


def _presence(network: Network, context: Context, number: int, term: BlockTerm) -> Floats:
    """(n, S) P(member of a block present | s, evidence)."""
    total, *each = (term.block.counts * term.said) @ block_tables(network, context, number)[2]
    if total.all():
        return np.asarray(np.array(each) / total, np.float64)
    out = np.repeat((term.block.bits.T @ term.given(-1))[:, None], len(total), axis=1)
    return np.asarray(np.divide(each, total, out=out, where=total > 0), np.float64)


def facet_log_term(network: Network, facet: FacetArrays, findings: dict[int, int]) -> Floats | None:
    """(S,) log L_g(s), or None where no item was answered."""
    rows = [network.row(f, findings[f]) for f in facet.items if f in findings]
    if not rows:
        return None
    on, off = network.item_rows[rows].prod(axis=0)
    return np.asarray(np.log(facet.w * on + (1 - facet.w) * off), np.float64)


def item_given_state(network: Network, facet: FacetArrays, j: int, f: int, v: int) -> tuple[Floats, Floats]:
    """P(item j, which is finding ``f``, in state ``v`` | hidden state 1, s) and (| 0, s)."""
    assert facet.items[j] == f
    on, off = network.item_rows[network.row(f, v)]
    return on, off


@dataclass(frozen=True)
class Judgement:
    """The posterior; its parts, computed when asked for, add up to ``log_weight``."""

    network: Network
    context: Context
    evidence: Evidence
    log_weight: Floats  # (S,)
    probability: Floats  # (S,)

    @cached_property
    def facets(self) -> dict[int, Floats]:
        """Facet with evidence -> (S,) log L."""
        terms = {g: facet_log_term(self.network, f, self.evidence.findings) for g, f in enumerate(self.network.facets)}
        return {g: term for g, term in terms.items() if term is not None}

    @cached_property
    def singles(self) -> dict[int, Floats]:
        """Finding outside facets -> (S,) log P(v | s)."""
        network = self.network
        told = self.evidence.findings.items()
        return {f: network.log_p[network.row(f, v)] for f, v in told if f not in network.facet_of}

    @cached_property
    def blocks(self) -> dict[int, BlockTerm]:
        """The blocks with evidence."""
        network = self.network
        return {k: block_term(network, self.context, self.evidence, k) for k in touched(network, self.evidence)}

    def block(self, number: int) -> BlockTerm:
        """The term of any block, with or without evidence."""
        return self.blocks[number] if number in self.blocks else _silent(self.network, self.context, number)

    @cached_property
    def presence(self) -> Floats:
        """(C, S) P(contributor present | s, evidence)."""
        out = _silent_presence(self.network, self.context).copy()
        for k, term in self.blocks.items():
            out[list(term.block.members)] = _presence(self.network, self.context, k, term)
        return out

    @cached_property
    def block_logs(self) -> dict[int, Floats]:
        """Block with evidence -> (S,) log term."""
        return {k: block_log(self.network, k, term) for k, term in self.blocks.items()}


def block_log(network: Network, number: int, term: BlockTerm) -> Floats:
    """(S,) log term of a block; -inf where its evidence cannot be."""
    plain, touched = term.log_term
    out = np.full(len(network.explanations), plain)
    out[network.blocks[number].columns] = touched
    return out


def judge(network: Network, context: Context, evidence: Evidence) -> Judgement:
    """The posterior. Raises `CannotAssess` where every explanation is impossible."""
    log_weight = log_prior(network, context) + _log_findings(network, evidence)
    if evidence.contributors:
        log_weight += _log_blocks(network, context, evidence)
    return Judgement(network, context, evidence, log_weight, normalise(log_weight))


def _log_findings(network: Network, evidence: Evidence) -> Floats:
    """(S,) log P(findings | s): single findings, and facets together."""
    first, facet_of = network.first_row, network.facet_of
    alone: list[int] = []
    opening: dict[int, int] = {}  # facet -> row of its first item
    more: list[tuple[int, int]] = []  # facet and row of each further item
    for f, v in evidence.findings.items():
        row = first[f] + v
        if f not in facet_of:
            alone.append(row)
        elif facet_of[f] not in opening:
            opening[facet_of[f]] = row
        else:
            more.append((facet_of[f], row))
    out = np.add.reduce(network.log_p.take(alone, axis=0))
    if opening:
        each = network.opening_rows.take(list(opening.values()), axis=0)  # (facet, 2, S)
        place = {g: i for i, g in enumerate(opening)}
        for g, row in more:
            each[place[g]] *= network.item_rows[row]
        out += np.add.reduce(np.log(np.add.reduce(each, axis=1)))
    return np.asarray(out, np.float64)


def _log_blocks(network: Network, context: Context, evidence: Evidence) -> Floats:
    """(S,) log of the sums over the joint states of the blocks with evidence."""
    told: dict[int, Floats] = {}
    for c, likelihood in evidence.contributors.items():
        k, state = network.member_of[c]
        factor = np.array(likelihood).take(state)
        told[k] = told[k] * factor if k in told else factor
    terms = [said @ block_tables(network, context, k)[2] for k, said in told.items()]
    with np.errstate(divide="ignore"):
        return np.asarray(np.add.reduce(np.log(terms)), np.float64)


def touched(network: Network, evidence: Evidence) -> list[int]:
    """The blocks with evidence."""
    return sorted({network.block_of[c] for c in evidence.contributors})


def log_prior(network: Network, context: Context) -> Floats:
    """(S,) log rates, -inf where an explanation is impossible."""
    return context.log_rate + impossible(network, context)


def impossible(network: Network, context: Context) -> Floats:
    """(S,) -inf where a necessary contributor cannot be (prevalence 0), else 0; the same for all of a context."""
    if "impossible" not in context.known:
        context.known["impossible"] = _impossible(network, context.prevalence)
    found: Floats = context.known["impossible"]
    return found


def _impossible(network: Network, prevalence: Floats) -> Floats:
    out = np.zeros(len(network.explanations))
    for block in network.blocks:
        if block.necessary.any():
            never = prevalence[list(block.members)] == 0
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
