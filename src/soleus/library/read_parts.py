"""Entries that are read rather than composed: neighbours of the class, and common questions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from soleus.knowledge.schema.articles import CommonQuestion, ShortEntry
from soleus.knowledge.schema.medicines import Belief, Fact, Medicine
from soleus.library import how_common
from soleus.library.composing import Part, not_known
from soleus.library.explanation_parts import VERDICTS
from soleus.library.model import Paragraph, Section, Table
from soleus.library.shape import on_topic, part_title, topics_of
from soleus.library.writing import Writer
from soleus.reports.words import closed


def _prose(field: str, patient_field: str | None = None) -> Callable[[Writer, ShortEntry], Iterable[Paragraph]]:
    """A field of a short entry as prose; for patients another, None for nothing."""

    def read(writer: Writer, entry: ShortEntry) -> Iterable[Paragraph]:
        wanted = patient_field if writer.patient else field
        return writer.prose(getattr(entry, wanted) or "") if wanted else ()

    return read


def _definition(writer: Writer, s: ShortEntry) -> Iterator[Paragraph]:
    yield from _prose("definition", "patient_definition")(writer, s)
    if s.explanation in writer.compiled.explanations:
        yield writer.say("There is a full entry: {}.", writer.entry(writer.compiled.explanations[s.explanation]))


def _gaps(writer: Writer, s: ShortEntry) -> Iterator[Paragraph]:
    if s.not_known and not writer.patient:
        yield from writer.prose(s.not_known)
    yield from not_known(writer, s, topics_of("short_entry", s.id))


def _facts(writer: Writer, s: ShortEntry) -> Iterator[Table]:
    found = [f for f in on_topic(writer.knowledge.all(Fact), topics_of("short_entry", s.id)) if f.value is not None]
    yield how_common.facts_table(found if not writer.patient else (), "facts", "Published figures", writer.citer)


SHORT_ENTRY = (
    Part("definition", _definition, by_hand=True),
    Part("who", _prose("who"), _facts, by_hand=True),
    Part("features", _prose("features"), by_hand=True),
    Part("exclusion", _prose("apart", "patient_apart"), by_hand=True),
    Part("treatment", _prose("care"), by_hand=True),
    Part("not_known", _gaps),
)


def _answer(writer: Writer, q: CommonQuestion) -> Iterator[Paragraph]:
    if q.verdict:
        yield writer.say(f"{VERDICTS[q.verdict][writer.patient]}.")
    yield from writer.prose(q.patient_answer if writer.patient else q.answer)


def _beliefs(writer: Writer, q: CommonQuestion) -> Iterator[Paragraph]:
    known = writer.knowledge.by_id(Belief)
    for belief in (known[b] for b in q.beliefs if b in known):
        name = f"“{closed(belief.belief)}” {VERDICTS[belief.verdict][writer.patient]}."
        yield writer.quote(belief.patient_statement if writer.patient else belief.statement, belief, name=name)


def _more(writer: Writer, q: CommonQuestion) -> Iterator[Paragraph]:
    tables = (
        (q.explanations, writer.compiled.explanations),
        (q.contributors, writer.compiled.contributors),
        (q.medicines, writer.knowledge.by_id(Medicine)),
    )
    links = [writer.entry(known[i]) for ids, known in tables for i in ids if i in known]
    if links:
        yield writer.say("More about it: {}.", links)


def question_sections(writer: Writer, q: CommonQuestion) -> tuple[Section, ...]:
    """The answer, the belief behind the question, where to read on."""
    made = (("answer", _answer), ("verdict", _beliefs), ("tells", _more))
    out = ((part, tuple(read(writer, q))) for part, read in made)
    return tuple(
        Section(part=part, title=_TITLES.get(part) or part_title(part, writer.audience), paragraphs=found)
        for part, found in out
        if found
    )


_TITLES = {"verdict": "The belief behind it", "tells": "Read on"}
