"""From records to an entry of the reference library, for clinicians or in plain words.

An entry follows from the knowledge alone and is written once; its standing depends on the day and on the reviews.
"""

from __future__ import annotations

from typing import Any, get_args

from msgspec.structs import replace

from soleus.errors import UnknownName, near_names
from soleus.evidence.record import SYSTEM_NAMES
from soleus.knowledge.loader import kinds
from soleus.knowledge.prose_fields import ENTRY_KINDS
from soleus.knowledge.schema.articles import Article, CommonQuestion, Term
from soleus.library import contributor_parts, explanation_parts, read_parts, short_parts, titles
from soleus.library.caring import notes_on
from soleus.library.classification import neighbours, path
from soleus.library.composing import Part, sections
from soleus.library.former_names import former_names
from soleus.library.key_points import key_points
from soleus.library.model import Coded, Entry, EntryKind, Neighbour, Paragraph, RecordRef, Section
from soleus.library.standing import Statuses, standing_of
from soleus.library.titles import record_named
from soleus.library.writing import Writer, ref_of
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import URGENCY, capital, closed

_AUDIENCES: tuple[Audience, Audience] = ("clinician", "patient")
_AT_ONCE = ("emergency", "same_day")
_RANKS = {"contributor": "composed", "common_question": "prose"}


def entry_of(
    compiled: Compiled, kind: EntryKind, id: str, audience: Audience, today: str, statuses: Statuses | None = None
) -> Entry:
    """The entry as it stands on a day. ``statuses`` are those of the review desk. Raises `UnknownName`."""
    written = compiled.once(_kept)
    key = (kind, id, audience)
    if key not in written:
        written[key] = _written(compiled, kind, id, audience)
    entry = written[key]
    article = compiled.knowledge.by_id(Article).get(id) if kind == "explanation" else None
    return replace(entry, standing=standing_of(compiled.knowledge, entry.made_of, article, today, statuses))


def _kept(_: Compiled) -> dict[tuple[str, str, Audience], Entry]:
    """Entries that were written, by kind, id and audience."""
    return {}


def every(compiled: Compiled) -> tuple[RecordRef, ...]:
    """Everything that has a page, by kind and id."""
    return compiled.once(_every)


def _every(compiled: Compiled) -> tuple[RecordRef, ...]:
    return tuple(RecordRef(kind=k, id=r.id) for k in ENTRY_KINDS for r in compiled.knowledge.records.get(k, ()))


def title_of(compiled: Compiled, ref: RecordRef, audience: Audience) -> str:
    """The title of an entry. Raises `UnknownName`."""
    return titles.title_of(compiled.knowledge, ref, audience)


# ---------------------------------------------------------------------------------------------------- writing


def _written(compiled: Compiled, kind: EntryKind, id: str, audience: Audience) -> Entry:
    if kind not in get_args(EntryKind) or kind not in kinds():
        raise UnknownName("kind", repr(kind[:60]), "a kind of entry", near_names(kind[:60], ENTRY_KINDS))
    record = record_named(compiled.knowledge, kind, id)
    writer = Writer(compiled, audience)
    own = writer.use(record)
    article = compiled.knowledge.by_id(Article).get(id) if kind == "explanation" else None
    points = _key_points(writer, kind, record, article)
    made = _sections(writer, kind, record, article)
    lead, made = _lead(writer, kind, record, made)
    other = _AUDIENCES[audience == "clinician"]
    knowledge = compiled.knowledge
    terms = [t for t in knowledge.all(Term) if id in (t.explanation, t.entry)]
    names = former_names(writer, terms) if kind in ("explanation", "short_entry") else ()
    if article is not None:
        writer.use(article)
    for written in (record, article):  # what it rests on is listed, also where no sentence cites it
        writer.citer.cite(getattr(written, "source", ()))
    return Entry(
        kind=kind,
        id=id,
        title=titles.title_of(knowledge, own, audience),
        other_title=titles.title_of(knowledge, own, other),
        audience=audience,
        rank="prose" if article else _RANKS.get(kind, "composed" if kind == "explanation" else "short"),  # type: ignore[arg-type]
        definition=lead,
        urgent=_urgent(writer, record) if kind == "explanation" else None,
        codes=tuple(
            Coded(system=SYSTEM_NAMES[c.system], code=c.code, display=c.display) for c in getattr(record, "codes", ())
        ),
        names=_names(record, titles.name_of(record, audience)),
        former_names=names,
        path=path(knowledge, kind, id, audience),
        neighbours=neighbours(knowledge, kind, id, audience),
        confused_with=_confused(compiled, record, audience) if kind == "explanation" else (),
        key_points=points,
        sections=made,
        references=writer.citer.references(),
        standing=standing_of(knowledge, (own,), article, ""),
        knowledge_version=knowledge.version,
        knowledge_hash=knowledge.digest,
        made_of=tuple(writer.used),
    )


