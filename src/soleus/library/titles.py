"""What a thing is called, at the head of its page and inside a sentence."""

from __future__ import annotations

import re
from typing import Any

from soleus.errors import UnknownName, near_names
from soleus.knowledge.loader import Knowledge, kinds
from soleus.knowledge.prose_fields import ENTRY_KINDS, targets
from soleus.library.model import RecordRef
from soleus.reasoning.assessment import Audience
from soleus.reports.words import capital, lower_first

#: Names of people and places that begin a name; they keep their capital inside a sentence.
_PROPER = re.compile(
    r"(?:Achilles|Allen|Baker|Buerger|Charcot|Chvostek|Doppler|Ekbom|Guillain|Hodgkin|Homans|Hoover|Lhermitte|McArdle|"
    r"Morton|Paget|Parkinson|Raynaud|Sjögren|Stemmer|Tinel|Trousseau|Turner|Wells|Willis)\b"
)


def record_named(knowledge: Knowledge, kind: str, id: str) -> Any:
    """The record of a kind and id. Raises `UnknownName`."""
    structure = kinds().get(kind)
    if structure is None:
        raise UnknownName("kind", repr(kind[:60]), "a kind of record", near_names(kind[:60], sorted(kinds())))
    known = knowledge.by_id(structure)
    if id not in known:
        raise UnknownName(
            kind, repr(id[:60]), f"the id of one {kind.replace('_', ' ')}", near_names(id[:60], list(known))
        )
    return known[id]


def name_of(record: Any, audience: Audience) -> str:
    """The name as it stands in the record: for patients the plain one, where there is one."""
    if audience == "patient" and getattr(record, "patient_name", None):
        return str(record.patient_name)
    return str(next((v for f in ("name", "question", "term", "title") if (v := getattr(record, f, None))), record.id))


def title_of(knowledge: Knowledge, ref: RecordRef, audience: Audience) -> str:
    """The title of an entry. Raises `UnknownName`."""
    return capital(name_of(record_named(knowledge, ref.kind, ref.id), audience))


def inside(name: str) -> str:
    """A name as it is read inside a sentence."""
    return name if _PROPER.match(name) else lower_first(name)


def target(knowledge: Knowledge, id: str) -> RecordRef | None:
    """The entry that an id leads to, None without one."""
    kind = targets(knowledge).get(id)
    return RecordRef(kind=kind, id=id) if kind else None


def is_entry(kind: str) -> bool:
    return kind in ENTRY_KINDS
