"""Prose: its figures come from records, its sources and links are there, and it speaks to patients too."""

from __future__ import annotations

from collections.abc import Iterator

from soleus.errors import KnowledgeError
from soleus.evidence.record import Source
from soleus.knowledge.amounts import named
from soleus.knowledge.integrity.base import Base, Found, rule, unknown
from soleus.knowledge.prose import strays, typed_numbers
from soleus.knowledge.prose_fields import cited, figures, links, targets, texts
from soleus.knowledge.schema.articles import Article, CommonQuestion, ShortEntry, Term
from soleus.knowledge.schema.medicines import Belief
from soleus.knowledge.schema.safety import Classification

#: The parts of an article that patients need in their own words.
_FOR_PATIENTS = ("definition", "treatment")


@rule
def markup_is_understood(base: Base) -> Iterator[Found]:
    """Everything in prose that looks like markup is markup."""
    for t in texts(base.knowledge):
        for stray in strays(t.text):
            yield Found(t.kind, t.id, t.field, f"{stray!r} was not understood.", "See `soleus.knowledge.prose`.")


@rule
def prose_figures_resolve(base: Base) -> Iterator[Found]:
    """A figure that prose names is there, in the form in which it is to be said."""
    for t in texts(base.knowledge):
        for figure in figures(t.text):
            try:
                named(base.knowledge, figure)
            except KnowledgeError as error:
                yield Found(t.kind, t.id, t.field, f"{error.where}: {error.found}.", error.repair)


@rule
def no_typed_numbers(base: Base) -> Iterator[Found]:
    """Prose names its figures and types none."""
    for t in texts(base.knowledge):
        for number in typed_numbers(t.text):
            yield Found(t.kind, t.id, t.field, f"{number!r} is typed.", "Name the figure of a record: {kind:id}.")


@rule
def prose_sources_exist(base: Base) -> Iterator[Found]:
    """Every source that prose cites is on record."""
    known = base.knowledge.by_id(Source)
    for t in texts(base.knowledge):
        for key in dict.fromkeys(cited(t.text)):
            if key not in known:
                yield unknown(t.kind, t.id, t.field, key, "a source on record")


@rule
def prose_links_lead_somewhere(base: Base) -> Iterator[Found]:
    """A link in prose leads to something that has an entry."""
    known = targets(base.knowledge)
    for t in texts(base.knowledge):
        for link in links(t.text):
            if link.target not in known:
                yield unknown(t.kind, t.id, t.field, link.target, "something with an entry")


@rule
def articles_refer(base: Base) -> Iterator[Found]:
    """An article is of an explanation; terms, short entries and questions name things that are there."""
    knowledge = base.knowledge
    short, places = knowledge.by_id(ShortEntry), knowledge.by_id(Classification)
    for a in base.all(Article):
        if a.id not in base.explanations:
            yield unknown("article", a.id, "id", a.id, "an explanation")
    for s in base.all(ShortEntry):
        if s.id not in places:
            yield unknown("short_entry", s.id, "id", s.id, "a place in the classification")
        if s.explanation and s.explanation not in base.explanations:
            yield unknown("short_entry", s.id, "explanation", s.explanation, "an explanation")
    for term in base.all(Term):
        if term.explanation and term.explanation not in base.explanations:
            yield unknown("term", term.id, "explanation", term.explanation, "an explanation")
        if term.entry and term.entry not in short:
            yield unknown("term", term.id, "entry", term.entry, "a short entry")
        if not (term.explanation or term.entry):
            yield Found("term", term.id, "explanation", "It leads nowhere.", "Name what it is called now.")
    for q in base.all(CommonQuestion):
        yield from _question_refers(base, q)


def _question_refers(base: Base, q: CommonQuestion) -> Iterator[Found]:
    known = (
        ("explanations", base.explanations, "an explanation"),
        ("contributors", base.contributors, "a contributor"),
        ("medicines", base.medicines, "a medicine"),
        ("beliefs", base.knowledge.by_id(Belief), "a belief"),
    )
    for field, there, what in known:
        for name in getattr(q, field):
            if name not in there:
                yield unknown("common_question", q.id, field, name, what)


@rule
def articles_speak_to_patients(base: Base) -> Iterator[Found]:
    """An article has key points for both audiences, each part once, and its main parts in plain words too."""
    for a in base.all(Article):
        for field in ("key_points", "patient_key_points"):
            if not getattr(a, field):
                yield Found("article", a.id, field, "There are none.", "Write some.")
        parts = [s.part for s in a.sections]
        for part in sorted({p for p in parts if parts.count(p) > 1}):
            yield Found("article", a.id, "sections", f"{part} is there twice.", "Put them into one.")
        for s in a.sections:
            if s.part in _FOR_PATIENTS and not s.patient_text:
                yield Found("article", a.id, f"sections.{s.part}", "Nothing for patients.", "Write patient_text.")
