"""The differential of many people from their bitmaps, equal to that of `soleus.assess` for the same facts.

    log weight = prior(age, sex) + blocks without a word + what differs for this person

A block (contributors that combine) adds a row of logarithms that depends on what is said of its members and on their
markers; a facet and a single finding add a row of their own. Of most people nothing is said of most blocks: the rows of
silence are part of the base, and only the rows that differ are added, by the kernel of `inference.batch`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from soleus.clinical.case import Person
from soleus.clinical.rules import leaves, subject
from soleus.errors import CannotAssess
from soleus.inference import batch
from soleus.inference.network import Context, Floats
from soleus.inference.posterior import block_tables, facet_log_term, log_prior
from soleus.knowledge.schema.core import Derivation
from soleus.knowledge.schema.safety import RedFlag
from soleus.population.atoms import Atom
from soleus.population.bearing import Bearing, is_personal
from soleus.population.layout import Layout
from soleus.population.patterns import SEXES, Aspect, Ints, People, Persons, Registry, lists_of
from soleus.reasoning import red_flags
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.intake import Presentation, silence_likelihood, statement_likelihood, take_in, tells_of_legs
from soleus.reasoning.medicines import medicine_index

#: What is said of a contributor, as a number.
NOTHING, ABSENT, PRESENT, SILENT = range(4)
_OLDEST = 120
_ADULT = 18
_BANDS = (18, 40, 65, 80)  # as `Compiled.context`
_FEW = 20_000  # people for whom the compiled kernel is not worth its start
_NEVER = -1e6
_MOST_MARKERS = 64  # states of a marker, as a digit of a block's code
Said = tuple[int, ...]


@dataclass(frozen=True)
class Ages:
    """Cells of age within which neither a rate nor a rule changes; the last one is an age that is not known."""

    cuts: tuple[float, ...]

    @cached_property
    def days(self) -> Ints:
        """(cells - 2,) the first day of life of each cell after the first: as many years as its cut, of 365.25 days."""
        return np.array([_first_day(cut) for cut in self.cuts], np.int64)

    @property
    def unknown(self) -> int:
        return len(self.cuts) + 1

    def cell(self, age_days: Ints, known: NDArray[np.bool_]) -> Ints:
        """(n,) the cell of each age in days. An age that cannot be is not known."""
        possible = known & (age_days >= 0) & (age_days / 365.25 <= _OLDEST)
        return np.where(possible, np.searchsorted(self.days, age_days, "right"), self.unknown)

    @cached_property
    def persons(self) -> Persons:
        """An age of each cell that stands for it."""
        ends = [0.0, *self.cuts, float(_OLDEST)]
        return Persons((*((a + b) / 2 for a, b in zip(ends, ends[1:], strict=False)), None))


def _first_day(years: float) -> int:
    found = int(years * 365.25)
    return next(d for d in range(found - 1, found + 3) if d / 365.25 >= years)


def ages_of(compiled: Compiled) -> Ages:
    """The cells of a knowledge base: a year each for children, bands of rates, and the ages of rules."""
    rules = [r.when for r in (*compiled.knowledge.all(RedFlag), *compiled.knowledge.all(Derivation))]
    bounds = [leaf["age"] for rule in rules for leaf in leaves(rule) if subject(leaf)[0] == "age"]
    asked = {float(np.nextafter(v, 999) if k in ("above", "at_most") else v) for b in bounds for k, v in b.items()}
    return Ages(tuple(sorted({*map(float, range(1, _ADULT)), *map(float, _BANDS), *asked} - {0.0})))


class Scored(NamedTuple):
    """``probability`` (n, S); ``flags`` (n, F) red flags that hold; ``complaint`` (n,) whether one of the legs is told."""

    probability: NDArray[np.float32]
    flags: NDArray[np.bool_]
    complaint: NDArray[np.bool_]


@dataclass
class _Block:
    """A block with the aspects that say something of its members."""

    number: int
    members: tuple[str, ...]
    said: Aspect[Said]
    markers: dict[str, Aspect[int]]  # finding -> 0, or 1 + the place of its state
    met: Registry = field(default_factory=Registry)
    rows: list[int] = field(default_factory=list)  # of each code met


class Judge:
    """Judges bitmaps of one layout; what it has met once it knows."""

    def __init__(self, layout: Layout, setting: str = "primary_care") -> None:
        self.layout, self.setting = layout, setting
        self.compiled = layout.reader.compiled
        self.network = self.compiled.network
        self.ages = ages_of(self.compiled)
        self.index = medicine_index(self.compiled.knowledge)
        bearing = Bearing(layout)
        self.blocks = tuple(self._block(bearing, n) for n in range(len(self.network.blocks)))
        self.findings = tuple(self._finding_aspects(bearing))
        self.flags, self.flag_aspects = self._flag_aspects(bearing)
        self.complaint = self._complaint(bearing)
        self.n_rows = 0
        self.rows, self.context_of = self._contexts()
        self.plain_rows: dict[int, Floats] = {}  # rows of findings: the same for every context
        self.row_block: list[tuple[int, int]] = []  # (block, number of the code) of each row; -1 for a finding

    def _contexts(self) -> tuple[list[_Rows], Ints]:
        """The contexts, and (cell, sex) which of them it is."""
        found: dict[int, int] = {}
        rows: list[_Rows] = []
        where = np.zeros((len(self.ages.persons.ages), len(SEXES)), np.int64)
        for cell, age in enumerate(self.ages.persons.ages):
            for n, sex in enumerate(SEXES):
                context = self.compiled.context(age, sex, self.setting)
                if id(context) not in found:
                    found[id(context)] = len(rows)
                    rows.append(_Rows(self, context))
                where[cell, n] = found[id(context)]
        return rows, where

    # ----------------------------------------------------------------------------------------- aspects

    def read(self, atoms: frozenset[Atom], person: Person, *, empty: bool = True) -> Presentation:
        """What `reasoning.intake` makes of these things alone."""
        case = self.layout.reader.case(atoms, person, self.setting)
        return take_in(case, self.compiled, self.index, empty=empty)[0]

    def _block(self, bearing: Bearing, number: int) -> _Block:
        members = tuple(self.network.contributors[m] for m in self.network.blocks[number].members)
        atoms = frozenset().union(*(bearing.contributor(m) for m in members))

        def said(told: frozenset[Atom], person: Person) -> Said:
            seen = self.read(told, person)
            silent = {m: SILENT for m in seen.silent}
            stated = {m: PRESENT if present else ABSENT for m, present in seen.said.items()}
            return tuple((silent | stated).get(m, NOTHING) for m in members)

        markers = {f: self._marker(bearing, f) for m in members for f in bearing.markers(m)}
        return _Block(number, members, Aspect(self.layout, atoms, said), markers)

    def _marker(self, bearing: Bearing, finding: str) -> Aspect[int]:
        states = [s.id for s in self.compiled.findings[finding].states]

        def state(told: frozenset[Atom], person: Person) -> int:
            seen = self.read(told, person).observations.get(finding)
            return 0 if seen is None else 1 + states.index(seen.state)

        return Aspect(self.layout, bearing.finding(finding), state)

    def _finding_aspects(self, bearing: Bearing) -> Iterator[Aspect[tuple[tuple[int, int], ...]]]:
        """One for each facet and for each other finding of which this database can tell."""
        network = self.network
        groups = [f.items for f in network.facets]
        groups += [(n,) for n in range(len(network.findings)) if n not in network.facet_of]
        for items in groups:
            atoms = frozenset().union(*(bearing.finding(network.findings[n]) for n in items))
            if atoms:
                yield Aspect(self.layout, atoms, self._states(items))

    def _states(self, items: tuple[int, ...]):  # type: ignore[no-untyped-def]
        network = self.network

        def states(told: frozenset[Atom], person: Person) -> tuple[tuple[int, int], ...]:
            seen = self.read(told, person).evidence.findings
            return tuple((f, seen[f]) for f in items if f in seen)

        _ = network
        return states

    def _flag_aspects(self, bearing: Bearing) -> tuple[tuple[RedFlag, ...], list[Aspect[bool]]]:
        """The flags that a record like this can raise at all."""
        flags = [f for f in self.compiled.knowledge.all(RedFlag) if bearing.possible(f.when)]
        aspects = [self._flag(bearing, flag) for flag in flags]
        return tuple(flags), aspects

    def _flag(self, bearing: Bearing, flag: RedFlag) -> Aspect[bool]:
        def holds(told: frozenset[Atom], person: Person) -> bool:
            return red_flags.status(flag, PresentationFacts(self.read(told, person))) is True

        personal = self.ages.persons if is_personal(flag.when) else None
        return Aspect(self.layout, bearing.rule(flag.when), holds, personal)

    def _complaint(self, bearing: Bearing) -> Aspect[bool]:
        felt = [f for f in self.compiled.findings if tells_of_legs(self.compiled, f)]
        atoms = frozenset(a for f in felt for a in bearing.finding(f) if a.kind in ("told", "measured", "leg"))

        def told(atoms: frozenset[Atom], person: Person) -> bool:
            try:
                self.read(atoms, person, empty=False)
            except CannotAssess:
                return False
            return True

        return Aspect(self.layout, atoms, told)

    # ------------------------------------------------------------------------------------------ people

    def possible(self, people: People) -> People:
        """Without contributors that a person's sex rules out."""
        words = people.words
        for n, sex in enumerate(SEXES):
            others = [a for a in self.layout.place if a.kind in ("has", "lacks") and self._other_sex(a.name, sex)]
            for word, mask in self.layout.bits(others).items():
                if words is people.words:
                    words = words.copy()
                words[word] = np.where(people.sex == n, words[word] & ~mask, words[word])
        return People(words, people.cell, people.sex)

    def _other_sex(self, contributor: str, sex: str | None) -> bool:
        only = self.compiled.contributors[contributor].sex
        return only is not None and sex is not None and only != sex

    def score(self, people: People) -> Scored:
        """The whole differential of each. Raises `CannotAssess` where every explanation is impossible."""
        people = self.possible(people)
        lists = lists_of(self.layout, people)
        flags = np.zeros((len(people), len(self.flags)), np.bool_)
        for n, aspect in enumerate(self.flag_aspects):
            flags[:, n] = aspect.values(people, lists)
        complaint = self.complaint.values(people, lists).astype(np.bool_)
        return Scored(self._probability(people, lists), flags, complaint)

    def _probability(self, people: People, lists: Ints) -> NDArray[np.float32]:
        pairs = self._pairs(people, lists)
        out = np.empty((len(people), len(self.network.explanations)), np.float32)
        own = self.context_of[people.cell, people.sex]
        group = own * 4 + lists
        order = np.argsort(group, kind="stable")
        start, row = _by_person(pairs, len(people))
        bounds = np.flatnonzero(np.diff(group[order], prepend=-1, append=-1))
        for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
            who = order[first:last]
            begin, needed = _part(start, row, who)
            table, column = self.rows[int(own[who[0]])].table(int(lists[who[0]]), needed)
            scorer = batch.score_numpy if len(people) < _FEW else batch.score
            out[who] = scorer(table, batch.Codes(begin, column, np.zeros(len(column), np.int8)))
        return out

    def _pairs(self, people: People, lists: Ints) -> list[tuple[Ints, Ints]]:
        """(who, row) of everything that differs from silence."""
        out = []
        for block in self.blocks:
            code = block.said.of(people, lists)
            differs = code != block.said.silent[lists]
            for aspect in block.markers.values():
                states = aspect.values(people, lists)
                differs |= states > 0
                code = code * _MOST_MARKERS + states
            who = np.flatnonzero(differs)
            if len(who):
                out.append((who, self._numbered(block, code[who] * 4 + lists[who])))
        for n, findings in enumerate(self.findings):
            answer = findings.of(people, lists)
            who = np.flatnonzero(answer != findings.silent[lists])
            if len(who):
                out.append((who, self._plain(n, findings, answer[who])))
        return out

    def _numbered(self, block: _Block, codes: Ints) -> Ints:
        """(n,) the row of each code of a block."""
        numbers = block.met.of(codes)
        for n in range(len(block.rows), len(block.met.keys)):
            block.rows.append(self._new_row(block.number, n))
        return np.array(block.rows, np.int64)[numbers]

    def _new_row(self, block: int, number: int) -> int:
        self.row_block.append((block, number))
        self.n_rows += 1
        return self.n_rows  # row 0 is zero

    @cached_property
    def _finding_rows(self) -> dict[tuple[int, int], int]:
        return {}

    def _plain(self, n: int, findings: Aspect[tuple[tuple[int, int], ...]], answer: Ints) -> Ints:
        rows = np.zeros(len(findings.answers), np.int64)
        for k, states in enumerate(findings.answers):
            if states and (n, k) not in self._finding_rows:
                self._finding_rows[n, k] = self._new_row(-1, 0)
                self.plain_rows[self.n_rows] = self._finding_row(dict(states))
            rows[k] = self._finding_rows.get((n, k), 0)
        return rows[answer]

    def _finding_row(self, states: dict[int, int]) -> Floats:
        network = self.network
        facet = network.facet_of.get(next(iter(states)))
        if facet is not None:
            term = facet_log_term(network, network.facets[facet], states)
            assert term is not None
            return term
        ((f, v),) = states.items()
        return np.asarray(network.log_p[network.row(f, v)], np.float64)


