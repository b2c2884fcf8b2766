"""A record as a page shows it: its figure, how that was come by, its sources, every field in words, what uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from soleus.errors import KnowledgeError
from soleus.evidence.content import shown_status
from soleus.evidence.record import SYSTEM_NAMES, Basis, Code, ReviewStatus
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.prose import Figure
from soleus.knowledge.prose_fields import ENTRY_KINDS, texts_of
from soleus.knowledge.schema.core import Background, Finding, Likelihood, Marker
from soleus.library.cited_by import Use, entries_on, used_by_model
from soleus.library.figures import said
from soleus.library.labels import label
from soleus.library.model import RecordRef
from soleus.library.tables import share
from soleus.library.titles import record_named, target
from soleus.reasoning.assessment import Cites, Reference
from soleus.reasoning.citing import Citer
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital, date_words, sentence

#: Where a figure comes from, in words.
BASES: dict[Basis, str] = {
    "measured": "Measured: a figure read in a source.",
    "derived": "Derived: worked out from figures that were read; the note says how.",
    "qualitative": "Qualitative: a word of a source, put on a fixed scale.",
    "guideline": "Guideline: a rule of a guideline or classification.",
    "expert": "Expert: our estimate, without a located source.",
}
SPREADS = {
    "narrow": "narrow: the truth is likely within about a third",
    "medium": "medium: the truth is likely within about a factor of two",
    "wide": "wide: the truth is likely within about a factor of four",
}
#: Fields that the page shows in places of their own, or that say nothing to a reader.
_ELSEWHERE = frozenset({"id", "basis", "source", "note", "conflicts", "review", "former_ids", "burden", "codes"})


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field in words; ``entry`` where it names something that has an entry."""

    name: str
    text: str
    entry: RecordRef | None = None


class Shown(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record in words. ``figure`` None: it holds no single number. ``about`` are the entries that it belongs to."""

    ref: RecordRef
    title: str
    figure: str | None
    basis: Basis | None
    note: str
    conflicts: str
    fields: tuple[Field, ...]
    cites: Cites
    references: tuple[Reference, ...]
    status: ReviewStatus
    curator: str
    last_reviewed: str
    review_by: str
    overdue: bool
    uses: tuple[Use, ...]
    in_model: bool
    has_entry: bool


def record_shown(compiled: Compiled, kind: str, id: str, today: str, status: ReviewStatus | None = None) -> Shown:
    """The record of a kind and id on a day. ``status`` is that of the review desk; None: that of the data.

    Raises `UnknownName`.
    """
    knowledge = compiled.knowledge
    record = record_named(knowledge, kind, id)
    ref, citer, review = RecordRef(kind=kind, id=id), Citer(knowledge), getattr(record, "review", None)
    return Shown(
        ref=ref,
        title=label(knowledge, ref),
        figure=_figure(knowledge, ref),
        basis=getattr(record, "basis", None),
        note=sentence(getattr(record, "note", None) or ""),
        conflicts=sentence(getattr(record, "conflicts", None) or ""),
        fields=tuple(_fields(knowledge, kind, record)),
        cites=citer.cite(_sources(record)),
        references=citer.references(),
        status=status or shown_status(record),
        curator=review.curator if review else "Soleus maintainers",
        last_reviewed=date_words(review.last_reviewed) if review else "",
        review_by=date_words(review.review_by) if review else "",
        overdue=bool(review and review.review_by and review.review_by < today),
        uses=entries_on(compiled, kind, id),
        in_model=used_by_model(kind),
        has_entry=kind in ENTRY_KINDS,
    )


def _figure(knowledge: Knowledge, ref: RecordRef) -> str | None:
    """The figure of a record with its interval; None for one that has none."""
    try:
        return capital(said(knowledge, Figure(ref.kind, ref.id, "interval")).text)
    except KnowledgeError:
        return None


def _sources(value: Any) -> Iterator[str]:
    """Keys of the sources that a record names, however deep, in their order."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            found = getattr(value, field)
            if field in ("source", "prevalence_source"):
                yield from found
            elif field in ("via", "rated_by"):
                yield from (found,) if found else ()
            else:
                yield from _sources(found)
    elif isinstance(value, tuple):
        for part in value:
            yield from _sources(part)


# ----------------------------------------------------------------------------------------------------- fields


def _fields(knowledge: Knowledge, kind: str, record: Any) -> Iterator[Field]:
    yield from _states(knowledge, record)
    codes: tuple[Code, ...] = getattr(record, "codes", ()) or ()
    if codes:
        yield Field(name="Codes", text=", ".join(f"{SYSTEM_NAMES[c.system]} {c.code}" for c in codes))
    prose = {t.field.partition("[")[0].partition(".")[0] for t in texts_of(kind, record)}
    for field in record.__struct_fields__:
        value = getattr(record, field)
        if field in _ELSEWHERE or field in prose or value in (None, (), {}, "", False):
            continue
        if field in ("p", "p_present", "p_absent"):
            continue
        yield Field(name=_heading(field), text=_told(field, value), entry=_entry(knowledge, field, value))


def _heading(field: str) -> str:
    return capital(
        field.removeprefix("patient_").replace("_", " ") + (" (for patients)" if field[:8] == "patient_" else "")
    )


def _states(knowledge: Knowledge, record: Any) -> Iterator[Field]:
    """Shares by state of a finding, of records that hold them."""
    if isinstance(record, (Likelihood, Background, Marker)):
        finding = knowledge.by_id(Finding)[record.id if isinstance(record, Background) else record.finding]
        columns = (record.p_present, record.p_absent) if isinstance(record, Marker) else (record.p,)
        for k, state in enumerate(finding.states):
            yield Field(name=capital(state.label), text=" against ".join(share(p[k], "clinician") for p in columns))


def _entry(knowledge: Knowledge, field: str, value: Any) -> RecordRef | None:
    """What a field that holds one id leads to."""
    kinds = {"explanation": "explanation", "contributor": "contributor", "finding": "finding", "target": "explanation"}
    if not isinstance(value, str) or " " in value or len(value) > 60:
        return None
    found = target(knowledge, value)
    return RecordRef(kind=kinds[field], id=value) if field in kinds and found else None


def _told(field: str, value: Any) -> str:
    """A value in words: numbers as numbers, lists with commas, what is inside with its own headings."""
    match value:
        case True:
            return "yes"
        case int() | float():
            return f"{value:g}"  # as it is recorded, not rounded
        case str():
            return SPREADS.get(value, value) if field.endswith("spread") else _words(value)
        case tuple() | list():
            return "; ".join(_told(field, v) for v in value)
        case dict():
            return "; ".join(f"{_words(str(k))}: {_told(field, v)}" for k, v in value.items())
        case msgspec.Struct():
            inner = ((f, getattr(value, f)) for f in value.__struct_fields__)
            return ", ".join(f"{_words(f)} {_told(f, v)}" for f, v in inner if v not in (None, (), {}, "", False))
    return str(value)


def _words(text: str) -> str:
    """An id as words; a sentence as it is."""
    return text if " " in text else text.replace("_", " ")
