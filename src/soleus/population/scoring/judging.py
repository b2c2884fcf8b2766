"""The differential of many people from their bitmaps, equal to that of `soleus.assess` for the same facts.

    log weight = prior(age, sex) + blocks without a word + what differs for this person

A block (contributors that combine) adds a row of logarithms that depends on what is said of its members and on their
markers; a facet and a single finding add a row of their own. Of most people nothing is said of most blocks: the rows of
silence are part of the base, and only the rows that differ are added, by the kernel of `inference.batch`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from soleus.clinical.case import Person
from soleus.clinical.rules import leaves, subject
from soleus.errors import CannotAssess
from soleus.inference import batch
from soleus.inference.network import Floats
from soleus.inference.posterior import facet_log_term
from soleus.knowledge.schema.safety import RedFlag
from soleus.population.scoring.atoms import Atom, rules_of
from soleus.population.scoring.bearing import Bearing, is_personal
from soleus.population.scoring.layout import Layout
from soleus.population.scoring.patterns import SEXES, Aspect, Ints, People, Persons, lists_of
from soleus.population.scoring.rows import ABSENT, NOTHING, PRESENT, SILENT, Bank, BlockAspects, Said
from soleus.reasoning import red_flags
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.intake import Presentation, take_in, tells_of_legs
from soleus.reasoning.medicines import medicine_index

_OLDEST = 120
_ADULT = 18
_BANDS = (18, 40, 65, 80)  # as `Compiled.context`
_FEW = 5_000_000  # patterns that numpy judges in less time than it takes to compile the kernel and use it
States = tuple[tuple[int, int], ...]  # findings with their states


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

    def band(self, starts: Sequence[int]) -> Ints:
        """(cells,) the band of ages that a cell lies in; one more for an age that is not known."""
        ages = self.persons.ages
        return np.array([len(starts) if a is None else np.searchsorted(starts, a, "right") - 1 for a in ages])

    @cached_property
    def persons(self) -> Persons:
        """An age of each cell that stands for it."""
        ends = [0.0, *self.cuts, float(_OLDEST)]
        return Persons((*((a + b) / 2 for a, b in pairwise(ends)), None))


def _first_day(years: float) -> int:
    found = int(years * 365.25)
    return next(d for d in range(found - 1, found + 3) if d / 365.25 >= years)


def ages_of(compiled: Compiled) -> Ages:
    """The cells of a knowledge base: a year each for children, bands of rates, and the ages of rules."""
    bounds = [leaf["age"] for rule in rules_of(compiled) for leaf in leaves(rule) if subject(leaf)[0] == "age"]
    asked = {float(np.nextafter(v, 999) if k in ("above", "at_most") else v) for b in bounds for k, v in b.items()}
    return Ages(tuple(sorted({*map(float, range(1, _ADULT)), *map(float, _BANDS), *asked} - {0.0})))


class Scored(NamedTuple):
    """``probability`` (n, S); ``flags`` (n, F) red flags that hold; ``complaint`` (n,) one of the legs is told."""

    probability: NDArray[np.float32]
    flags: NDArray[np.bool_]
    complaint: NDArray[np.bool_]


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
        self.bank = Bank(self.compiled, self.blocks)
        self.context_of = self._contexts()
        self.judged = 0
        self._finding_rows: dict[tuple[int, int], int] = {}

    def _contexts(self) -> Ints:
        """(cell, sex) the number of the context."""
        return np.array([
            [self.bank.context(self.compiled.context(age, sex, self.setting)) for sex in SEXES]
            for age in self.ages.persons.ages
        ])  # fmt: skip

    # ----------------------------------------------------------------------------------------- aspects

    def read(self, atoms: frozenset[Atom], person: Person, *, empty: bool = True) -> Presentation:
        """What `reasoning.intake` makes of these things alone."""
        case = self.layout.reader.case(atoms, person, self.setting)
        return take_in(case, self.compiled, self.index, empty=empty)[0]

    def _block(self, bearing: Bearing, number: int) -> BlockAspects:
        members = tuple(self.network.contributors[m] for m in self.network.blocks[number].members)
        atoms = frozenset().union(*(bearing.contributor(m) for m in members))

        def said(told: frozenset[Atom], person: Person) -> Said:
            seen = self.read(told, person)
            silent = dict.fromkeys(seen.silent, SILENT)
            stated = {m: PRESENT if present else ABSENT for m, present in seen.said.items()}
            return tuple((silent | stated).get(m, NOTHING) for m in members)

        markers = {f: self._marker(bearing, f) for m in members for f in bearing.markers(m)}
        return BlockAspects(number, members, Aspect(self.layout, atoms, said), markers)

    def _marker(self, bearing: Bearing, finding: str) -> Aspect[int]:
        states = [s.id for s in self.compiled.findings[finding].states]

        def state(told: frozenset[Atom], person: Person) -> int:
            seen = self.read(told, person).observations.get(finding)
            return 0 if seen is None else 1 + states.index(seen.state)

        return Aspect(self.layout, bearing.finding(finding), state)

    def _finding_aspects(self, bearing: Bearing) -> Iterator[Aspect[States]]:
        """One for each facet and for each other finding of which this database can tell."""
        network = self.network
        groups = [f.items for f in network.facets]
        groups += [(n,) for n in range(len(network.findings)) if n not in network.facet_of]
        for items in groups:
            atoms = frozenset().union(*(bearing.finding(network.findings[n]) for n in items))
            if atoms:
                yield Aspect(self.layout, atoms, self._states(items))

    def _states(self, items: tuple[int, ...]) -> Callable[[frozenset[Atom], Person], States]:
        def states(told: frozenset[Atom], person: Person) -> States:
            seen = self.read(told, person).evidence.findings
            return tuple((f, seen[f]) for f in items if f in seen)

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
        return Aspect(self.layout, bearing.rule(flag.when), holds, personal, bearing.needed(flag.when))

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
        context = self.context_of[people.cell, people.sex]
        places = [self.bank.bases(context, lists)]
        who = [np.arange(len(people))]
        pairs = list(self._pairs(people, lists))
        if pairs:
            who += [own for own, _ in pairs]
            differ = np.concatenate(who[1:])
            places.append(self.bank.places(context[differ], np.concatenate([row for _, row in pairs])))
        start, column = by_person(who, np.concatenate(places), len(people))
        codes = batch.Codes(start, column.astype(np.int32), np.zeros(len(column), np.int8))
        self.judged += len(people)
        return (batch.score_numpy if self.judged < _FEW else batch.score)(self.bank.table(), codes)

    def _pairs(self, people: People, lists: Ints) -> Iterator[tuple[Ints, Ints]]:
        """(who, row) of everything that differs from silence; nobody twice in one of them."""
        for block in self.blocks:
            said = block.said.of(people, lists)
            states = [aspect.values(people, lists) for aspect in block.markers.values()]
            who = np.flatnonzero(np.logical_or.reduce([said != block.said.silent[lists], *(s > 0 for s in states)]))
            if len(who):
                yield who, self._numbered(block, block.code(said[who], [s[who] for s in states], lists[who]))
        for n, findings in enumerate(self.findings):
            answer = findings.of(people, lists)
            who = np.flatnonzero(answer != findings.silent[lists])
            if len(who):
                yield who, self._plain(n, findings, answer[who])

    def _numbered(self, block: BlockAspects, codes: Ints) -> Ints:
        """(n,) the row of each code of a block."""
        numbers = block.met.of(codes)
        block.rows += [self.bank.add((block.number, n)) for n in range(len(block.rows), len(block.met.keys))]
        return np.array(block.rows, np.int64)[numbers]

    def _plain(self, n: int, findings: Aspect[States], answer: Ints) -> Ints:
        """(n,) the row of each answer, which is the same for everybody."""
        for k, states in enumerate(findings.answers):
            if (n, k) not in self._finding_rows:
                self._finding_rows[n, k] = self.bank.add(self._finding_row(dict(states)))
        return np.array([self._finding_rows[n, k] for k in range(len(findings.answers))], np.int64)[answer]

    def _finding_row(self, states: dict[int, int]) -> Floats:
        network = self.network
        if not states:
            return np.zeros(len(network.explanations))
        facet = network.facet_of.get(next(iter(states)))
        if facet is not None:
            term = facet_log_term(network, network.facets[facet], states)
            assert term is not None
            return term
        ((f, v),) = states.items()
        return np.asarray(network.log_p[network.row(f, v)], np.float64)


def by_person(who: list[Ints], place: Ints, people: int) -> tuple[Ints, Ints]:
    """(n + 1,) where each person's rows begin, and the rows. ``who`` holds nobody twice in one of its parts."""
    count = np.zeros(people, np.int64)
    for own in who:
        count[own] += 1
    start = np.concatenate([[0], np.cumsum(count)])
    free, out, at = start[:-1].copy(), np.zeros(start[-1], np.int64), 0
    for own in who:
        out[free[own]] = place[at : at + len(own)]
        free[own] += 1
        at += len(own)
    return start, out


__all__ = ["Ages", "Judge", "Scored", "ages_of"]
