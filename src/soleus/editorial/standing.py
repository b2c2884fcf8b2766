"""What the reviews in the store add to a record's own: the status that is shown, and who stands behind it.

A decision counts only while the content that it was made on is the content that is served, and an approval only if it
is not by an author of that content. Whatever the log holds besides, nothing else shows as approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final
from weakref import WeakKeyDictionary

from soleus.editorial.corrections import authors_of
from soleus.editorial.events import CORRECTION, REVIEW, kept, last, record_named
from soleus.editorial.records import record_of
from soleus.errors import UnknownName
from soleus.evidence.content import digest, folded, shown_status
from soleus.evidence.record import ReviewStatus
from soleus.knowledge.loader import Knowledge
from soleus.storage import Event, EventLog

Ref = tuple[str, str]
_ORDER: Final[tuple[ReviewStatus, ...]] = ("submitted", "under_review", "approved")


@dataclass(frozen=True)
class Standing:
    """Where a record stands.

    ``holder``: who has it under review. ``approval``: the event of the store that approves what is served, None where
    there is none or the data hold it. ``former``: the newest decision on content that was served before. ``last``: the
    number of the newest event, which a form sends back.
    """

    status: ReviewStatus
    content: str
    holder: Event | None = None
    approval: Event | None = None
    former: Event | None = None
    last: int = 0
    events: tuple[Event, ...] = ()


def standing(log: EventLog, knowledge: Knowledge, kind: str, id: str) -> Standing:
    """Where one record stands. Raises `UnknownName` for a record that is not served."""
    record = record_of(knowledge, kind, id)
    return fold(record, kept(log, REVIEW, kind, id), kept(log, CORRECTION, kind, id))


def fold(record: Any, events: tuple[Event, ...], corrections: Iterable[Event] = ()) -> Standing:
    """Where a record stands after the events of its two streams."""
    now, barred = digest(record), authors_of(record, corrections)
    own = [e for e in events if e.body.get("content") == now]
    former = [e for e in events if e.kind in ("approved", "returned") and e.body.get("content") != now]
    holder = approval = None
    for e in own:
        if e.kind == "taken":
            holder = e
        elif e.kind in ("approved", "returned", "withdrawn", "given_back"):
            holder = None
            if e.kind != "given_back":
                approval = e if e.kind == "approved" and may_approve(record, e.author, e.body, barred) else None
    return Standing(
        status=_status(record, own, holder, approval),
        content=now,
        holder=holder,
        approval=approval,
        former=former[-1] if former else None,
        last=last(events),
        events=events,
    )


def _status(record: Any, own: list[Event], holder: Event | None, approval: Event | None) -> ReviewStatus:
    """The store knows more than the data where it has decided about this very content."""
    if holder is not None:
        return "under_review"
    if any(e.kind in ("approved", "returned", "withdrawn") for e in own):
        return "approved" if approval is not None else "submitted"
    return shown_status(record)


def may_approve(record: Any, author: str, signed: Mapping[str, Any], barred: frozenset[str]) -> bool:
    """Whether an approval by this account, under the name as signed, is one by another than the authors."""
    curator = record.review.curator if getattr(record, "review", None) else ""
    name = folded(str(signed.get("name", "")))
    return bool(author and name) and author not in barred and name != folded(curator)


# --- the whole table ----------------------------------------------------------------------------------------


class _Table:
    """Every record that is not merely submitted; kept up to date by the numbers of the newest events."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self._lock = Lock()
        self._seen = {REVIEW: 0, CORRECTION: 0}
        self._found: Mapping[Ref, ReviewStatus] = knowledge.once(_of_data)

    def read(self, log: EventLog) -> Mapping[Ref, ReviewStatus]:
        """The table with every event that is kept by now. What was handed out before does not change."""
        with self._lock:
            if touched := self._touched(log):
                every = {**self._found, **{ref: _status_of(log, self.knowledge, ref) for ref in touched}}
                self._found = {ref: status for ref, status in every.items() if status != "submitted"}
            return self._found

    def _touched(self, log: EventLog) -> set[Ref]:
        out: set[Ref] = set()
        for topic, number in self._seen.items():
            new = log.events(topic, since=number)
            out |= {record_named(e.subject) for e in new}
            self._seen[topic] = last(new) or number
        return out


def _status_of(log: EventLog, knowledge: Knowledge, ref: Ref) -> ReviewStatus:
    try:
        return standing(log, knowledge, *ref).status
    except UnknownName:  # a record of another version
        return "submitted"


_tables: WeakKeyDictionary[EventLog, _Table] = WeakKeyDictionary()


def statuses(log: EventLog, knowledge: Knowledge) -> Mapping[Ref, ReviewStatus]:
    """(kind, id) -> status, of all records that are not merely submitted. Cheap: only new events are read."""
    table = _tables.get(log)
    if table is None or table.knowledge is not knowledge:
        table = _tables[log] = _Table(knowledge)
    return table.read(log)


def least(log: EventLog, knowledge: Knowledge, refs: Iterable[Ref]) -> ReviewStatus:
    """The status of what is made of several records, such as an entry: the least of theirs, ``submitted`` of none."""
    found = statuses(log, knowledge)
    return min((found.get(ref, "submitted") for ref in refs), key=_ORDER.index, default="submitted")


def _of_data(knowledge: Knowledge) -> dict[Ref, ReviewStatus]:
    every = (((kind, r.id), shown_status(r)) for kind, records in knowledge.records.items() for r in records)
    return {ref: status for ref, status in every if status != "submitted"}
