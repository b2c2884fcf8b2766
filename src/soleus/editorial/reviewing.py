"""What may be done with a record under review, by whom, and in which state.

                 taken                    approved
    submitted ──────────► under review ──────────► approved
        ▲  ▲                │   │                     │  taken again, when it is due
        │  └── given back ──┘   │ returned            │
        └───────────────────────┴──── withdrawn ──────┘        any change of the record: submitted

Only a reviewer who wrote none of the content may take and decide. Comments are for everybody who is signed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from soleus.accounts import Visitor, allowed
from soleus.editorial.corrections import authors_of
from soleus.editorial.events import (
    CORRECTION,
    LONGEST_COMMENT,
    LONGEST_INTEREST,
    REVIEW,
    clean,
    kept,
    not_newer,
    signed,
    signed_in,
    subject_of,
)
from soleus.editorial.records import record_of, reviewable
from soleus.editorial.standing import Standing, fold, may_approve
from soleus.errors import InvalidValue, NotAllowed
from soleus.evidence.content import content
from soleus.knowledge.loader import Knowledge
from soleus.storage import Event, EventLog

Act = Literal["taken", "given_back", "approved", "returned", "withdrawn", "comment"]

#: Acts that decide about a content: they keep it, so that the next reviewer sees what changed since.
DECISIONS: Final[frozenset[Act]] = frozenset({"approved", "returned"})


@dataclass(frozen=True)
class Deed:
    """What somebody wants to do. ``seen``: the number of the record's last event that they have before them.

    ``conflict_of_interest`` is needed for a decision and may be "none"; ``comment`` for a return and for a comment.
    """

    act: Act
    seen: int
    comment: str = ""
    conflict_of_interest: str = ""


def act(log: EventLog, knowledge: Knowledge, kind: str, id: str, deed: Deed, who: Visitor | None, at: float) -> Event:
    """Do it and keep it. Raises `ChangedMeanwhile`, `NotSignedIn`, `NotAllowed`, `UnknownName`, `InvalidValue`."""
    visitor = signed_in(who)
    record = record_of(knowledge, kind, id)
    if not reviewable(record):
        raise InvalidValue("record", "a source", "a record that can be reviewed", "Propose a correction instead.")
    body = signed(visitor, knowledge, record) | _texts(deed)
    if deed.act == "comment":
        return log.append(Event(REVIEW, subject_of(kind, id), "comment", visitor.id, at, body))
    allowed(visitor, "administrator" if _for_administrators(deed, visitor) else "reviewer")
    events, corrections = kept(log, REVIEW, kind, id), kept(log, CORRECTION, kind, id)
    not_newer(events, deed.seen)
    _may(deed.act, fold(record, events, corrections), visitor, record, authors_of(record, corrections))
    if deed.act in DECISIONS:
        body["record"] = content(record)
    return log.append(Event(REVIEW, subject_of(kind, id), deed.act, visitor.id, at, body), after=deed.seen)


def _for_administrators(deed: Deed, who: Visitor) -> bool:
    """An administrator may end what somebody left behind, and approves nothing by that."""
    return deed.act in ("withdrawn", "given_back") and "reviewer" not in who.roles


def _texts(deed: Deed) -> dict[str, str]:
    comment = clean("comment", deed.comment, LONGEST_COMMENT, needed=deed.act in ("returned", "comment"))
    needed = deed.act in DECISIONS
    interest = clean("conflict_of_interest", deed.conflict_of_interest, LONGEST_INTEREST, needed=needed)
    return {"comment": comment} | ({"conflict_of_interest": interest} if needed else {})


def _may(act: Act, now: Standing, who: Visitor, record: Any, barred: frozenset[str]) -> None:
    """Raise `NotAllowed` or `InvalidValue` for what this visitor may not do in this state."""
    mine = now.holder is not None and now.holder.author == who.id
    if act in ("taken", "approved", "returned") and not may_approve(record, who.id, {"name": who.name}, barred):
        raise NotAllowed("record", "its author", "another reviewer", "Somebody else reviews what you wrote.")
    if act == "taken" and mine:
        raise _wrong("a record that you have under review already", "one that you have not")
    if act in DECISIONS and not mine:
        raise _wrong("a record that you have not taken", "one that you have under review")
    if act == "given_back" and (now.holder is None or not (mine or "administrator" in who.roles)):
        raise _wrong("a record that you have not taken", "one that you have under review")
    if act == "withdrawn":
        own = now.approval is not None and now.approval.author == who.id
        if now.approval is None or not (own or "administrator" in who.roles):
            raise _wrong("no approval of yours", "a record that you approved")


def _wrong(found: str, expected: str) -> InvalidValue:
    return InvalidValue("record", found, expected, "Look at where it stands.")
