"""Two accounts of one person as one case: the first counts, and what only the second tells is added.

The first is what was told to Soleus or what codes say; the second is codes, or a text. Where they disagree the first
counts, unless the second tells of danger (`Danger`): a contradiction hides no danger (docs/adr/0013). Every
disagreement is listed in ``Case.unused``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec

from soleus.clinical.case import Case, Condition, Medicine, Person, Unused
from soleus.errors import SoleusError
from soleus.reasoning.compiled import Compiled, loose_form, normal_form
from soleus.reasoning.intake import find_contributor, observe, take_in
from soleus.reasoning.medicines import MedicineIndex


@dataclass(frozen=True)
class Danger:
    """Findings of the second account that count whatever the first says.

    ``hung_on``: rules of danger hang on them, and what was found counts, not its denial. ``flagged``: the second
    account raises a red flag by them, so that its state counts. ``day``: when the account was given; a number that
    was measured later counts.
    """

    hung_on: frozenset[str] = frozenset()
    flagged: frozenset[str] = frozenset()
    day: str | None = None

    def counts(self, finding: str, before: str, absent: str | None, measured: str | None) -> bool:
        """Whether the second account counts against the state ``before`` (measured on that day, if it was)."""
        if measured and self.day and measured > self.day:
            return False
        return finding in self.flagged or (finding in self.hung_on and before == absent)


_NO = {"absent", "no", "false", "n", "negative"}  # as `soleus.reasoning.intake` reads them


def joined(
    first: Case, second: Case, compiled: Compiled, *, source: str = "the record", danger: Danger | None = None
) -> Case:
    """One case of both. ``source`` is how the list of what was not used calls the second."""
    danger = danger or Danger()
    both = _Joint(first, second, compiled, source, danger).case()
    return both if _fits(both, compiled) or not _fits(first, compiled) else _without(first, source)


def _fits(case: Case, compiled: Compiled) -> bool:
    try:
        take_in(case, compiled, MedicineIndex(compiled.knowledge), empty=True)
    except SoleusError:
        return False
    return True


def _without(first: Case, source: str) -> Case:
    left = Unused(where=source, what="all that it tells", why="it contradicts what is known otherwise")
    return msgspec.structs.replace(first, unused=(*first.unused, left))


@dataclass
class _Joint:
    first: Case
    second: Case
    compiled: Compiled
    source: str
    danger: Danger
    replaced: set[str] = field(default_factory=set)  # measurements of the first that do not count
    left: list[Unused] = field(default_factory=list)

    def case(self) -> Case:
        a, b = self.first, self.second
        medicines = tuple(self._medicines())
        conditions = tuple(self._conditions(medicines))
        findings = self._findings()
        known = {self._finding(m.name) for m in a.measurements} | {self._finding(n) for n in a.findings}
        timed = a.onset or a.duration or "tempo" in known
        measured = [m for m in b.measurements if self._new_measurement(m.name, known)]
        return msgspec.structs.replace(
            a,
            as_of=a.as_of or b.as_of,
            country=a.country or b.country,
            person=self._person(),
            findings=findings,
            onset=a.onset or (None if timed else b.onset),
            duration=a.duration or (None if timed else b.duration),
            conditions=(*a.conditions, *conditions),
            medicines=(*a.medicines, *medicines),
            measurements=(*(m for m in a.measurements if self._finding(m.name) not in self.replaced), *measured),
            lists=tuple(n for n in ("conditions", "medicines") if n in a.lists or n in b.lists),
            unused=(*a.unused, *b.unused, *self.left),
        )

    def _leave(self, what: str, why: str) -> None:
        self.left.append(Unused(where=self.source, what=what, why=why))

    def _person(self) -> Person:
        """Fields that the first does not know; a statement of pregnancy only where the first says nothing of it."""
        a, b = self.first.person, self.second.person
        said = self._said.keys()
        out: dict[str, Any] = {}
        for name in Person.__struct_fields__:
            mine, other = getattr(a, name), getattr(b, name)
            gestation = name in ("pregnant", "weeks_pregnant", "weeks_since_birth")
            if mine is not None and other is not None and mine != other:
                self._leave(name, "told otherwise, and the first counts")
            elif mine is None and not (gestation and (a.sex == "male" or said & {"pregnancy", "postpartum"})):
                out[name] = other
        if a.birth_date is not None:
            out.pop("age", None)
        return msgspec.structs.replace(a, **out)

    def _finding(self, name: str) -> str:
        """The finding or contributor that a name stands for, else the name itself."""
        names, key = self.compiled.names, normal_form(name)
        state = names.state_words.get(key)
        return names.findings.get(key) or names.contributors.get(key) or (state[0] if state else key)

    def _state(self, name: str, value: Any) -> str | None:
        """The state, so that a number and a word can be compared; None for "don't know"."""
        record = self.compiled.findings.get(name)
        try:
            return observe(record, value, name).state if record else str(value)
        except SoleusError:
            return None

    def _findings(self) -> dict[str, Any]:
        """Those of the first, those that only the second tells, and dangers that the first denies."""
        out = dict(self.first.findings)
        every = [self.first.findings, *(c.findings for c in self.first.complaints)]
        mine = {self._finding(n): (n, v) for findings in every for n, v in findings.items()}
        measured = {self._finding(m.name): m for m in self.first.measurements}
        mine |= {name: ("", {"value": m.value, "unit": m.unit}) for name, m in measured.items()}
        timed = self.first.onset or self.first.duration
        for name, value in self.second.findings.items():
            target = self._finding(name)
            if target in mine:
                key, told = mine[target]
                if self._replaces(target, told, value, measured[target].date if target in measured else None):
                    out.pop(key, None)
                    self.replaced.add(target)
                    out[target] = value
            elif target in self._said or (target == "tempo" and timed and target not in self.danger.flagged):
                self._leave(target, "known otherwise, and that counts")
            else:
                out[name] = value
        return out

    def _replaces(self, target: str, told: Any, value: Any, measured: str | None) -> bool:
        """Whether the second's value stands in place of what the first tells; a disagreement is listed."""
        before, now = self._state(target, told), self._state(target, value)
        if before == now or now is None:
            return False
        record = self.compiled.findings.get(target)
        absent = record.absent if record else None
        if before is None or self.danger.counts(target, before, absent, measured):
            self._leave(target, "the record says otherwise; what tells of danger counts")
            return True
        self._leave(target, "told otherwise, and the first counts")
        return False

    def _new_measurement(self, name: str, known: set[str]) -> bool:
        if self._finding(name) not in known:
            return True
        self._leave(self._finding(name), "another value is known")
        return False

    def _contributor(self, c: Condition) -> str:
        return find_contributor(self.compiled, c) or normal_form(c.name)

    @cached_property
    def _said(self) -> dict[str, str]:
        """What the first says of contributors (present, absent or resolved), as conditions or among the findings."""
        said: dict[str, str] = {self._contributor(c): c.status for c in map(_condition, self.first.conditions)}
        for name, value in self.first.findings.items():
            if self._finding(name) in self.compiled.contributors:
                said.setdefault(self._finding(name), "absent" if normal_form(str(value)) in _NO else "present")
        return said

    def _conditions(self, added: tuple[Medicine, ...]) -> Iterator[Condition]:
        """Conditions of the second that the first says nothing of, and that fit sex and medicines."""
        first, said = self.first, self._said
        implied = self._implied([*map(_medicine, first.medicines), *added])
        for c in map(_condition, self.second.conditions):
            target = self._contributor(c)
            record = self.compiled.contributors.get(target)
            if target in said:
                if said[target] != c.status:
                    self._leave(target, "told otherwise, and the first counts")
            elif c.status == "absent" and target in implied:
                self._leave(target, "denied, but a medicine in use says otherwise")
            elif record and record.sex and first.person.sex and record.sex != first.person.sex:
                self._leave(target, "not possible for the sex of the record")
            elif target in ("pregnancy", "postpartum") and first.person.pregnant is not None:
                self._leave(target, "known otherwise")
            else:
                yield c

    def _medicines(self) -> Iterator[Medicine]:
        """Medicines of the second that the first does not name and that nothing of the first denies."""
        index = MedicineIndex(self.compiled.knowledge)
        known = {_substance(index, m) for m in map(_medicine, self.first.medicines)}
        denied = {name for name, status in self._said.items() if status == "absent"}
        for m in map(_medicine, self.second.medicines):
            if _substance(index, m) in known:
                if m.stopped is None and self._stopped(index, m):
                    self._leave(_substance(index, m), "known to have been stopped")
            elif denied & self._implied([m]):
                self._leave(_substance(index, m), "denied by what is known otherwise")
            else:
                yield m

    def _stopped(self, index: MedicineIndex, m: Medicine) -> bool:
        same = [k for k in map(_medicine, self.first.medicines) if _substance(index, k) == _substance(index, m)]
        return all(k.stopped for k in same)

    def _implied(self, medicines: list[Medicine]) -> set[str]:
        index = MedicineIndex(self.compiled.knowledge)
        found = (index.find(m.name, m.code, m.system) for m in medicines if m.stopped is None)
        return {c for m in found if m for c in index.contributors(m)}


def _condition(c: Condition | str) -> Condition:
    return Condition(name=c) if isinstance(c, str) else c


def _medicine(m: Medicine | str) -> Medicine:
    return Medicine(name=m) if isinstance(m, str) else m


def _substance(index: MedicineIndex, m: Medicine) -> str:
    found = index.find(m.name, m.code, m.system)
    return found.id if found else loose_form(m.name)
