"""The words by which each entry is known: names, synonyms, former names, codes, brands, wordings of questions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import msgspec

from soleus.evidence.record import Code
from soleus.knowledge.prose import Cite, Figure, Link, Words, pieces
from soleus.knowledge.schema.articles import Article, CommonQuestion, ShortEntry, Term
from soleus.knowledge.schema.care import Guide, Treatment, WorkUp
from soleus.knowledge.schema.core import Contributor, Explanation, Finding
from soleus.knowledge.schema.medicines import Belief, Cause, Medicine
from soleus.knowledge.schema.safety import Classification
from soleus.library.model import EntryKind, RecordRef
from soleus.notes.lexicon import wordings
from soleus.notes.text import folded
from soleus.reasoning.compiled import Compiled

#: Kind of entry -> the record behind it, in the order in which kinds stand where nothing else decides.
KINDS: dict[EntryKind, type[Any]] = {
    "explanation": Explanation,
    "short_entry": ShortEntry,
    "common_question": CommonQuestion,
    "medicine": Medicine,
    "contributor": Contributor,
    "treatment": Treatment,
    "work_up": WorkUp,
    "finding": Finding,
}
assert set(KINDS) == set(get_args(EntryKind))

#: How an entry answers to a word: its own name; another name; a former, foreign or everyday one (`Term`); a code; a
#: brand or generic name; a wording of a question; a state of a finding.
How = Literal["name", "also", "former", "code", "brand", "question", "state"]


@dataclass(frozen=True)
class Name:
    """A word or phrase that an entry answers to, as it is written."""

    text: str
    how: How


def records(compiled: Compiled) -> Iterator[tuple[RecordRef, Any]]:
    """Every entry with its record, in a stable order."""
    for kind, structure in KINDS.items():
        for record in compiled.knowledge.all(structure):
            yield RecordRef(kind=kind, id=record.id), record


def names(compiled: Compiled) -> Mapping[RecordRef, tuple[Name, ...]]:
    """Entry -> every name that it answers to, its own first."""
    return compiled.once(_names)


def _names(compiled: Compiled) -> dict[RecordRef, tuple[Name, ...]]:
    lent = _lent(compiled)
    return {ref: tuple(dict.fromkeys((*_own(record), *lent.get(ref, ())))) for ref, record in records(compiled)}


def _own(record: Any) -> Iterator[Name]:
    """The names that stand in the record itself."""
    if isinstance(record, CommonQuestion):
        yield Name(record.question, "name")
        yield from (Name(asked, "question") for asked in record.asked_as)
        return
    yield Name(record.name, "name")
    if plain := getattr(record, "patient_name", None):
        yield Name(plain, "name")
    yield Name(record.id.replace("_", " "), "also")
    yield from (Name(word.removeprefix("!"), "also") for word in getattr(record, "synonyms", ()))
    if isinstance(record, Medicine):
        yield from (Name(name, "brand") for name in record.names)
    if isinstance(record, Finding):
        yield from _of_finding(record)
    for code in getattr(record, "codes", ()):
        yield from _of_code(code)


def _of_finding(finding: Finding) -> Iterator[Name]:
    yield Name(finding.question, "also")
    for state in finding.states:
        if finding.kind != "yes_no":
            yield Name(state.label, "state")
        yield from (Name(word, "state") for word in state.synonyms)


def _of_code(code: Code) -> Iterator[Name]:
    yield Name(code.code, "code")
    if code.display:
        yield Name(code.display, "also")


def _lent(compiled: Compiled) -> dict[RecordRef, list[Name]]:
    """Names that other records give to an entry: terms, places of the classification, guides, vague words."""
    out: dict[RecordRef, list[Name]] = {}
    for ref, name in (*_of_terms(compiled), *_of_others(compiled)):
        out.setdefault(ref, []).append(name)
    return out


def _of_terms(compiled: Compiled) -> Iterator[tuple[RecordRef, Name]]:
    for term in compiled.knowledge.all(Term):
        targets: tuple[tuple[EntryKind, str | None], ...] = (
            ("explanation", term.explanation),
            ("short_entry", term.entry),
        )
        for kind, id in targets:
            if id:
                yield from ((RecordRef(kind=kind, id=id), Name(word, "former")) for word in (term.term, *term.also))


def _of_others(compiled: Compiled) -> Iterator[tuple[RecordRef, Name]]:
    knowledge = compiled.knowledge
    for place in knowledge.all(Classification):
        if place.explanation:
            words = (place.name, *((place.alias,) if place.alias else ()))
            yield from ((RecordRef(kind="explanation", id=place.explanation), Name(word, "also")) for word in words)
    guides = knowledge.by_id(Guide)
    for treatment in knowledge.all(Treatment):
        for guide in (guides[g] for g in treatment.guides if g in guides):
            yield RecordRef(kind="treatment", id=treatment.id), Name(guide.patient_name, "also")
    medicines = knowledge.by_id(Medicine)
    for word, ids in wordings("questions")["medicines"].items():
        yield from ((RecordRef(kind="medicine", id=id), Name(word, "also")) for id in ids if id in medicines)


# ------------------------------------------------------------------------------------------------ what is said


def texts(compiled: Compiled) -> Mapping[RecordRef, str]:
    """Entry -> everything that is said in it, as plain words, without names of fields, ids and figures."""
    return compiled.once(_texts)


def _texts(compiled: Compiled) -> dict[RecordRef, str]:
    more = _said_elsewhere(compiled)
    return {
        ref: plain(" ".join(s for r in (record, *more.get(ref, ())) for s in _sentences(r)))
        for ref, record in records(compiled)
    }


def _said_elsewhere(compiled: Compiled) -> dict[RecordRef, list[Any]]:
    """Entry -> records that are shown in it: its article, beliefs and verdicts about a cause."""
    knowledge, out = compiled.knowledge, {}  # type: tuple[Any, dict[RecordRef, list[Any]]]
    for article in knowledge.all(Article):
        out.setdefault(RecordRef(kind="explanation", id=article.id), []).append(article)
    for record in (*knowledge.all(Cause), *knowledge.all(Belief)):
        for id in record.contributors:
            out.setdefault(RecordRef(kind="contributor", id=id), []).append(record)
        for id in getattr(record, "medicines", ()):
            out.setdefault(RecordRef(kind="medicine", id=id), []).append(record)
    return out


_SILENT = frozenset({"id", "note", "source", "review", "codes", "when", "not_worth_when", "conflicts", "author"})


def _sentences(value: Any) -> Iterator[str]:
    """Every text of a record that people read, however deep."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            if field not in _SILENT:
                yield from _sentences(getattr(value, field))
    elif isinstance(value, str):
        if " " in value:
            yield value
    elif isinstance(value, (tuple, list)):
        for each in value:
            yield from _sentences(each)


def plain(prose: str) -> str:
    """Prose without its markup: figures and citations left out, links as their words."""
    return " ".join("".join(_word(piece) for piece in pieces(" ".join(prose.split()))).split())


def _word(piece: Words | Figure | Cite | Link) -> str:
    if isinstance(piece, Words):
        return piece.text
    if isinstance(piece, Link):
        return piece.words or piece.target.replace("_", " ")
    return ""


# ------------------------------------------------------------------------------------------------ forms of a word


_APART = re.compile(r"[^\w+%]+|_")


def key_of(words: str) -> str:
    """The form in which names are compared: no case, accents or apostrophes; anaemia and anemia are one. Letters of
    other scripts stay.
    """
    told = folded(words)[0].replace("'", "")
    return _APART.sub(" ", told).strip().replace("ae", "e").replace("oe", "e")


_CODE = re.compile(r"[^a-z0-9]")


def code_key(code: str) -> str:
    """A code without its points: ``G47.62`` and ``g4762`` are one."""
    return _CODE.sub("", code.lower())


def distinct(words: Iterable[str]) -> tuple[str, ...]:
    """Each name once, whatever its case, in their order."""
    return tuple({key_of(word): word for word in reversed(tuple(words))}.values())[::-1]
