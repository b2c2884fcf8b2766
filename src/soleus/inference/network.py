"""The model as arrays: explanations, findings, facets and blocks of contributors.

Axes: ``S`` explanations, ``F`` findings, ``R`` rows (one per finding state), ``C`` contributors, ``M`` the
explanations that a block touches, ``B`` the 2**n joint states of a block (bit k of the row number: member k present).
Missing evidence is -1 (findings) or a likelihood of (1, 1) (contributors).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]
Combination = Literal["multiply", "largest", "largest_sqrt", "replaces"]


@dataclass(frozen=True)
class FacetArrays:
    """One facet: item findings, their typical states, and the mixture per explanation (`facets.Mixture`)."""

    id: str
    items: tuple[int, ...]
    typical: tuple[Bools, ...]  # per item, over its states
    w: Floats  # (S,)
    a: Floats  # (item, S)
    b: Floats  # (item, S)


@dataclass(frozen=True)
class BlockPart:
    """Some members of a block with the explanations that they touch."""

    block: BlockArrays
    columns: tuple[int, ...]  # of the whole block, in the order of the part's
    state: Ints  # (B,) the state of the part that each joint state of the whole falls in

    def summed_out(self, weight: Floats) -> Floats:
        """The weights of the whole's joint states added up by the state of the part."""
        return np.asarray(np.bincount(self.state, weight), np.float64)


@dataclass(frozen=True, eq=False)  # a block is the same only as itself: what is computed of it is kept with it
class BlockArrays:
    """Contributors whose effects combine by one rule; columns are the explanations they touch."""

    id: str
    members: tuple[int, ...]
    rule: Combination
    columns: Ints  # (M,)
    log_rho: Floats  # (n, M) medians
    sd: Floats  # (n, M) of log rho
    log_causal: Floats  # (n, M)
    necessary: Bools  # (n, M)
    given: tuple[tuple[int, int, float], ...] = ()  # (member, other member, P(member | other present))

    @property
    def size(self) -> int:
        return len(self.members)

    @cached_property
    def bits(self) -> Floats:
        """(B, n) presence of each member in each joint state."""
        return ((np.arange(1 << self.size)[:, None] >> np.arange(self.size)) & 1).astype(np.float64)

    @cached_property
    def counts(self) -> Floats:
        """(1 + n, B) 1 for every joint state, then for those in which a member is present."""
        return np.concatenate([np.ones((1, 1 << self.size)), self.bits.T])

    @cached_property
    def parts(self) -> tuple[BlockPart, ...]:
        """For each set of members that say something of an explanation, the columns of which just these do."""
        speaks = (self.log_rho != 0) | (self.sd != 0) | self.necessary
        own: dict[tuple[int, ...], list[int]] = {}
        for m, column in enumerate(speaks.T):
            own.setdefault(tuple(np.flatnonzero(column).tolist()), []).append(m)
        return tuple(self._part(members, columns) for members, columns in own.items())

    def _part(self, members: tuple[int, ...], columns: list[int]) -> BlockPart:
        state = sum((self.present[k] << i for i, k in enumerate(members)), np.zeros(1 << self.size, np.intp))
        cells = np.ix_(members, columns)
        part = replace(
            self,
            members=tuple(self.members[k] for k in members),
            columns=self.columns[columns],
            log_rho=self.log_rho[cells],
            sd=self.sd[cells],
            log_causal=self.log_causal[cells],
            necessary=self.necessary[cells],
            given=(),
        )
        return BlockPart(part, tuple(columns), state)

    @cached_property
    def part_of(self) -> dict[int, tuple[BlockPart, int]]:
        """Column -> the part that speaks of it, and its place there."""
        return {m: (part, i) for part in self.parts for i, m in enumerate(part.columns)}

    @cached_property
    def excess(self) -> Floats:
        """(n, M) excess share of each member on its own: 1 - 1 / causal ratio; 0 where it protects or is necessary."""
        return 1 - np.exp(-np.where(self.necessary, 0.0, np.maximum(self.log_causal, 0.0)))

    @cached_property
    def present(self) -> list[Ints]:
        """Per member (B,) 1 in the joint states where it is present, 0 elsewhere."""
        return [np.ascontiguousarray(column, np.intp) for column in self.bits.T]