class _Rows:
    """The rows of one context, made as they are needed; row 0 is zero."""

    def __init__(self, judge: Judge, context: Context) -> None:
        self.judge, self.context = judge, context
        self.size = len(judge.network.explanations)
        self.lanes = -(-self.size // batch.LANES) * batch.LANES
        self.values = np.zeros((1, self.lanes), np.float32)
        self.place = np.zeros(1, np.int64)  # number of a row -> its place here; 0: not made yet
        self.bases: dict[int, NDArray[np.float32]] = {}
        self.silent: dict[int, Floats] = {}

    def table(self, lists: int, rows: Ints) -> tuple[batch.Table, NDArray[Any]]:
        """A table that has these rows, with the base of these lists; and the columns of the rows in it."""
        if len(self.place) <= self.judge.n_rows:
            self.place = np.concatenate([self.place, np.zeros(self.judge.n_rows, np.int64)])
        wanted = np.zeros(len(self.place), np.bool_)
        wanted[rows] = True
        self._make(np.flatnonzero(wanted & (self.place == 0)))
        if lists not in self.bases:
            self.bases[lists] = self._base(lists)
        kind = np.int16 if len(self.values) < np.iinfo(np.int16).max else np.int64
        return batch.rows_alone(self.bases[lists], self.values, self.size), self.place[rows].astype(kind)

    def _make(self, rows: Ints) -> None:
        if not len(rows):
            return
        made = np.zeros((len(rows), self.lanes), np.float32)
        wanted: dict[int, list[int]] = {}
        for n, row in enumerate(rows.tolist()):
            wanted.setdefault(self.judge.row_block[row - 1][0], []).append(n)
        for block, own in wanted.items():
            values = self._values(block, [self.judge.row_block[int(rows[n]) - 1][1] for n in own], rows[own])
            # A row's own middle says nothing; without it float32 keeps more of the rest.
            made[own, : self.size] = values - np.median(values, axis=1)[:, None]
        self.place[rows] = len(self.values) + np.arange(len(rows))
        self.values = np.concatenate([self.values, made])

    def _values(self, block: int, numbers: list[int], rows: Ints) -> Floats:
        if block < 0:
            return np.array([self.judge.plain_rows[row] for row in rows.tolist()])
        return self._differences(self.judge.blocks[block], numbers)

    def _differences(self, block: _Block, numbers: list[int]) -> Floats:
        codes = [block.met.keys[n] for n in numbers]
        said, states = zip(*(_decoded(block, c // 4) for c in codes), strict=True)
        told = self._logs(block, said, states)
        silent = self._silence(block)
        return told - silent[[c % 4 for c in codes]]

    def _silence(self, block: _Block) -> Floats:
        """(4, S) the rows of people of whom nothing is said, by the lists that spoke."""
        if block.number not in self.silent:
            said = [block.said.answers[n] for n in block.said.silent]
            self.silent[block.number] = self._logs(block, said, [()] * len(said))
        return self.silent[block.number]

    def _logs(self, block: _Block, said, states) -> Floats:  # type: ignore[no-untyped-def]
        """(n, S) logarithms of the sums over the joint states of a block (`inference.posterior`)."""
        network, own = self.judge.network, self.judge.network.blocks[block.number]
        likelihood = self._likelihood(block, said) * _marked(self.judge.compiled, block, states)
        prior, phi, _ = block_tables(network, self.context, block.number)
        weight = np.repeat(prior[None], len(said), axis=0)
        for m in range(own.size):
            weight *= likelihood[:, m][:, own.present[m]]
        with np.errstate(divide="ignore"):
            out = np.repeat(np.log(weight.sum(axis=1))[:, None], len(network.explanations), axis=1)
            out[:, own.columns] = np.log(weight @ phi)
        return np.maximum(out, _NEVER)

    def _likelihood(self, block: _Block, said) -> Floats:  # type: ignore[no-untyped-def]
        """(n, member, 2) P(what was said | absent) and (| present)."""
        compiled, network = self.judge.compiled, self.judge.network
        table = np.ones((len(block.members), 4, 2))
        for m, name in enumerate(block.members):
            q = float(self.context.prevalence[network.contributor_index[name]])
            table[m, ABSENT] = statement_likelihood(compiled, name, False, q)
            table[m, PRESENT] = statement_likelihood(compiled, name, True, q)
            table[m, SILENT] = silence_likelihood(compiled, name)
        return np.asarray(table[np.arange(len(block.members)), np.array(said)], np.float64)

    def _base(self, lists: int) -> NDArray[np.float32]:
        size = len(self.judge.network.explanations)
        log = log_prior(self.judge.network, self.context)
        for block in self.judge.blocks:
            log = log + self._silence(block)[lists]
        log = np.maximum(log - log.max(), _NEVER)
        out = np.full(self.lanes, _NEVER, np.float32)
        out[:size] = log
        return out


def _decoded(block: _Block, code: int) -> tuple[Said, tuple[int, ...]]:
    states = []
    for _ in block.markers:
        code, state = divmod(code, _MOST_MARKERS)
        states.append(state)
    return block.said.answers[code], tuple(reversed(states))


def _marked(compiled: Compiled, block: _Block, states: list[tuple[int, ...]]) -> Floats:
    """(n, member, 2) what markers say of each member."""
    out = np.ones((len(states), len(block.members), 2))
    for n, found in enumerate(states):
        for finding, state in zip(block.markers, found, strict=False):
            for marker in compiled.markers[finding] if state else ():
                if marker.contributor in block.members:
                    m = block.members.index(marker.contributor)
                    out[n, m] *= marker.p_absent[state - 1], marker.p_present[state - 1]
    return out


def _by_person(pairs: list[tuple[Ints, Ints]], people: int) -> tuple[Ints, Ints]:
    """(n + 1,) where each person's rows begin, and the rows."""
    count = np.zeros(people, np.int64)
    for who, _ in pairs:
        count[who] += 1
    start = np.concatenate([[0], np.cumsum(count)])
    free, out = start[:-1].copy(), np.zeros(start[-1], np.int64)
    for who, row in pairs:
        out[free[who]] = row
        free[who] += 1
    return start, out


def _part(start: Ints, row: Ints, who: Ints) -> tuple[Ints, Ints]:
    """`_by_person` of these people alone."""
    length = start[who + 1] - start[who]
    first = np.concatenate([[0], np.cumsum(length)])
    place = np.arange(first[-1]) + np.repeat(start[who] - first[:-1], length)
    return first, row[place]


__all__ = ["Ages", "Judge", "Scored", "ages_of"]
