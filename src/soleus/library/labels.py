"""What a record is called in a list of records: its name, its statement, or what it sets side by side."""

from __future__ import annotations

from typing import Any

from soleus.errors import UnknownName
from soleus.knowledge.loader import Knowledge
from soleus.library.model import RecordRef
from soleus.library.titles import inside, name_of, record_named
from soleus.reports.words import capital

_LONGEST = 160  # characters; a longer statement is cut at a word
_NAMED = ("name", "question", "belief", "term", "result", "title", "statement", "meaning", "summary")
#: Kinds that join two things -> the fields that name them, with the kind of each.
_PAIRS = {
    "likelihood": (("finding", "finding"), ("explanation", "explanation")),
    "effect": (("contributor", "contributor"), ("explanation", "explanation")),
    "marker": (("finding", "finding"), ("contributor", "contributor")),
    "co_occurrence": (("first", "explanation"), ("second", "explanation")),
}
#: Kinds whose id is that of what they are about -> its kind.
_OF = {"rate": "explanation", "article": "explanation", "background": "finding", "harm": "explanation"}


def label(knowledge: Knowledge, ref: RecordRef) -> str:
    """A record in words; its id where it has none. Raises `UnknownName`."""
    record = record_named(knowledge, ref.kind, ref.id)
    if ref.kind in _PAIRS:
        first, second = (_name(knowledge, kind, getattr(record, field)) for field, kind in _PAIRS[ref.kind])
        return f"{capital(first)}: {inside(second)}"
    if ref.kind in _OF:
        return capital(_name(knowledge, _OF[ref.kind], record.id))
    return capital(_cut(_told(record)))


def _told(record: Any) -> str:
    found = (getattr(record, field, None) for field in _NAMED)
    return next((text for text in found if isinstance(text, str)), record.id.replace("_", " "))


def _name(knowledge: Knowledge, kind: str, id: str) -> str:
    try:
        return name_of(record_named(knowledge, kind, id), "clinician")
    except UnknownName:
        return id.replace("_", " ")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rpartition(" ")[0] + " …"
