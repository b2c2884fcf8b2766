"""Is the library whole? Figures from records, every part of every entry, references, links, plain words.

The rules about prose as it is written stand in `soleus.knowledge.integrity.prose`; these look at the entries as they
are read, composed text included.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from msgspec import Struct

from soleus.errors import SoleusError
from soleus.evidence.record import Source
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.prose import typed_numbers
from soleus.knowledge.prose_fields import targets, texts
from soleus.knowledge.schema.medicines import Medicine
from soleus.library.entries import entry_of, every
from soleus.library.model import Entry, EntryKind, Paragraph, RecordRef, Row
from soleus.library.reading_grade import grade
from soleus.library.shape import shape
from soleus.library.titles import record_named
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled

HARDEST = 8.0  # school grade of what patients read
_FEWEST_WORDS = 25  # of a section, below which a grade says little
_AUDIENCES: tuple[Audience, ...] = ("clinician", "patient")
_DIGIT = re.compile(r"\d")


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where something is wrong: entry, audience, part; which rule; what was found and what was expected."""

    where: str
    rule: str
    found: str
    expected: str


def check(compiled: Compiled, today: str) -> tuple[Fault, ...]:
    """Every fault of every entry for both audiences, then of the sources."""
    return (*_of_entries(compiled, today), *_of_sources(compiled.knowledge), *_of_prose(compiled.knowledge))


def unsourced_numbers(knowledge: Knowledge) -> int:
    """Numbers in prose that were typed instead of named; the aim is none."""
    return sum(len(typed_numbers(t.text)) for t in texts(knowledge))


def _of_prose(knowledge: Knowledge) -> Iterator[Fault]:
    for t in texts(knowledge):
        for number in typed_numbers(t.text):
            where = f"{t.kind}:{t.id} {t.field}"
            yield Fault(where=where, rule="figures", found=f"{number!r} typed", expected="the figure of a record")


def _of_sources(knowledge: Knowledge) -> Iterator[Fault]:
    for s in knowledge.all(Source):
        if not (s.doi or s.pmid or s.isbn or s.url or "identifier not known" in (s.note or "")):
            yield Fault(
                where=f"source:{s.id}", rule="references", found="no identifier", expected="DOI, PMID, ISBN, URL"
            )


def _of_entries(compiled: Compiled, today: str) -> Iterator[Fault]:
    easy = compiled.once(_names)
    for ref in every(compiled):
        for audience in _AUDIENCES:
            where = f"{ref.kind}:{ref.id} ({audience})"
            try:
                entry = entry_of(compiled, cast("EntryKind", ref.kind), ref.id, audience, today)
            except SoleusError as error:
                yield Fault(where=where, rule="figures", found=error.found, expected=error.expected)
                continue
            yield from (
                *_figures(entry, where),
                *_parts(entry, where),
                *_references(entry, where),
                *_links(compiled.knowledge, entry, where),
                *_plain_words(easy, entry, where),
            )


# ----------------------------------------------------------------------------------------------------- rules


def _paragraphs(entry: Entry) -> Iterator[tuple[str, Paragraph]]:
    """(part, paragraph) of everything that is read as sentences."""
    yield "lead", entry.definition
    yield from (("key_points", p) for p in entry.key_points)
    yield from ((s.part, p) for s in entry.sections for p in s.paragraphs)


def _rows(entry: Entry) -> Iterator[tuple[str, Row]]:
    yield from ((f"{s.part}/{t.id}", row) for s in entry.sections for t in s.tables for row in t.rows)


def _figures(entry: Entry, where: str) -> Iterator[Fault]:
    """A number in a sentence or a row leads to a record; in the name of an entry it is part of the name."""
    for part, p in _paragraphs(entry):
        for run in p.runs:
            if not run.record and not run.entry and typed_numbers(run.text):
                yield _fault(where, part, "figures", f"{run.text.strip()[:60]!r}", "a figure that leads to a record")
    for part, row in _rows(entry):
        if row.record is None and _DIGIT.search(row.figure):
            yield _fault(where, part, "figures", f"{row.figure!r}", "a figure that leads to a record")


def _parts(entry: Entry, where: str) -> Iterator[Fault]:
    """Every part that an entry of the kind must have; the definition may stand above all."""
    there = {s.part for s in entry.sections} | ({"definition"} if entry.definition.text else set())
    for part in shape().parts[entry.kind][entry.audience]:
        if part not in there:
            yield _fault(where, part, "parts", "missing", "a part that every entry of its kind has")
    empty = [s.part for s in entry.sections if not (any(p.text.strip() for p in s.paragraphs) or s.tables)]
    yield from (_fault(where, part, "parts", "empty", "text or a table") for part in empty)
    if not entry.standing.author or not entry.standing.sentence:
        yield _fault(where, "standing", "parts", "nobody", "who stands behind it")


