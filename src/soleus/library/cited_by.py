"""Cited by: which records rest on a source, and which entries use a record. Both ways are looked up, not searched.

Figures of a look-alike that an entry sets against its own count as used by the look-alike alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import Struct

from soleus.errors import KnowledgeError
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.prose_fields import cited, figures, texts
from soleus.knowledge.schema.care import WorkUp
from soleus.knowledge.schema.medicines import Belief, Cause, Medicine
from soleus.library.figures import record_of
from soleus.library.model import EntryKind, RecordRef
from soleus.library.naming import KINDS
from soleus.library.shape import shape
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.medicines import medicine_index

#: How an entry uses a record: it is the entry's own; a figure in its prose; one of its tables and facts.
Way = Literal["own", "prose", "table"]


class Use(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry that uses a record, and how."""

    entry: RecordRef
    how: Way


#: Fields that name what a record is about -> the kind of entry that it belongs to.
_ABOUT: dict[str, EntryKind] = {
    "explanation": "explanation", "explanations": "explanation", "targets": "explanation", "target": "explanation",
    "suggests": "explanation", "first": "explanation", "second": "explanation", "same_as": "explanation",
    "contributor": "contributor", "contributors": "contributor", "causes": "contributor",
    "finding": "finding", "findings": "finding", "medicines": "medicine", "entry": "short_entry",
}  # fmt: skip
#: Kinds whose id is that of the thing they are about.
_BY_ID: dict[str, EntryKind] = {
    "rate": "explanation", "article": "explanation", "harm": "explanation", "background": "finding",
}  # fmt: skip
_CRAMP = "nocturnal_leg_cramp"  # verdicts on causes and beliefs are about night cramps
#: Fields that hold keys of sources.
_SOURCES = ("source", "prevalence_source", "via", "rated_by")
#: Kinds that every judgement is computed from.
MODEL = frozenset({
    "background", "block", "co_occurrence", "contributor", "derivation", "effect", "facet", "finding", "likelihood",
    "marker", "parameter", "rate",
})  # fmt: skip


def records_on(compiled: Compiled, source: str) -> tuple[RecordRef, ...]:
    """The records that rest on a source or cite it in their prose, by kind and id."""
    return compiled.knowledge.once(_on_sources).get(source, ())


def entries_on(compiled: Compiled, kind: str, id: str) -> tuple[Use, ...]:
    """The entries that use a record, each once; for a source those of the records that rest on it."""
    if kind == "source":
        uses = (use for ref in records_on(compiled, id) for use in entries_on(compiled, ref.kind, ref.id))
        return tuple({use.entry: use for use in uses}.values())
    return compiled.knowledge.once(_uses).get(RecordRef(kind=kind, id=id), ())


def used_by_model(kind: str) -> bool:
    """Whether records of this kind enter every judgement."""
    return kind in MODEL


# ---------------------------------------------------------------------------------------------------- indices


def _on_sources(knowledge: Knowledge) -> dict[str, tuple[RecordRef, ...]]:
    out: dict[str, dict[RecordRef, None]] = {}
    for kind, records in knowledge.records.items():
        for record in records if kind != "source" else ():
            for key in _keys(record):
                out.setdefault(key, {})[RecordRef(kind=kind, id=record.id)] = None
    for text in texts(knowledge):
        for key in cited(text.text):
            out.setdefault(key, {})[RecordRef(kind=text.kind, id=text.id)] = None
    return {key: tuple(sorted(found, key=_order)) for key, found in out.items()}


def _order(ref: RecordRef) -> tuple[str, str]:
    return ref.kind, ref.id


