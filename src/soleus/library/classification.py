"""Where an entry stands: in the classification of sleep-related movement disorders, else in its family."""

from __future__ import annotations

from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.articles import ShortEntry
from soleus.knowledge.schema.core import Explanation
from soleus.knowledge.schema.safety import Classification
from soleus.library.model import Neighbour, RecordRef
from soleus.library.titles import name_of, title_of
from soleus.reasoning.assessment import Audience
from soleus.reports.words import capital


def place_of(knowledge: Knowledge, kind: str, id: str) -> Classification | None:
    """The place of an explanation or short entry; None outside of the class."""
    if kind == "short_entry":
        return knowledge.by_id(Classification).get(id)
    places = [c for c in knowledge.all(Classification) if c.explanation == id]
    return next(iter(sorted(places, key=lambda c: (c.role != "member", c.id))), None)


def entry_at(knowledge: Knowledge, place: Classification) -> RecordRef | None:
    """The entry of a place: the explanation where it is one, else the short entry."""
    if place.explanation and place.explanation in knowledge.by_id(Explanation):
        return RecordRef(kind="explanation", id=place.explanation)
    return RecordRef(kind="short_entry", id=place.id) if place.id in knowledge.by_id(ShortEntry) else None


def path(knowledge: Knowledge, kind: str, id: str, audience: Audience) -> tuple[Neighbour, ...]:
    """From the outside in: the class and the place in it; outside of the class the family of an explanation."""
    found = place_of(knowledge, kind, id)
    own = RecordRef(kind=kind, id=id)
    here = Neighbour(entry=own, label=title_of(knowledge, own, audience), here=True)
    if found is None:
        family = getattr(knowledge.by_id(Explanation).get(id), "family", None) if kind == "explanation" else None
        return (Neighbour(entry=None, label=capital(family.replace("_", " "))), here) if family else (here,)
    steps: list[Neighbour] = []
    parent = found.parent
    while parent:
        above = knowledge.by_id(Classification)[parent]
        steps.insert(0, Neighbour(entry=entry_at(knowledge, above), label=capital(above.name)))
        parent = above.parent
    return (*steps, here)


def neighbours(knowledge: Knowledge, kind: str, id: str, audience: Audience) -> tuple[Neighbour, ...]:
    """The members of the same class, isolated symptoms and variants last; outside of it the same family."""
    found = place_of(knowledge, kind, id)
    if found is None:
        return _family(knowledge, id, audience) if kind == "explanation" else ()
    alike = [c for c in knowledge.all(Classification) if c.parent == found.parent and c.role != "group"]
    ranked = sorted(alike, key=lambda c: (c.role != "member", c.name))
    return tuple(_neighbour(knowledge, c, audience, here=c.id == found.id) for c in ranked)


def _neighbour(knowledge: Knowledge, place: Classification, audience: Audience, here: bool) -> Neighbour:
    entry = entry_at(knowledge, place)
    label = title_of(knowledge, entry, audience) if entry and audience == "patient" else capital(place.name)
    return Neighbour(entry=entry, label=label, here=here)


def _family(knowledge: Knowledge, id: str, audience: Audience) -> tuple[Neighbour, ...]:
    every = knowledge.by_id(Explanation)
    kin = sorted((e for e in every.values() if e.family == every[id].family), key=lambda e: e.name)
    return tuple(
        Neighbour(entry=RecordRef(kind="explanation", id=e.id), label=capital(name_of(e, audience)), here=e.id == id)
        for e in kin
    )
