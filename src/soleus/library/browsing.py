"""Lists to browse by: family, symptom, medicine, and everything from A to Z."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from soleus.knowledge.schema.articles import Article, CommonQuestion
from soleus.knowledge.schema.core import Finding
from soleus.knowledge.schema.medicines import Judgement, Medicine
from soleus.library.code_trees import Leaf
from soleus.library.model import EntryKind, RecordRef
from soleus.library.naming import key_of, names, records
from soleus.library.signs import SpeaksFor, speaks_for, telling_states
from soleus.library.titles import title_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.medicines import medicine_index

_REST = "other"


class Group(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Entries under one heading. ``id`` is that of a family, a group of findings or a letter."""

    id: str
    entries: tuple[Leaf, ...]


class Sign(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A state of a finding in words, with the explanations that it speaks for, the most telling first."""

    state: str
    label: str
    speaks_for: tuple[SpeaksFor, ...]


class Signs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A finding with those of its states that speak for something."""

    finding: Leaf
    core: bool
    states: tuple[Sign, ...]


class Class(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A class of medicines: what is known of it and either symptom (None: nothing), and its medicines."""

    entry: Leaf
    cramp: Judgement | None
    restless_legs: Judgement | None
    members: tuple[Leaf, ...]


def leaf(compiled: Compiled, entry: RecordRef, audience: Audience) -> Leaf:
    """An entry as an item of a list. Raises `UnknownName`."""
    return Leaf(entry=entry, title=title_of(compiled.knowledge, entry, audience))


def _leaf(compiled: Compiled, kind: EntryKind, id: str, audience: Audience) -> Leaf:
    return leaf(compiled, RecordRef(kind=kind, id=id), audience)


def first_rank(compiled: Compiled, audience: Audience) -> tuple[Leaf, ...]:
    """The entries that are written by hand, in the order of their titles."""
    written = (_leaf(compiled, "explanation", a.id, audience) for a in compiled.knowledge.all(Article))
    return _by_title(written)


def questions(compiled: Compiled) -> tuple[CommonQuestion, ...]:
    """The common questions in their order."""
    return tuple(sorted(compiled.knowledge.all(CommonQuestion), key=lambda q: (q.position, q.id)))


def families(compiled: Compiled, audience: Audience) -> tuple[Group, ...]:
    """The explanations by family, the largest family first."""
    found: dict[str, list[Leaf]] = {}
    for e in compiled.explanations.values():
        if e.id != _REST:
            found.setdefault(e.family, []).append(_leaf(compiled, "explanation", e.id, audience))
    ordered = sorted(found.items(), key=lambda f: (-len(f[1]), f[0]))
    return tuple(Group(id=family, entries=_by_title(entries)) for family, entries in ordered)


def symptoms(compiled: Compiled, audience: Audience) -> dict[str, tuple[Signs, ...]]:
    """Group of findings (history, examination, test, instrument) -> its findings, those always asked first."""
    out: dict[str, list[Signs]] = {}
    for f in sorted(compiled.findings.values(), key=lambda f: (not f.core, f.name.casefold())):
        out.setdefault(f.group, []).append(signs_of(compiled, f, audience))
    return {group: tuple(out[group]) for group in ("history", "examination", "test", "instrument") if group in out}


def signs_of(compiled: Compiled, finding: Finding, audience: Audience) -> Signs:
    """A finding and what its states speak for."""
    states = tuple(
        Sign(
            state=s.id,
            label=s.patient_label if audience == "patient" else s.label,
            speaks_for=speaks_for(compiled, finding.id, s.id),
        )
        for s in telling_states(compiled, finding)
    )
    return Signs(finding=_leaf(compiled, "finding", finding.id, audience), core=finding.core, states=states)


def medicine_classes(compiled: Compiled, audience: Audience) -> tuple[Class, ...]:
    """The classes of medicines with what is known of each, in the order of their names."""
    index = medicine_index(compiled.knowledge)
    members: dict[str, list[Leaf]] = {}
    for m in index.records.values():
        for parent in m.member_of:
            members.setdefault(parent, []).append(_leaf(compiled, "medicine", m.id, audience))
    classes = [m for m in index.records.values() if m.level == "class"]
    return tuple(
        Class(
            entry=_leaf(compiled, "medicine", m.id, audience),
            cramp=index.judgement(m, "cramp"),
            restless_legs=index.judgement(m, "restless_legs"),
            members=_by_title(members.get(m.id, ())),
        )
        for m in sorted(classes, key=_by_name)
    )


def _by_name(medicine: Medicine) -> str:
    return medicine.name.casefold()


def alphabet(compiled: Compiled, audience: Audience, kinds: Iterable[EntryKind]) -> tuple[Group, ...]:
    """Every entry of some kinds from A to Z by its title; what begins with no letter stands under #."""
    wanted = frozenset(kinds)
    out: dict[str, list[Leaf]] = {}
    for ref, _ in records(compiled):
        if ref.kind in wanted:
            found = leaf(compiled, ref, audience)
            out.setdefault(_letter(found.title), []).append(found)
    return tuple(Group(id=letter, entries=_by_title(out[letter])) for letter in sorted(out))


_ARTICLE = re.compile(r"^(?:a|an|the) ")


def _sorted_by(title: str) -> str:
    """A title as it is sorted: without an article before it."""
    return _ARTICLE.sub("", key_of(title))


def _letter(title: str) -> str:
    first = _sorted_by(title)[:1]
    return first.upper() if first.isalpha() else "#"


def _by_title(entries: Iterable[Leaf]) -> tuple[Leaf, ...]:
    return tuple(sorted(entries, key=lambda e: (_sorted_by(e.title), e.entry.id)))


def other_names(compiled: Compiled, entry: RecordRef) -> Iterator[str]:
    """Every other name, former name and code by which an entry is found."""
    yield from (name.text for name in names(compiled)[entry])
