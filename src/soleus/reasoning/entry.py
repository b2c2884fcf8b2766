"""Entries: what the knowledge base says of one thing, found by any of its names, former names or codes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from soleus.evidence.content import shown_status
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.prose_fields import cited, texts
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.safety import CriteriaSet, RedFlag
from soleus.reasoning.compiled import Compiled, normal_form
from soleus.reasoning.medicines import MedicineIndex


@dataclass(frozen=True)
class Entry:
    kind: str
    id: str
    title: str
    fields: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]


def find(compiled: Compiled, name: str) -> tuple[Entry, ...]:
    """The entries that answer to a name or code: explanations, contributors, findings, medicines, rules."""
    names = compiled.names
    key = next(
        (k for k in _numbers(normal_form(name)) if k in {**names.explanations, **names.findings}), normal_form(name)
    )
    out = []
    if target := names.explanations.get(key) or _by_code(compiled.explanations.values(), name):
        out.append(_explanation(compiled, target))
    if target := names.contributors.get(key):
        out.append(_contributor(compiled, target))
    if target := names.findings.get(key):
        out.append(_finding(compiled, target))
    medicine = MedicineIndex(compiled.knowledge).find(name)
    if medicine is not None and (
        not out or key in {normal_form(n) for n in (medicine.id, medicine.name, *medicine.names)}
    ):
        out.append(_medicine(medicine))
    for kind in (RedFlag, CriteriaSet):
        record = compiled.knowledge.by_id(kind).get(name.replace(" ", "_"))
        if record:
            out.append(_plain(kind.__name__, record))
    return tuple(out)


def _numbers(key: str) -> tuple[str, ...]:
    """A name as it is, in the singular, in the plural."""
    return key, key.removesuffix("s"), f"{key}s"


def _by_code(records: Iterable[Any], code: str) -> str | None:
    wanted = code.strip().upper()
    return next((r.id for r in records for c in r.codes if c.code.upper() == wanted), None)


def _codes(record: Any) -> str:
    return ", ".join(f"{c.system} {c.code}" for c in record.codes) or "none confirmed"


def _explanation(compiled: Compiled, target: str) -> Entry:
    e = compiled.explanations[target]
    raising = sorted(
        (x for (c, s), x in compiled.effects.items() if s == target and (x.rho or 0) > 1.3), key=lambda x: -(x.rho or 0)
    )
    likes = [compiled.explanations[x].name for x in e.confused_with if x in compiled.explanations]
    return Entry(
        "Explanation",
        e.id,
        e.name,
        (
            ("definition", e.definition),
            ("in plain words", e.patient_definition),
            ("codes", _codes(e)),
            ("also called", ", ".join(e.synonyms)),
            ("family", e.family.replace("_", " ")),
            ("how soon", e.acuity.replace("_", " ")),
            *((("must not be missed", e.why or "yes"),) if e.must_not_miss else ()),
            ("confused with", ", ".join(likes)),
            ("causes", ", ".join(compiled.contributors[x.contributor].name for x in raising[:12])),
            ("review", _review(e)),
        ),
        e.source,
    )


def _contributor(compiled: Compiled, target: str) -> Entry:
    c = compiled.contributors[target]
    raises = sorted(((s, x) for (k, s), x in compiled.effects.items() if k == target), key=lambda p: -(p[1].rho or 1e9))
    effects = ", ".join(
        f"{compiled.explanations[s].name} ({'necessary' if x.necessary else f'x{x.rho:g}'})" for s, x in raises
    )
    return Entry(
        "Contributor",
        c.id,
        c.name,
        (("definition", c.definition), ("codes", _codes(c)), ("changes the rate of", effects), ("review", _review(c))),
        c.source,
    )


def _finding(compiled: Compiled, target: str) -> Entry:
    f = compiled.findings[target]
    own = [(s, r) for (s, g), r in compiled.likelihoods.items() if g == target]
    top = sorted(own, key=lambda p: -(1 - p[1].p[[s.id for s in f.states].index(f.absent)] if f.absent else 0))[:8]
    return Entry(
        "Finding",
        f.id,
        f.name,
        (
            ("question", f.question),
            ("for clinicians", f.clinician_question),
            ("answers", ", ".join(s.id for s in f.states)),
            *((("unit", f.unit),) if f.unit else ()),
            ("codes", _codes(f)),
            ("commonest in", ", ".join(compiled.explanations[s].name for s, _ in top)),
            ("review", _review(f)),
        ),
        f.source,
    )


def _medicine(m: Medicine) -> Entry:
    said = m.cramp.statement if m.cramp else "see its class" if m.member_of else "nothing known"
    return Entry(
        "Medicine",
        m.id,
        m.name,
        (("names", ", ".join(m.names)), ("classes", ", ".join(m.member_of)), ("codes", _codes(m)), ("cramps", said)),
        m.source,
    )


def _plain(kind: str, record: Any) -> Entry:
    return Entry(kind, record.id, record.name, (("review", _review(record)),), record.source)


def _review(record: Any) -> str:
    r = record.review
    return (
        f"{shown_status(record).replace('_', ' ')}; checked by the maintainers {r.last_reviewed}, due {r.review_by}"
        if r
        else "submitted"
    )


def uses_of(knowledge: Knowledge) -> dict[str, tuple[str, ...]]:
    """Source -> the records that rest on it or cite it in their prose, as kind:id."""
    out: dict[str, list[str]] = {}
    for kind, records in knowledge.records.items():
        for record in records:
            for key in _keys(record):
                out.setdefault(key, []).append(f"{kind}:{record.id}")
    for text in texts(knowledge):
        for key in cited(text.text):
            out.setdefault(key, []).append(f"{text.kind}:{text.id}")
    return {k: tuple(dict.fromkeys(v)) for k, v in out.items()}


def _keys(value: Any) -> list[str]:
    """Every source key inside a record, however deep."""
    import msgspec

    if isinstance(value, msgspec.Struct):
        own = [s for s in (getattr(value, "source", ()) or ()) if isinstance(s, str)]
        return own + [k for f in value.__struct_fields__ if f != "source" for k in _keys(getattr(value, f))]
    if isinstance(value, (tuple, list)):
        return [k for v in value for k in _keys(v)]
    if isinstance(value, dict):
        return [k for v in value.values() for k in _keys(v)]
    return []