def _key_points(writer: Writer, kind: str, record: Any, article: Article | None) -> tuple[Paragraph, ...]:
    if article is not None:
        written = article.patient_key_points if writer.patient else article.key_points
        return tuple(replace(p, item=True) for text in written for p in writer.prose(text))
    return tuple(key_points(writer, record)) if kind == "explanation" else ()


def _sections(writer: Writer, kind: str, record: Any, article: Article | None) -> tuple[Section, ...]:
    if isinstance(record, CommonQuestion):
        return read_parts.question_sections(writer, record)
    return sections(writer, _parts(writer, kind), record, article.sections if article else ())


def _parts(writer: Writer, kind: str) -> tuple[Part, ...]:
    match kind:
        case "explanation":
            return explanation_parts.PATIENT if writer.patient else explanation_parts.CLINICIAN
        case "contributor":
            return contributor_parts.PATIENT if writer.patient else contributor_parts.CLINICIAN
        case "short_entry":
            return read_parts.SHORT_ENTRY
    return short_parts.PARTS[kind]


def _lead(writer: Writer, kind: str, record: Any, made: tuple[Section, ...]) -> tuple[Paragraph, tuple[Section, ...]]:
    """What the thing is, in a paragraph above everything, and the sections without it."""
    if kind == "explanation":
        return writer.quote(record.patient_definition if writer.patient else record.definition, record), made
    if isinstance(record, CommonQuestion):
        short = writer.prose(record.patient_short if writer.patient else record.short)
        return Paragraph(runs=tuple(run for p in short for run in p.runs)), made
    first, rest = made[0], made[1:]
    left = replace(first, paragraphs=first.paragraphs[1:])
    return first.paragraphs[0], (left, *rest) if left.paragraphs or left.tables else rest


def _urgent(writer: Writer, record: Any) -> str | None:
    """What to do at once about what must not wait; None for the others."""
    if record.acuity not in _AT_ONCE:
        return None
    soon = f"{URGENCY[writer.audience][record.acuity]}."
    for note in notes_on(writer, record)[:1]:
        writer.use(note)
        if writer.patient:
            told = (
                closed(note.patient_see),
                closed(note.patient_text),
                note.patient_meanwhile and closed(note.patient_meanwhile),
            )
        else:
            told = (
                closed(capital(note.see)),
                closed(note.clinician_text),
                note.meanwhile and closed(capital(note.meanwhile)),
            )
        return " ".join(filter(None, told)) if writer.patient else " ".join(filter(None, (soon, *told)))
    return soon


def _names(record: Any, own: str) -> tuple[str, ...]:
    """Other names that it answers to, each once."""
    told = (*getattr(record, "synonyms", ()), *getattr(record, "names", ()), *getattr(record, "asked_as", ()))
    plain = {n.removeprefix("!").casefold(): n.removeprefix("!") for n in told}
    plain.pop(own.casefold(), None)
    return tuple(plain.values())


def _confused(compiled: Compiled, record: Any, audience: Audience) -> tuple[Neighbour, ...]:
    known = [compiled.explanations[e] for e in record.confused_with if e in compiled.explanations]
    return tuple(Neighbour(entry=ref_of(e), label=capital(titles.name_of(e, audience))) for e in known)