@dataclass(frozen=True)
class Network:
    """A whole knowledge base for inference."""

    explanations: tuple[str, ...]
    findings: tuple[str, ...]
    states: tuple[tuple[str, ...], ...]
    p: Floats  # (R, S)
    sd: Floats  # (F, S) of the log-odds
    facets: tuple[FacetArrays, ...]
    contributors: tuple[str, ...]
    blocks: tuple[BlockArrays, ...]
    owned: Bools = field(default_factory=lambda: np.ones(0, np.bool_))  # (F,) false for markers of contributors

    @cached_property
    def drawn(self) -> dict[tuple[str, int], Any]:
        """What `draws` keeps of each state of a finding, as it is asked for."""
        return {}

    @cached_property
    def start(self) -> Ints:
        """(F+1,) first row of each finding."""
        return np.concatenate([[0], np.cumsum([len(s) for s in self.states])]).astype(np.intp)

    @cached_property
    def log_p(self) -> Floats:
        return np.asarray(np.log(self.p), np.float64)

    @cached_property
    def first_row(self) -> list[int]:
        """`start` as plain integers."""
        return [int(n) for n in self.start]

    @cached_property
    def item_rows(self) -> Floats:
        """(R, 2, S) P(state | hidden state 1 and 0, s) of the items of facets: the marginal rescaled within the
        typical and within the other states. 1 elsewhere."""
        out = np.ones((len(self.p), 2, self.p.shape[1]))
        for facet in self.facets:
            for j, f in enumerate(facet.items):
                own, typical = slice(self.first_row[f], self.first_row[f + 1]), facet.typical[j][:, None, None]
                mu = np.clip(facet.typical[j] @ self.p[own], 1e-12, 1 - 1e-12)
                q = np.array([facet.a[j], facet.b[j]])
                out[own] = self.p[own][:, None, :] * np.where(typical, q / mu, (1 - q) / (1 - mu))
        return out

    @cached_property
    def opening_rows(self) -> Floats:
        """(R, 2, S) `item_rows` times P(hidden state 1 and 0 | s): what the first item of a facet begins with."""
        out = self.item_rows.copy()
        for facet in self.facets:
            mixture = np.array([facet.w, 1 - facet.w])
            for f in facet.items:
                out[self.first_row[f] : self.first_row[f + 1]] *= mixture
        return out

    @cached_property
    def alone(self) -> Floats:
        """(R, S) P(state | s) where no other item of the facet was told."""
        out = self.p.copy()
        for f in self.facet_of:
            own = slice(self.first_row[f], self.first_row[f + 1])
            out[own] = self.opening_rows[own].sum(axis=1)
        return out

    @cached_property
    def finding_index(self) -> dict[str, int]:
        return {f: i for i, f in enumerate(self.findings)}

    @cached_property
    def explanation_index(self) -> dict[str, int]:
        return {s: i for i, s in enumerate(self.explanations)}

    @cached_property
    def contributor_index(self) -> dict[str, int]:
        return {c: i for i, c in enumerate(self.contributors)}

    @cached_property
    def facet_of(self) -> dict[int, int]:
        """Finding -> facet."""
        return {f: g for g, facet in enumerate(self.facets) for f in facet.items}

    @cached_property
    def block_of(self) -> dict[int, int]:
        """Contributor -> block."""
        return {c: k for k, block in enumerate(self.blocks) for c in block.members}

    @cached_property
    def touching(self) -> list[list[tuple[int, int]]]:
        """For each explanation the blocks that touch it, with its column there."""
        out: list[list[tuple[int, int]]] = [[] for _ in self.explanations]
        for k, block in enumerate(self.blocks):
            for i, s in enumerate(block.columns.tolist()):
                out[s].append((k, i))
        return out

    @cached_property
    def necessary(self) -> list[tuple[int, ...]]:
        """For each explanation the contributors without which it cannot be."""
        out: list[tuple[int, ...]] = []
        for touching in self.touching:
            members = [(self.blocks[k].members, self.blocks[k].necessary[:, i].tolist()) for k, i in touching]
            out.append(tuple(c for own, needed in members for c, need in zip(own, needed, strict=True) if need))
        return out

    @cached_property
    def excess(self) -> Floats:
        """(C, S) excess share of each contributor on its own (`BlockArrays.excess`)."""
        out = np.zeros((len(self.contributors), len(self.explanations)))
        for block in self.blocks:
            out[np.array(block.members)[:, None], block.columns] = block.excess
        return out

    @cached_property
    def member_of(self) -> dict[int, tuple[int, Ints]]:
        """Contributor -> its block, and (B,) 1 in the joint states where it is present."""
        return {c: (k, block.present[i]) for k, block in enumerate(self.blocks) for i, c in enumerate(block.members)}

    def row(self, finding: int, state: int) -> int:
        return self.first_row[finding] + state


@dataclass(frozen=True)
class Context:
    """The person before any finding: rates and prevalences for age, sex and setting."""

    log_rate: Floats  # (S,) expected rate; -inf where impossible
    rate_sd: Floats  # (S,) of the log rate
    prevalence: Floats  # (C,)
    known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)  # follows from the prevalences


@dataclass(frozen=True)
class Evidence:
    """What was observed: finding -> state number, contributor -> (P(said | absent), P(said | present))."""

    findings: dict[int, int] = field(default_factory=dict)
    contributors: dict[int, tuple[float, float]] = field(default_factory=dict)

    def with_finding(self, finding: int, state: int) -> Evidence:
        return Evidence({**self.findings, finding: state}, self.contributors)
