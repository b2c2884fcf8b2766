"""Who stands behind a record, and until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from soleus.knowledge.integrity.base import Base, Found, rule
from soleus.knowledge.loader import Knowledge


@rule
def approval_needs_a_second_person(base: Base) -> Iterator[Found]:
    """An approved record was approved by somebody other than its curator."""
    for kind, records in base.records.items():
        for r in records:
            review = getattr(r, "review", None)
            if review and review.status == "approved" and review.reviewer in (None, "", review.curator):
                yield Found(kind, r.id, "review", "Approved without a second person.", "Name the reviewer.")


class Overdue(NamedTuple):
    """Records of one kind whose review was due on one day."""

    kind: str
    review_by: str
    ids: tuple[str, ...]


def overdue(knowledge: Knowledge, as_of: str) -> tuple[Overdue, ...]:
    """Reviews due before ``as_of`` (ISO date), the oldest first. They fail nothing."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, records in knowledge.records.items():
        for r in records:
            review = getattr(r, "review", None)
            if review and review.review_by and review.review_by < as_of:
                found[review.review_by, kind].append(r.id)
    return tuple(Overdue(kind, by, tuple(ids)) for (by, kind), ids in sorted(found.items()))