def _keys(value: Any) -> Iterator[str]:
    """Every key of a source inside a record, however deep."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            found = getattr(value, field)
            if field in _SOURCES:
                yield from found if isinstance(found, tuple) else ((found,) if found else ())
            elif not isinstance(found, (str, int, float, type(None))):
                yield from _keys(found)
    elif isinstance(value, (tuple, list)):
        for part in value:
            yield from _keys(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _keys(part)


def _uses(knowledge: Knowledge) -> dict[RecordRef, tuple[Use, ...]]:
    """Record -> the entries that use it. What a record names (facts of a verdict) is used where the record is."""
    out: dict[RecordRef, dict[RecordRef, Way]] = {}

    def add(record: RecordRef, entry: RecordRef, how: Way) -> None:
        out.setdefault(record, {}).setdefault(entry, how)

    prose = _figures(knowledge)
    for kind, records in knowledge.records.items():
        for record in records:
            own = RecordRef(kind=kind, id=record.id)
            entries = tuple(_entries(knowledge, kind, record))
            for entry in entries:
                add(own, entry, "own" if entry == own else "table")
                for named in _named(record):
                    add(named, entry, "table")
            for figure in prose.get(own, ()):
                for entry in entries:
                    add(figure, entry, "prose")
    return {
        record: tuple(Use(entry=entry, how=how) for entry, how in sorted(found.items(), key=lambda e: _order(e[0])))
        for record, found in out.items()
    }


def _entries(knowledge: Knowledge, kind: str, record: Any) -> Iterator[RecordRef]:
    """The entries in which a record is shown."""
    if kind in KINDS:
        yield RecordRef(kind=kind, id=record.id)
    if about := _BY_ID.get(kind):
        yield from _known(knowledge, about, record.id)
    if topic := getattr(record, "topic", None):
        yield from _of_topic(knowledge, topic)
    if isinstance(record, Cause | Belief):
        yield from _known(knowledge, "explanation", _CRAMP)
    if isinstance(record, Medicine):
        yield from _of_medicine(knowledge, record)
    if isinstance(record, WorkUp):
        for trigger in (*record.when, *record.not_worth_when):
            for id in _likely(trigger.when):
                yield from _known(knowledge, "explanation", id)
    for field, entry in _ABOUT.items() if kind not in ("explanation", "finding", "common_question") else ():
        found = getattr(record, field, None)
        for id in found if isinstance(found, tuple) else (found,):
            if isinstance(id, str):
                yield from _known(knowledge, entry, id)


def _of_topic(knowledge: Knowledge, topic: str) -> Iterator[RecordRef]:
    """What a fact, gap or disagreement is about: entries of that id or topic, or the contributors of that cause."""
    kinds: tuple[EntryKind, ...] = ("explanation", "contributor", "medicine", "short_entry")
    for kind in kinds:
        yield from _known(knowledge, kind, topic)
        for id, topics in shape().topics.get(kind, {}).items():
            if topic in topics:
                yield from _known(knowledge, kind, id)
    if cause := knowledge.by_id(Cause).get(topic):
        for id in cause.contributors:
            yield from _known(knowledge, "contributor", id)


def _of_medicine(knowledge: Knowledge, medicine: Medicine) -> Iterator[RecordRef]:
    """What shows a medicine beside its own entry: those of its class, for which it speaks, and its contributors."""
    for member in knowledge.once(_members).get(medicine.id, ()):
        yield RecordRef(kind="medicine", id=member)
    for id in medicine.contributors:
        yield from _known(knowledge, "contributor", id)


def _members(knowledge: Knowledge) -> dict[str, list[str]]:
    """Class -> every medicine below it."""
    index, out = medicine_index(knowledge), {}  # type: tuple[Any, dict[str, list[str]]]
    for medicine in index.records.values():
        for above in index.lineage(medicine):
            out.setdefault(above.id, []).append(medicine.id)
    return out


def _likely(rule: Any) -> Iterator[str]:
    """The explanations whose probability a rule asks for."""
    if isinstance(rule, dict):
        if isinstance(named := rule.get("likely"), str):
            yield named
        for part in rule.values():
            yield from _likely(part)
    elif isinstance(rule, (list, tuple)):
        for part in rule:
            yield from _likely(part)


def _known(knowledge: Knowledge, kind: EntryKind, id: str) -> Iterator[RecordRef]:
    if id in knowledge.by_id(KINDS[kind]):
        yield RecordRef(kind=kind, id=id)


def _named(record: Any) -> Iterator[RecordRef]:
    """The facts that a record or one of its judgements names, and the beliefs behind a question."""
    for part in (record, getattr(record, "cramp", None), getattr(record, "restless_legs", None)):
        yield from (RecordRef(kind="fact", id=id) for id in getattr(part, "facts", ()))
    yield from (RecordRef(kind="belief", id=id) for id in getattr(record, "beliefs", ()))


def _figures(knowledge: Knowledge) -> dict[RecordRef, list[RecordRef]]:
    """Record with prose -> the records whose figures it names; figures that are not there are another rule's matter."""
    out: dict[RecordRef, list[RecordRef]] = {}
    for text in texts(knowledge):
        for figure in figures(text.text):
            try:
                found, _ = record_of(knowledge, figure)
            except KnowledgeError:
                continue
            named = out.setdefault(RecordRef(kind=text.kind, id=text.id), [])
            named.append(RecordRef(kind=figure.kind, id=found.id))
    return out