def _references(entry: Entry, where: str) -> Iterator[Fault]:
    """Every number has its reference, every reference can be found and is cited."""
    known = {r.number for r in entry.references}
    cited = {n for _, p in _paragraphs(entry) for run in p.runs for n in run.cites}
    cited |= {n for _, row in _rows(entry) for n in row.cites}
    cited |= {n for s in entry.sections for t in s.tables for n in t.cites}
    for n in sorted(cited - known):
        yield _fault(where, "references", "references", f"[{n}] leads nowhere", "a numbered reference")
    if sorted(known) != list(range(1, len(known) + 1)):
        yield _fault(where, "references", "references", "numbers with a gap", "1 to the last")


def _links(knowledge: Knowledge, entry: Entry, where: str) -> Iterator[Fault]:
    """Every link leads to an entry or a record that is there."""
    neighbours = (*entry.path, *entry.neighbours, *entry.confused_with)
    entries = [r.entry for _, p in _paragraphs(entry) for r in p.runs] + [row.entry for _, row in _rows(entry)]
    records = [r.record for _, p in _paragraphs(entry) for r in p.runs] + [row.record for _, row in _rows(entry)]
    for ref in {*entries, *(n.entry for n in neighbours)} - {None}:
        if ref is not None and (ref.id not in targets(knowledge) or not _there(knowledge, ref)):
            yield _fault(where, "links", "links", f"{ref.kind}:{ref.id}", "an entry")
    for ref in {*records, *entry.made_of} - {None}:
        if ref is not None and not _there(knowledge, ref):
            yield _fault(where, "links", "links", f"{ref.kind}:{ref.id}", "a record")


def _there(knowledge: Knowledge, ref: RecordRef) -> bool:
    try:
        record_named(knowledge, ref.kind, ref.id)
    except SoleusError:
        return False
    return True


def _plain_words(easy: Names, entry: Entry, where: str) -> Iterator[Fault]:
    """What patients read as sentences is of a low school grade; names of entries count as one easy word."""
    if entry.audience != "patient":
        return
    read: dict[str, list[str]] = {}
    for part, p in _paragraphs(entry):
        read.setdefault(part, []).append("".join("cramp" if r.entry else r.text for r in p.runs))
    for part, told in read.items():
        text = _eased("\n".join(told), easy)
        if len(text.split()) >= _FEWEST_WORDS and (found := grade(text)) > HARDEST:
            yield _fault(where, part, "plain_words", f"grade {found:.1f}", f"at most {HARDEST:g}")


Names = dict[str, list[tuple[str, ...]]]
_TOKEN = re.compile(r"\w+|\W+")


def _names(compiled: Compiled) -> Names:
    """First word -> names of conditions, causes and medicines as words, the longest first."""
    told = {n for e in compiled.explanations.values() for n in (e.name, e.patient_name, *e.synonyms)}
    told |= {n for c in compiled.contributors.values() for n in (c.name, c.patient_name)}
    told |= {n for m in compiled.knowledge.all(Medicine) for n in (m.name, *m.names)}
    out: Names = {}
    for words in {tuple(re.findall(r"\w+", n.lower())) for n in told if len(n) > 2}:
        out.setdefault(words[0], []).append(words)
    return {first: sorted(names, key=len, reverse=True) for first, names in out.items()}


def _eased(text: str, names: Names) -> str:
    """The text with every name as one easy word: a text about a thing has to name it."""
    tokens = _TOKEN.findall(text)
    words = [(n, t.lower()) for n, t in enumerate(tokens) if t[0].isalnum() or t[0] == "_"]
    at, out = 0, list(tokens)
    while at < len(words):
        told = tuple(w for _, w in words[at : at + 12])
        found = next((name for name in names.get(told[0], ()) if told[: len(name)] == name), None)
        if found:
            first, last = words[at][0], words[at + len(found) - 1][0]
            out[first : last + 1] = ["cramp", *[""] * (last - first)]
        at += len(found) if found else 1
    return "".join(out)


def _fault(where: str, part: str, rule: str, found: str, expected: str) -> Fault:
    return Fault(where=f"{where} {part}", rule=rule, found=found, expected=expected)
