"""The smallest things that a database tells of a person on a day, each a bit; and the case that such bits make.

    list      a list that spoke: conditions, medicines                    told      the state of a finding
    has       a contributor that counts on the day                        leg       a leg that a complaint names
    lacks     a contributor that was denied last                          measured  a value between two limits
    takes     a kind of medicine taken on the day                         new       a medicine begun lately
    took      a kind of medicine taken once, so that its list spoke of it
    stopped   a kind of medicine stopped a short while ago

Medicines that make the same difference are one kind: `Kinds`. `case_of` turns bits back into a case, which
`reasoning.intake` reads as it reads any other: nothing of what a record means is decided here.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple

from soleus.clinical.case import Case, Condition, Measurement, Person
from soleus.clinical.case import Medicine as Taken
from soleus.clinical.rules import Rule, leaves, subject
from soleus.knowledge.schema.core import Derivation, Finding
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.safety import RedFlag
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.medicines import medicine_index

Kind = Literal["list", "has", "lacks", "told", "leg", "measured", "takes", "took", "stopped", "new"]
#: The day on which a case stands that was made of bits, and the day before.
DAY, DAY_BEFORE = "2001-01-02", "2001-01-01"
NEW = "new_medicine"
SIDE = "side"
#: Stands for medicines that say nothing: a list with one of them has spoken.
_ANOTHER = Taken(name="-", stopped=DAY_BEFORE)


class Atom(NamedTuple):
    """``name``: contributor, finding, list, leg, or the medicine that stands for its kind; ``state``: of a finding."""

    kind: Kind
    name: str
    state: str = ""


# ----------------------------------------------------------------------------------------- medicines


class Stopping(NamedTuple):
    """What stopping a medicine brings, and for how many days; ``contributors``: those of the medicine itself."""

    contributors: tuple[str, ...]
    brings: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class Kinds:
    """Medicine -> the first medicine that makes the same difference: when taken, as one once taken, when stopped."""

    takes: Mapping[str, str]
    took: Mapping[str, str]
    stopped: Mapping[str, tuple[str, int]]  # and the days for which it counts


def kinds_of(compiled: Compiled) -> Kinds:
    """The kinds of a knowledge base. Made once."""
    return compiled.once(_kinds)


def _kinds(compiled: Compiled) -> Kinds:
    index, named = medicine_index(compiled.knowledge), _named_medicines(compiled)
    takes, took, stopped = dict[str, str](), dict[str, str](), dict[str, tuple[str, int]]()
    first: dict[object, str] = {}
    for m in compiled.knowledge.all(Medicine):
        lineage = list(index.lineage(m))
        contributors, classes = index.contributors(m), frozenset(x.id for x in lineage) & named
        source = next((x for x in lineage if x.stopping), None)
        if contributors or classes:
            takes[m.id] = first.setdefault(("takes", contributors, classes), m.id)
        if contributors:
            took[m.id] = first.setdefault(("took", contributors), m.id)
        if source and source.stopping_days is not None:
            key = Stopping(contributors, source.stopping, source.stopping_days)
            stopped[m.id] = first.setdefault(key, m.id), source.stopping_days
    return Kinds(takes, took, stopped)


def _named_medicines(compiled: Compiled) -> frozenset[str]:
    """Medicines and classes that a rule asks for."""
    return frozenset(name for kind, name in map(subject, _asked(compiled)) if kind == "medicine")


def _asked(compiled: Compiled) -> Iterator[Rule]:
    """The leaves of all rules that are judged for everybody."""
    for rule in rules_of(compiled):
        yield from leaves(rule)


def rules_of(compiled: Compiled) -> tuple[Rule, ...]:
    """The rules that are judged for everybody: red flags and derivations."""
    knowledge = compiled.knowledge
    return (*(f.when for f in knowledge.all(RedFlag)), *(d.when for d in knowledge.all(Derivation)))


# ---------------------------------------------------------------------------------------- laboratory


class Bins(NamedTuple):
    """A number in the finding's unit as one of ``len(cuts) + 1`` bins; ``at[k]`` stands for bin k, which begins at
    ``cuts[k - 1]``. No state and no rule tells two numbers of a bin apart."""

    finding: str
    cuts: tuple[float, ...]
    at: tuple[float, ...]

    def atom(self, number: int) -> Atom:
        return Atom("measured", self.finding, f"{number:02d}")


def bins_of(compiled: Compiled, finding: Finding) -> Bins:
    """The bins of a finding with numbers: limits of its states and of every rule."""
    low, high = finding.plausible or (-math.inf, math.inf)
    found = {x for s in finding.states for x in (s.at_least, s.below) if x is not None}
    found |= set(compiled.once(_limits).get(finding.id, ()))
    cuts = tuple(sorted(float(x) for x in found if low < x <= high))
    edges = [low, *cuts, high]
    return Bins(finding.id, cuts, tuple(_inside(a, b) for a, b in pairwise(edges)))


def _inside(low: float, high: float) -> float:
    """A number of [low, high)."""
    if math.isinf(low):
        return high - 1 if not math.isinf(high) else 0.0
    return low + (1 if math.isinf(high) else (high - low) / 2)


def _limits(compiled: Compiled) -> dict[str, set[float]]:
    """Finding -> the limits of rules. What is true up to and with a limit changes right above it."""
    out: dict[str, set[float]] = defaultdict(set)
    for leaf in _asked(compiled):
        kind, name = subject(leaf)
        if kind == "number":
            out[name] |= {float(leaf[k]) for k in ("at_least", "below") if k in leaf}
            out[name] |= {math.nextafter(float(leaf[k]), math.inf) for k in ("above", "at_most") if k in leaf}
    return out


# ---------------------------------------------------------------------------------------------- cases


@dataclass(frozen=True)
class Reader:
    """Bits as a case."""

    compiled: Compiled

    @cached_property
    def bins(self) -> Mapping[str, Bins]:
        """The bins of every finding with numbers."""
        return {f.id: bins_of(self.compiled, f) for f in self.compiled.findings.values() if f.kind == "numeric"}

    def case(self, atoms: Collection[Atom], person: Person, setting: str = "primary_care") -> Case:
        """The case of a person of whom these things are told; what was told in two ways at once is left out."""
        found: dict[str, list[Atom]] = defaultdict(list)
        for atom in sorted(atoms):
            found[atom.kind].append(atom)
        return Case(
            as_of=DAY,
            setting=setting,
            answered_by="clinician",
            person=person,
            findings=self._findings(found),
            conditions=tuple(self._conditions(found, person)),
            medicines=tuple(_medicines(found)),
            measurements=tuple(self._measurements(found["measured"])),
            lists=tuple(name for name in ("conditions", "medicines") if Atom("list", name) in atoms),
        )

    def _findings(self, found: Mapping[str, list[Atom]]) -> dict[str, str]:
        out = {atoms[0].name: atoms[0].state for atoms in _by_name(found["told"]) if len(atoms) == 1}
        if len(found["leg"]) > 1:
            out.pop(SIDE, None)
        return out | dict.fromkeys((NEW,) if found["new"] else (), "yes")

    def _conditions(self, found: Mapping[str, list[Atom]], person: Person) -> Iterator[Condition]:
        index = medicine_index(self.compiled.knowledge)
        implied = {c for a in found["takes"] for c in index.contributors(index.records[a.name])}
        for atoms in _by_name([*found["has"], *found["lacks"]]):
            only = self.compiled.contributors[atoms[0].name].sex
            impossible = only is not None and person.sex is not None and only != person.sex
            denied = atoms[0].kind == "lacks"
            if len(atoms) == 1 and not impossible and not (denied and atoms[0].name in implied):
                yield Condition(name=atoms[0].name, status="absent" if denied else "present")

    def _measurements(self, measured: Iterable[Atom]) -> Iterator[Measurement]:
        """Of several values of one day the largest, if they are of one state."""
        for atoms in _by_name(measured):
            finding, bins = self.compiled.findings[atoms[0].name], self.bins[atoms[0].name]
            values = [bins.at[int(a.state)] for a in atoms]
            if len({state_of(finding, v) for v in values}) == 1:
                yield Measurement(name=finding.id, value=max(values), unit=finding.unit)


def _medicines(found: Mapping[str, list[Atom]]) -> Iterator[Taken]:
    current = {a.name for a in found["takes"]}
    yield from (Taken(name=name) for name in sorted(current))
    gone = {a.name for a in (*found["took"], *found["stopped"])}
    stopped = {a.name for a in found["stopped"]}
    for name in sorted(gone):
        yield Taken(name=name, stopped=DAY_BEFORE if name in stopped else "1900-01-01")
    if not current and not gone and Atom("list", "medicines") in found["list"]:
        yield _ANOTHER


def _by_name(atoms: Iterable[Atom]) -> Iterator[list[Atom]]:
    out: dict[str, list[Atom]] = defaultdict(list)
    for atom in atoms:
        out[atom.name].append(atom)
    yield from out.values()


def state_of(finding: Finding, value: float) -> str:
    """The state of a number in the finding's unit."""
    from soleus.reasoning.intake import within

    return next((s.id for s in finding.states if within(s, value)), "")
