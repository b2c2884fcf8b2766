"""Which atoms of a layout bear on what: on a contributor, a finding, a rule.

What does not bear on each other is read apart, so that few patterns are read for many people.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from soleus.clinical.rules import Rule, leaves, parts, subject
from soleus.knowledge.schema.core import Derivation, Marker
from soleus.knowledge.schema.medicines import Medicine
from soleus.population.scoring.atoms import NEW, SIDE, Atom
from soleus.population.scoring.layout import CONDITIONS, MEDICINES, Layout
from soleus.reasoning.medicines import medicine_index

_PERSONAL = ("age", "sex", "pregnant")
_TOLD = ("finding", "number", "has", "medicine")
_LISTS = {"disease": CONDITIONS, "medicine": MEDICINES}  # as `reasoning.intake` reads silence
Atoms = frozenset[Atom]


@dataclass(frozen=True)
class Bearing:
    """Look-ups over one layout. Lists bear on every contributor that they would name."""

    layout: Layout
    _known: dict[tuple[str, str], Atoms] = field(default_factory=dict)

    def contributor(self, name: str) -> Atoms:
        """What says whether a contributor is present, its markers left out (`markers`)."""
        return self._once("contributor", name, self._contributor)

    def finding(self, name: str) -> Atoms:
        """What tells a finding's state."""
        return self._once("finding", name, self._finding)

    def rule(self, rule: Rule) -> Atoms:
        """What a rule asks for."""
        found = (self._leaf(*subject(leaf)) for leaf in leaves(rule))
        return frozenset().union(*found)

    def _once(self, kind: str, name: str, make: Callable[[str], Atoms]) -> Atoms:
        if (kind, name) not in self._known:
            self._known[kind, name] = frozenset()  # a derivation that leads back to itself adds nothing
            self._known[kind, name] = make(name)
        return self._known[kind, name]

    def _leaf(self, kind: str, name: str) -> Atoms:
        if kind in ("finding", "number"):
            return self.finding(name)
        if kind == "has":
            return self.contributor(name)
        if kind == "medicine":
            taken = (a for a in self._of["takes"] if name in self._classes(a.name))
            return frozenset((*taken, *self._own(MEDICINES)))
        return self.contributor("pregnancy") if kind == "pregnant" else frozenset()

    def _contributor(self, name: str) -> Atoms:
        index, compiled = medicine_index(self.layout.reader.compiled.knowledge), self.layout.reader.compiled
        records = index.records
        own = {a for kind in ("has", "lacks") for a in self._of[kind] if a.name == name}
        taken = (a for kind in ("takes", "took", "stopped") for a in self._of[kind])
        own |= {a for a in taken if name in index.contributors(records[a.name])}
        own |= {a for a in self._of["stopped"] if name in self._brings(records[a.name])}
        derived = (self.rule(d.when) for d in compiled.knowledge.all(Derivation) if d.contributor == name)
        listed = _LISTS.get(compiled.contributors[name].kind)
        return frozenset(own).union(*derived, self._own(listed) if listed else ())

    def _brings(self, medicine: Medicine) -> tuple[str, ...]:
        index = medicine_index(self.layout.reader.compiled.knowledge)
        return next((x.stopping for x in index.lineage(medicine) if x.stopping), ())

    def _finding(self, name: str) -> Atoms:
        own = {a for kind in ("told", "measured") for a in self._of[kind] if a.name == name}
        own |= set(self._of["leg"]) if name == SIDE else set()
        own |= set(self._of["new"]) if name == NEW else set()
        rules = (d.when for d in self.layout.reader.compiled.knowledge.all(Derivation) if d.finding == name)
        return frozenset(own).union(*(self.rule(r) for r in rules))

    def _classes(self, medicine: str) -> frozenset[str]:
        index = medicine_index(self.layout.reader.compiled.knowledge)
        return frozenset(m.id for m in index.lineage(index.records[medicine]))

    def _own(self, *atoms: Atom) -> Atoms:
        return frozenset(a for a in atoms if a in self.layout.place)

    @cached_property
    def _of(self) -> Mapping[str, list[Atom]]:
        out: dict[str, list[Atom]] = defaultdict(list)
        for atom in self.layout.place:
            out[atom.kind].append(atom)
        return out

    def markers(self, contributor: str) -> tuple[str, ...]:
        """The findings that were measured in this database and speak of a contributor."""
        known = {a.name for a in self._of["measured"]}
        found = (m.finding for m in self.layout.reader.compiled.knowledge.all(Marker) if m.contributor == contributor)
        return tuple(f for f in found if f in known)

    # ------------------------------------------------------------------------------------ can it hold?

    def possible(self, rule: Rule) -> bool:
        """Whether anything that a database of this layout tells can make a rule true."""
        inner = parts(rule)
        if not inner:
            return self._leaf_possible(rule)
        if "all" in rule:
            return all(map(self.possible, inner))
        if "at_least" in rule and "of" in rule:
            return sum(map(self.possible, inner)) >= int(rule["at_least"])
        return "not" in rule or "unless" in rule or any(map(self.possible, inner))

    def needed(self, rule: Rule) -> list[Atoms]:
        """Sets of atoms of each of which somebody must have one for a rule to hold. Lists alone make none hold."""
        inner = parts(rule)
        if not inner:
            atoms = self._leaf(*subject(rule)) - {CONDITIONS, MEDICINES}
            return [atoms] if subject(rule)[0] in _TOLD else []
        if "all" in rule:
            return [atoms for part in inner for atoms in self.needed(part)]
        if "any" not in rule:
            return []
        each = [self.needed(part) for part in inner]
        return [frozenset().union(*(atoms for own in each for atoms in own))] if all(each) else []

    def _leaf_possible(self, leaf: Rule) -> bool:
        kind, name = subject(leaf)
        if kind in ("has", "medicine"):
            return bool(self._leaf(kind, name) - {CONDITIONS, MEDICINES})
        if kind not in ("finding", "number"):
            return True
        atoms, states = self.finding(name), self._states(leaf, name)
        told = {a.state for a in atoms if a.kind == "told" and a.name == name}
        return bool(told & states if told == {a.state for a in atoms} else atoms)

    def _states(self, leaf: Rule, name: str) -> set[str]:
        record = self.layout.reader.compiled.findings[name]
        wanted = leaf.get("is", "present")
        if wanted == "present":
            return {s.id for s in record.states} - {record.absent}
        return {wanted} if isinstance(wanted, str) else set(wanted)


def is_personal(rule: Rule) -> bool:
    """Whether a rule asks for age, sex or pregnancy."""
    return any(subject(leaf)[0] in _PERSONAL for leaf in leaves(rule))
