"""Where each atom of a database stands in a person's bitmaps, and which concepts set it.

A bitmap is a few words of `WIDTH` bits (a BIGINT each on every engine). Events, exposures, courses of medicines and
dated statements fill words of their own, so that each is one pass over one table. All bits of a statement of which the
latest counts lie in one word.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from soleus.errors import SoleusError
from soleus.knowledge.schema.records import SymptomCode
from soleus.population.scoring.atoms import NEW, Atom, Bins, Kind, Kinds, Reader, kinds_of
from soleus.population.scoring.meanings import Meanings
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import conversion

WIDTH = 63
Part = str  # event, exposure, course, dated
CONDITIONS, MEDICINES = Atom("list", "conditions"), Atom("list", "medicines")


class Place(NamedTuple):
    word: int
    bit: int


class EventBits(NamedTuple):
    """A concept of an event, for how many days it counts (None: for good), and the atoms that it sets."""

    concept: int
    window: int | None
    atoms: tuple[Atom, ...]


class Statement(NamedTuple):
    """A concept of an event that states something about a target (finding or contributor); the latest counts."""

    concept: int
    target: str
    window: int | None
    atom: Atom


class ResultBits(NamedTuple):
    """A concept and unit of a result: the number in the finding's unit is value * factor + offset."""

    concept: int
    unit: str | None
    bins: Bins
    factor: float
    offset: float
    plausible: tuple[float, float]


@dataclass(frozen=True)
class Days:
    """Lengths of time that steer how records are read; parameters of the knowledge base."""

    fresh: int  # a finding or result counts for so long
    gap: int  # records of a medicine this close are one course
    new: int  # a course begun less than this ago is new
    stopped: int  # the longest for which having stopped a medicine counts


@dataclass(frozen=True)
class Layout:
    """What is read of a database, and where it stands."""

    reader: Reader
    days: Days
    events: tuple[EventBits, ...]
    statements: tuple[Statement, ...]
    results: tuple[ResultBits, ...]
    complaints: frozenset[int]  # concepts of events that are complaints: no list of diagnoses speaks by them
    medicines: Mapping[int, tuple[str, ...]]  # concept -> medicines
    place: Mapping[Atom, Place]
    parts: Mapping[Part, range]  # words of each part
    unread: tuple[tuple[int, str | None], ...]  # results whose unit is not known: nothing is guessed

    @property
    def words(self) -> int:
        return sum(len(words) for words in self.parts.values())

    @cached_property
    def atom_at(self) -> dict[Place, Atom]:
        return {place: atom for atom, place in self.place.items()}

    @cached_property
    def first(self) -> dict[str, Atom]:
        """Target of a statement -> the first of its atoms."""
        out: dict[str, Atom] = {}
        for s in sorted(self.statements, key=lambda s: self.place[s.atom]):
            out.setdefault(s.target, s.atom)
        return out

    def bits(self, atoms: Iterable[Atom]) -> dict[int, int]:
        """Word -> the bits of these atoms."""
        out: dict[int, int] = defaultdict(int)
        for atom in atoms:
            word, bit = self.place[atom]
            out[word] |= 1 << bit
        return dict(out)

    def atoms(self, words: Iterable[int]) -> frozenset[Atom]:
        """The atoms of a bitmap."""
        return frozenset(
            self.atom_at[Place(n, bit)]
            for n, word in enumerate(words)
            for bit in range(word.bit_length())
            if word >> bit & 1
        )


def layout_of(compiled: Compiled, meanings: Meanings) -> Layout:
    """The bits for a database whose concepts mean this."""
    reader, kinds = Reader(compiled), kinds_of(compiled)
    contested = _contested(compiled)
    events = tuple(_events(compiled, meanings, contested))
    statements = tuple(_statements(compiled, meanings, contested))
    results, unread = _results(reader, meanings)
    medicines = {c: tuple(sorted(names)) for c, names in meanings.medicines.items()}
    taken = [m for names in medicines.values() for m in names]
    place, parts = _placed({
        "event": [(CONDITIONS,), *((a,) for e in events for a in e.atoms)],
        "exposure": [(MEDICINES,), *((Atom(kind, kind_of[m]),) for kind, kind_of in _made(kinds) for m in taken
                                     if m in kind_of)],
        "course": [(Atom("new", NEW),), *((Atom("stopped", kinds.stopped[m][0]),) for m in taken
                                          if m in kinds.stopped)],
        "dated": _groups(statements, results),
    })  # fmt: skip
    complaints, days = frozenset(meanings.tells), days_of(compiled)
    return Layout(reader, days, events, statements, results, complaints, medicines, place, parts, unread)


