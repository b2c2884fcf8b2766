"""Ids: one record each, well formed, and equal to the parts they are made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from soleus.knowledge.integrity.base import Base, Found, rule
from soleus.knowledge.schema.core import CoOccurrence, Effect, Likelihood, Marker

_ID = re.compile(r"[a-z0-9][a-z0-9_.\-]*")


@rule
def ids_are_unique(base: Base) -> Iterator[Found]:
    """An id stands for one record of its kind."""
    for kind, records in base.records.items():
        for id, n in Counter(r.id for r in records).items():
            if n > 1:
                yield Found(kind, id, "id", f"{n} records have this id.", "Join them, or rename all but one.")


@rule
def ids_are_well_formed(base: Base) -> Iterator[Found]:
    """Ids are lower-case letters, digits, `_`, `.` and `-`."""
    for kind, records in base.records.items():
        for r in records:
            if not _ID.fullmatch(r.id):
                yield Found(kind, r.id, "id", "The id has a letter or sign that ids do not have.", "Rename it.")


@rule
def ids_match_their_parts(base: Base) -> Iterator[Found]:
    """The id of a record between two others is ``<one>.<other>``."""
    pairs = [("likelihood", r.id, f"{r.explanation}.{r.finding}") for r in base.all(Likelihood)]
    pairs += [("effect", e.id, f"{e.contributor}.{e.explanation}") for e in base.all(Effect)]
    pairs += [("marker", m.id, f"{m.contributor}.{m.finding}") for m in base.all(Marker)]
    pairs += [("co_occurrence", c.id, f"{c.first}.{c.second}") for c in base.all(CoOccurrence)]
    for kind, id, wanted in pairs:
        if id != wanted:
            yield Found(kind, id, "id", f"Its parts make it {wanted!r}.", "Rename it, or correct its parts.")
