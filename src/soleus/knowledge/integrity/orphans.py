"""Records that nothing leads to, and words that lead to two."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from soleus.clinical.rules import leaves, subject
from soleus.knowledge.integrity.base import Base, Found, advice
from soleus.knowledge.integrity.conditions import conditions, readable
from soleus.knowledge.schema.care import DiagnosticTest, WorkUp
from soleus.knowledge.schema.core import Effect, Likelihood, Marker
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.records import SymptomCode


def _asked(base: Base) -> set[str]:
    """Every name that a condition asks about."""
    return {subject(leaf)[1] for c in conditions(base) if readable(c.rule) for leaf in leaves(c.rule)}


@advice
def findings_are_used(base: Base) -> Iterator[Found]:
    """A finding tells explanations or contributors apart, or a condition or a test asks about it."""
    used = _asked(base) | {r.finding for r in base.all(Likelihood)} | {m.finding for m in base.all(Marker)}
    used |= {f for w in base.all(WorkUp) for f in w.findings} | {t.finding or "" for t in base.all(DiagnosticTest)}
    for f in base.findings:
        if f not in used:
            yield Found("finding", f, "id", "Nothing rests on it.", "Give it a likelihood or a rule, or drop it.")


@advice
def contributors_are_used(base: Base) -> Iterator[Found]:
    """A contributor changes a rate, or a condition asks about it."""
    used = _asked(base) | {e.contributor for e in base.all(Effect)}
    for c in base.contributors:
        if c not in used:
            yield Found("contributor", c, "id", "Nothing rests on it.", "Give it an effect or a rule, or drop it.")


@advice
def medicines_lead_somewhere(base: Base) -> Iterator[Found]:
    """A class has members, and a medicine is in a class or has something of its own to say."""
    parents = {p for m in base.all(Medicine) for p in m.member_of}
    for m in base.all(Medicine):
        own = m.contributors or m.cramp or m.restless_legs or m.cautions or m.interactions
        if not (own or m.member_of or m.id in parents):
            yield Found("medicine", m.id, "member_of", "It has no class, no members and nothing to say.", "Add one.")


@advice
def words_lead_to_one_record(base: Base) -> Iterator[Found]:
    """A name or synonym stands for one explanation, one contributor, one finding."""
    words = {
        "explanation": ((e.id, (e.name, e.patient_name, *e.synonyms)) for e in base.explanations.values()),
        "contributor": ((c.id, (c.name, c.patient_name, *c.synonyms)) for c in base.contributors.values()),
        "finding": ((f.id, (f.name, *f.synonyms)) for f in base.findings.values()),
        "symptom_code": ((s.id, s.words) for s in base.all(SymptomCode)),
    }
    for kind, rows in words.items():
        yield from _shared(kind, rows)


def _shared(kind: str, rows: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[Found]:
    owner: dict[str, str] = {}
    for id, names in rows:
        for name in dict.fromkeys(n.casefold().strip() for n in names):
            if owner.setdefault(name, id) != id:
                yield Found(kind, id, "synonyms", f"{name!r} also names {owner[name]}.", "Keep it for one of them.")
