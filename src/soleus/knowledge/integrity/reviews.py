"""Who stands behind a record, and until when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple

from soleus.evidence.content import approved_by_another, digest
from soleus.evidence.record import Review
from soleus.knowledge.integrity.base import Base, Found, rule
from soleus.knowledge.loader import Knowledge

_SET_BACK = "Set its status back to submitted; a reviewer who reads it as it is now approves it anew."


def _reviews(base: Base) -> Iterator[tuple[str, Any, Review]]:
    for kind, records in base.records.items():
        for r in records:
            if (review := getattr(r, "review", None)) is not None:
                yield kind, r, review


def _approvals(base: Base) -> Iterator[tuple[str, Any, Review]]:
    return (found for found in _reviews(base) if found[2].status == "approved")


@rule
def approval_needs_a_second_person(base: Base) -> Iterator[Found]:
    """An approved record was approved by somebody other than its curator."""
    for kind, r, review in _approvals(base):
        if not approved_by_another(review):
            yield Found(kind, r.id, "review", "Approved without a second person.", "Name the reviewer.")


@rule
def approval_is_of_this_content(base: Base) -> Iterator[Found]:
    """An approval names the digest of what was approved, and the record has not changed since."""
    for kind, r, review in _approvals(base):
        if review.of != (now := digest(r)):
            message = f"Approved as {review.of or 'nothing that is named'}, and its content is {now}."
            yield Found(kind, r.id, "review.of", message, _SET_BACK)


@rule
def approval_declares_interests(base: Base) -> Iterator[Found]:
    """An approval says what interests the reviewer has, if only "none", and from when until when it holds."""
    for kind, r, review in _approvals(base):
        for field in ("conflict_of_interest", "last_reviewed", "review_by"):
            if not getattr(review, field):
                yield Found(kind, r.id, f"review.{field}", "The approval does not say it.", "State it.")


@rule
def review_dates_are_sane(base: Base) -> Iterator[Found]:
    """Dates of reviews are days of the calendar, and the next review comes after the last."""
    for kind, r, review in _reviews(base):
        dates = {"last_reviewed": review.last_reviewed, "review_by": review.review_by}
        wrong = [field for field, told in dates.items() if told is not None and not _is_day(told)]
        for field in wrong:
            yield Found(kind, r.id, f"review.{field}", f"{dates[field]!r} is no day.", "Write it as 2026-11-21.")
        if not wrong and review.review_by and review.review_by < (review.last_reviewed or ""):
            yield Found(kind, r.id, "review.review_by", "It is due before it was reviewed.", "Correct the dates.")


def _is_day(told: str) -> bool:
    try:
        return date.fromisoformat(told).isoformat() == told
    except ValueError:
        return False


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
