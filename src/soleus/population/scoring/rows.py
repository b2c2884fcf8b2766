"""Rows of logarithms for the kernel of `inference.batch`: what each pattern of a block, facet or finding adds.

A row holds the difference to silence, which is part of the base; a base is a row too. Rows depend on the prevalences of
a person's age and sex, bases on the rates as well; each is made when it is first needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from soleus.inference import batch
from soleus.inference.network import Context, Floats
from soleus.inference.posterior import block_tables, log_prior
from soleus.population.scoring.patterns import LISTS, Aspect, Ints, Registry
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import silence_likelihood, statement_likelihood

#: What is said of a contributor, as a number.
NOTHING, ABSENT, PRESENT, SILENT = range(4)
_NEVER = -1e6
_MARKER_STATES = 64  # a digit of a block's code: 0, or 1 + the place of a marker's state
Said: TypeAlias = tuple[int, ...]  # of each member of a block
States: TypeAlias = tuple[int, ...]  # of each marker of a block


@dataclass
class BlockAspects:
    """A block with what says something of its members. ``markers``: finding -> 0, or 1 + the place of its state."""

    number: int
    members: tuple[str, ...]
    said: Aspect[Said]
    markers: dict[str, Aspect[int]]
    met: Registry = field(default_factory=Registry)
    rows: list[int] = field(default_factory=list)  # of each code met

    def code(self, said: Ints, states: Sequence[Ints], lists: Ints) -> Ints:
        """(n,) one number for all that is said."""
        for own in states:
            said = said * _MARKER_STATES + own
        return said * LISTS + lists

    def decoded(self, code: int) -> tuple[Said, States, int]:
        """What is said of the members, the states of the markers, and the lists."""
        code, lists = divmod(code, LISTS)
        states = []
        for _ in self.markers:
            code, state = divmod(code, _MARKER_STATES)
            states.append(state)
        return self.said.answers[code], tuple(reversed(states)), lists


class Bank:
    """All rows of a knowledge base, for every context that is met.

    Row numbers are given out by `add`; `places` turns them, with the context of each, into rows of `table`.
    """

    def __init__(self, compiled: Compiled, blocks: Sequence[BlockAspects]) -> None:
        self.compiled, self.network, self.blocks = compiled, compiled.network, blocks
        self.size = len(self.network.explanations)
        self.lanes = -(-self.size // batch.LANES) * batch.LANES
        self.source: list[tuple[int, int] | Floats] = []  # of each row: a block and the number of its code, or values
        self.values = np.zeros((1024, self.lanes), np.float32)
        self.used = 1  # row 0 is zero
        self.contexts: list[Context] = []
        self._numbers: dict[int, int] = {}
        self._kinds: list[int] = []  # of each context the first with its prevalences
        self._place = np.zeros((0, 0), np.int64)  # (context, row), 0: not made yet
        self._bases = np.zeros((0, LISTS), np.int64)
        self._silent: dict[tuple[int, int], Floats] = {}

    def add(self, source: tuple[int, int] | Floats) -> int:
        """The number of a new row."""
        self.source.append(source)
        return len(self.source) - 1

    def context(self, context: Context) -> int:
        """The number of a context."""
        if id(context) not in self._numbers:
            self._numbers[id(context)] = len(self.contexts)
            alike = (n for n, c in enumerate(self.contexts) if c.known is context.known)
            self._kinds.append(next(alike, len(self.contexts)))
            self.contexts.append(context)
        return self._numbers[id(context)]

    def table(self) -> batch.Table:
        """Everything made so far."""
        nothing = np.where(np.arange(self.lanes) < self.size, 0, _NEVER).astype(np.float32)
        return batch.rows_alone(nothing, self.values[: self.used], self.size)

    def places(self, context: Ints, row: Ints) -> Ints:
        """(n,) where each of these rows stands for each of these contexts."""
        kinds = np.array(self._kinds)[context]
        self._place = _grown(self._place, (len(self.contexts), len(self.source)))
        wanted = np.zeros(self._place.shape, np.bool_)
        wanted[kinds, row] = True
        for kind in np.flatnonzero(wanted.any(axis=1)).tolist():
            rows = np.flatnonzero(wanted[kind] & (self._place[kind] == 0))
            if len(rows):
                self._place[kind, rows] = self._put(self._made(kind, rows))
        return np.asarray(self._place[kinds, row], np.int64)

    def bases(self, context: Ints, lists: Ints) -> Ints:
        """(n,) where the base of each person stands."""
        self._bases = _grown(self._bases, (len(self.contexts), LISTS))
        wanted = np.zeros(self._bases.shape, np.bool_)
        wanted[context, lists] = True
        for number, told in zip(*np.nonzero(wanted & (self._bases == 0)), strict=True):
            (self._bases[number, told],) = self._put(self._base(number, told)[None])
        return np.asarray(self._bases[context, lists], np.int64)

    def _put(self, values: Floats) -> range:
        while self.used + len(values) > len(self.values):
            self.values = np.concatenate([self.values, np.zeros_like(self.values)])
        place = range(self.used, self.used + len(values))
        self.values[place.start : place.stop, : self.size] = values
        self.used = place.stop
        return place

    def _base(self, number: int, lists: int) -> Floats:
        log = log_prior(self.network, self.contexts[number])
        for block in self.blocks:
            log = log + self._silence(self._kinds[number], block)[lists]
        return np.asarray(np.maximum(log - log.max(), _NEVER), np.float64)

    def _made(self, kind: int, rows: Ints) -> Floats:
        """(n, S) these rows for the prevalences of a context."""
        out = np.zeros((len(rows), self.size))
        wanted: dict[int, list[tuple[int, int]]] = {}
        for n, row in enumerate(rows.tolist()):
            source = self.source[row]
            if isinstance(source, tuple):
                wanted.setdefault(source[0], []).append((n, source[1]))
            else:
                out[n] = source - np.median(source)  # its middle says nothing; float32 keeps more of the rest
        for number, pairs in wanted.items():
            block = self.blocks[number]
            place, codes = zip(*pairs, strict=True)
            said, states, lists = zip(*(block.decoded(block.met.keys[n]) for n in codes), strict=True)
            out[list(place)] = self._logs(kind, block, said, states) - self._silence(kind, block)[list(lists)]
        return out

    def _silence(self, kind: int, block: BlockAspects) -> Floats:
        """(LISTS, S) the rows of people of whom nothing is said, by the lists that spoke."""
        if (kind, block.number) not in self._silent:
            said = [block.said.answers[n] for n in block.said.silent]
            self._silent[kind, block.number] = self._logs(kind, block, said, [()] * len(said))
        return self._silent[kind, block.number]

    def _logs(self, kind: int, block: BlockAspects, said: Sequence[Said], states: Sequence[States]) -> Floats:
        """(n, S) logarithms of the sums over the joint states of a block (`inference.posterior`), relative to those
        of an explanation that the block does not touch."""
        own = self.network.blocks[block.number]
        likelihood = self._likelihood(kind, block, said) * _marked(self.compiled, block, states)
        prior, phi, _ = block_tables(self.network, self.contexts[kind], block.number)
        weight = np.repeat(prior[None], len(said), axis=0)
        for m in range(own.size):
            weight *= likelihood[:, m].take(own.present[m], axis=1)
        out = np.zeros((len(said), self.size))
        with np.errstate(divide="ignore"):
            out[:, own.columns] = np.log(weight @ phi) - np.log(weight.sum(axis=1))[:, None]
        return np.maximum(out, _NEVER)

    def _likelihood(self, kind: int, block: BlockAspects, said: Sequence[Said]) -> Floats:
        """(n, member, 2) P(what was said | absent) and (| present)."""
        table = np.ones((len(block.members), 4, 2))
        for m, name in enumerate(block.members):
            q = float(self.contexts[kind].prevalence[self.network.contributor_index[name]])
            for present, place in ((False, ABSENT), (True, PRESENT)):
                table[m, place] = statement_likelihood(self.compiled, name, present, q)
            table[m, SILENT] = silence_likelihood(self.compiled, name)
        return np.asarray(table[np.arange(len(block.members)), np.array(said)], np.float64)


def _marked(compiled: Compiled, block: BlockAspects, states: Sequence[States]) -> Floats:
    """(n, member, 2) what markers say of each member."""
    out = np.ones((len(states), len(block.members), 2))
    for n, found in enumerate(states):
        for finding, state in zip(block.markers, found, strict=False):
            for marker in compiled.markers[finding] if state else ():
                if marker.contributor in block.members:
                    m = block.members.index(marker.contributor)
                    out[n, m] *= marker.p_absent[state - 1], marker.p_present[state - 1]
    return out


def _grown(array: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64]:
    """The array with room for so much, zeros where it is new."""
    more = [(0, max(0, want - have)) for want, have in zip(shape, array.shape, strict=True)]
    return np.pad(array, more) if any(after for _, after in more) else array