def _made(kinds: Kinds) -> tuple[tuple[Kind, Mapping[str, str]], ...]:
    return ("takes", kinds.takes), ("took", kinds.took)


def days_of(compiled: Compiled) -> Days:
    """The lengths of time of a knowledge base."""
    new = next((s.below for s in compiled.findings[NEW].states if s.below), 0.0) if NEW in compiled.findings else 0.0
    return Days(
        fresh=int(compiled.parameter("record_oldest_days")),
        gap=int(compiled.parameter("record_medicine_gap_days")),
        new=math.ceil(new),
        stopped=max((days for _, days in kinds_of(compiled).stopped.values()), default=0),
    )


def _contested(compiled: Compiled) -> frozenset[str]:
    """Contributors that the code of a complaint can deny: the latest statement counts."""
    records = compiled.knowledge.all(SymptomCode)
    return frozenset(t for s in records for t, v in s.tells.items() if v != "present" and t in compiled.contributors)


def _events(compiled: Compiled, meanings: Meanings, contested: frozenset[str]) -> Iterator[EventBits]:
    fresh = int(compiled.parameter("record_oldest_days"))
    said: dict[int, set[str]] = defaultdict(set)
    for concept, contributors in meanings.contributors.items():
        said[concept] |= contributors
    for concept, tells in meanings.tells.items():
        said[concept] |= {t for t, _ in tells if t in compiled.contributors}
    for concept, names in sorted(said.items()):
        windows: dict[int | None, list[Atom]] = defaultdict(list)
        for c in sorted(names - contested):
            windows[compiled.contributors[c].window_days].append(Atom("has", c))
        for window, atoms in windows.items():
            yield EventBits(concept, window, tuple(atoms))
    for concept, legs in sorted(meanings.legs.items()):
        if legs:
            yield EventBits(concept, fresh, tuple(Atom("leg", leg) for leg in sorted(legs)))


def _statements(compiled: Compiled, meanings: Meanings, contested: frozenset[str]) -> Iterator[Statement]:
    fresh = int(compiled.parameter("record_oldest_days"))
    told = {(c, t, s) for c, tells in meanings.tells.items() for t, s in tells}
    told |= {(c, t, "present") for c, found in meanings.contributors.items() for t in found}
    for concept, target, state in sorted(told):
        if target in compiled.findings:
            yield Statement(concept, target, fresh, Atom("told", target, state))
        elif target in contested:
            window = compiled.contributors[target].window_days if state == "present" else None
            yield Statement(concept, target, window, Atom("has" if state == "present" else "lacks", target))


def _results(reader: Reader, meanings: Meanings) -> tuple[tuple[ResultBits, ...], tuple[tuple[int, str | None], ...]]:
    found, unread = [], []
    for concept, unit in meanings.units:
        finding = reader.compiled.findings[meanings.tests[concept]]
        try:
            factor, offset = conversion(finding, unit, "result")
        except SoleusError:
            unread.append((concept, unit))
            continue
        plausible = finding.plausible or (-math.inf, math.inf)
        found.append(ResultBits(concept, unit, reader.bins[finding.id], factor, offset, plausible))
    return tuple(found), tuple(unread)


def _groups(statements: Iterable[Statement], results: Iterable[ResultBits]) -> list[tuple[Atom, ...]]:
    """The atoms of each target together, bins in order."""
    out: dict[tuple[str, str], list[Atom]] = defaultdict(list)
    for s in statements:
        out["stated", s.target].append(s.atom)
    for r in results:
        out["measured", r.bins.finding] += [r.bins.atom(n) for n in range(len(r.bins.at))]
    return [tuple(dict.fromkeys(atoms)) for atoms in out.values()]


def _placed(parts: Mapping[Part, list[tuple[Atom, ...]]]) -> tuple[dict[Atom, Place], dict[Part, range]]:
    """Groups one after the other, none across two words; a part begins with a word of its own."""
    place: dict[Atom, Place] = {}
    ranges: dict[Part, range] = {}
    word = 0
    for part, groups in parts.items():
        first, bit = word, 0
        for group in dict.fromkeys(groups):
            if group[0] in place:
                continue
            if bit + len(group) > WIDTH:
                word, bit = word + 1, 0
            for atom in group:
                place[atom] = Place(word, bit)
                bit += 1
        word += bit > 0
        ranges[part] = range(first, word)
    return place, ranges
