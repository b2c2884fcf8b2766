"""What readers would correct, and what became of it.

    open ──► accepted (with the value that goes into the data) ──► in the knowledge, once a release holds it
      ├────► declined (with the reason)
      ├────► merged (into another proposal about the same record)
      └────► retracted (by who proposed it)            accepted, declined and merged can be reopened

A reader without an account is ``reader:`` and a digest of the key that their receipt holds: with it they see what
became of their proposal and can take it back, which erases it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from soleus.accounts import Visitor
from soleus.editorial.events import (
    CORRECTION,
    PROPOSAL,
    clean,
    kept,
    last,
    not_newer,
    record_named,
    signed,
    signed_in,
    subject_of,
)
from soleus.editorial.records import fields, label_of, record_of, text_of, value_at, value_of
from soleus.errors import InvalidValue, NotAllowed, UnknownName
from soleus.evidence.content import digest, folded
from soleus.knowledge.loader import Knowledge
from soleus.storage import Event, EventLog

State = Literal["open", "accepted", "declined", "merged", "retracted"]
Outcome = Literal["accepted", "declined", "merged", "reopened"]

#: Letters that a proposal may have: enough for a sentence and its source, too few for the letter of a patient.
LONGEST: Final = {"field": 120, "value": 2_000, "source": 500, "reason": 1_500, "contact": 200}
LONGEST_VALUE: Final = 20_000  # letters of an accepted value: the longest text of an article
_READER: Final = "reader:"
_EDITORS: Final = frozenset({"reviewer", "administrator"})


@dataclass(frozen=True)
class Proposal:
    """What a reader sends. ``field`` '' speaks of the record as a whole; ``value`` is a value or words."""

    field: str
    value: str
    source: str
    reason: str
    contact: str = ""


@dataclass(frozen=True)
class Correction:
    """A proposal and what became of it.

    ``value``: what goes into the data if it was accepted. ``decided``: the event that did it. ``in_data``: the record
    has that value now. ``edited``: the accepted value is not the one that was proposed.
    """

    number: int
    kind: str
    id: str
    proposed: Event
    state: State
    decided: Event | None = None
    value: Any = None
    in_data: bool = False

    @property
    def field(self) -> str:
        return str(self.proposed.body.get("field", ""))

    @property
    def accepted_field(self) -> str:
        """The field that the accepted value goes into: an editor may have found a better one."""
        return str(self.decided.body.get("field", self.field)) if self.decided else self.field

    @property
    def edited(self) -> bool:
        return bool(self.decided and self.decided.body.get("edited"))

    @property
    def anonymous(self) -> bool:
        return self.proposed.author.startswith(_READER)

    def label(self) -> str:
        return label_of(self.field) if self.field else "the whole record"


# --- proposing ----------------------------------------------------------------------------------------------


def new_key() -> str:
    """The key of a reader without an account, as it stands in the address of their receipt."""
    return secrets.token_urlsafe(24)


def reader(key: str) -> str:
    """The author that a key stands for; the key cannot be found from it."""
    return _READER + hashlib.sha256(f"soleus proposal {key}".encode()).hexdigest()[:32]


def propose(
    log: EventLog, knowledge: Knowledge, kind: str, id: str, told: Proposal, who: Visitor | None, key: str, at: float
) -> Event:
    """Keep a proposal. Raises `UnknownName` for the record or its field, `InvalidValue` for a text that is too long."""
    record = record_of(knowledge, kind, id)
    body = _checked(record, told)
    if who is None:
        by, author = {"name": "", "content": digest(record), "version": knowledge.version}, reader(key)
    else:
        by, author = signed(who, knowledge, record), who.id
    return log.append(Event(PROPOSAL, subject_of(kind, id), "proposed", author, at, by | body))


def _checked(record: Any, told: Proposal) -> dict[str, str]:
    if told.field and told.field not in {f.path for f in fields(record)}:
        raise UnknownName("field", "none of this record", "a field of the record", "Choose one of those listed.")
    texts = {name: getattr(told, name) for name in LONGEST}
    return {name: clean(name, text, LONGEST[name], needed=name in ("value", "reason")) for name, text in texts.items()}


def retract(log: EventLog, number: int, author: str, at: float) -> bool:
    """Take back a proposal of one's own. A reader without an account erases it; an account's stays, marked as such."""
    found = next((e for e in log.events(PROPOSAL, author=author) if e.number == number), None)
    if found is None:
        return False
    if author.startswith(_READER):
        log.erase(PROPOSAL, author)
    else:
        log.append(Event(PROPOSAL, found.subject, "retracted", author, at, {"proposal": number}))
    return True


# --- deciding -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Decision:
    """What an editor makes of a proposal. ``field`` and ``value`` for an acceptance, ``into`` for a merger.

    ``seen``: the number of the last decision on this record that the editor saw.
    """

    proposal: int
    outcome: Outcome
    seen: int
    field: str = ""
    value: str = ""
    reason: str = ""
    into: int = 0


def decide(
    log: EventLog, knowledge: Knowledge, kind: str, id: str, told: Decision, who: Visitor | None, at: float
) -> Event:
    """Keep a decision. Raises `ChangedMeanwhile`, `NotSignedIn`, `NotAllowed`, `UnknownName`, `InvalidValue`."""
    editor = editor_of(who)
    record = record_of(knowledge, kind, id)
    decisions = kept(log, CORRECTION, kind, id)
    not_newer(decisions, told.seen)
    found = {c.number: c for c in of_record(log, knowledge, kind, id)}
    one = found.get(told.proposal)
    if one is None:
        raise UnknownName("proposal", "none of this record", "a proposal about it", "Go back to the record.")
    if told.outcome == "accepted" and one.proposed.author == editor.id:
        raise NotAllowed("proposal", "one of your own", "somebody else's", "Another reviewer accepts it.")
    _fits(one, told, found)
    about = {"proposal": one.number, "proposer": one.proposed.author}
    body = signed(editor, knowledge, record) | about | _decided(record, one, told)
    event = Event(CORRECTION, subject_of(kind, id), told.outcome, editor.id, at, body)
    return log.append(event, after=last(decisions))


def editor_of(who: Visitor | None) -> Visitor:
    """The visitor, who may decide: a reviewer or an administrator. Raises `NotSignedIn`, `NotAllowed`."""
    visitor = signed_in(who)
    if not visitor.roles & _EDITORS:
        raise NotAllowed("account", "an account without that role", "a reviewer", "Ask an administrator for it.")
    return visitor


def _fits(one: Correction, told: Decision, others: dict[int, Correction]) -> None:
    may = {"open": ("accepted", "declined", "merged"), "retracted": ()}.get(one.state, ("reopened",))
    if told.outcome not in may:
        raise InvalidValue("proposal", f"one that is {one.state}", "one that awaits this", "Look at it again.")
    if told.outcome == "merged" and (told.into not in others or told.into == one.number):
        raise InvalidValue("into", "no other proposal", "another about this record", "Name its number.")


def _decided(record: Any, one: Correction, told: Decision) -> dict[str, Any]:
    reason = clean("reason", told.reason, LONGEST["reason"], needed=told.outcome == "declined")
    if told.outcome == "merged":
        return {"reason": reason, "into": told.into}
    if told.outcome != "accepted":
        return {"reason": reason}
    field = told.field or one.field
    value = value_of(record, field, clean("value", told.value, LONGEST_VALUE))
    was = value_at(record, field)
    if value == was:
        raise InvalidValue("value", "the value that is there", "another", "Decline it, or write the new value.")
    return {
        "reason": reason,
        "field": field,
        "value": value,
        "was": was,
        "edited": folded(told.value) != folded(str(one.proposed.body.get("value", ""))) or field != one.field,
    }


# --- reading ------------------------------------------------------------------------------------------------


def of_record(log: EventLog, knowledge: Knowledge, kind: str, id: str) -> tuple[Correction, ...]:
    """The corrections of one record, in the order in which they came."""
    return _joined(kept(log, PROPOSAL, kind, id), kept(log, CORRECTION, kind, id), knowledge)


def every(log: EventLog, knowledge: Knowledge) -> tuple[Correction, ...]:
    """All corrections, in the order in which they came."""
    return _joined(log.events(PROPOSAL), log.events(CORRECTION), knowledge)


def by(log: EventLog, knowledge: Knowledge, author: str) -> tuple[Correction, ...]:
    """The corrections that somebody proposed."""
    own = log.events(PROPOSAL, author=author)
    decided = tuple(e for s in dict.fromkeys(o.subject for o in own) for e in log.events(CORRECTION, subject=s))
    mine = {e.number for e in own}
    return _joined(own, tuple(e for e in decided if e.body.get("proposal") in mine), knowledge)


def _joined(proposals: tuple[Event, ...], decisions: tuple[Event, ...], knowledge: Knowledge) -> tuple[Correction, ...]:
    """Each proposal with its newest decision; a decision stays when its proposal has been erased."""
    newest = {int(e.body["proposal"]): e for e in decisions}
    made = {e.number: e for e in proposals if e.kind == "proposed"}
    erased = {n: Event(PROPOSAL, e.subject, "proposed", "", e.at, {}, n) for n, e in newest.items() if n not in made}
    retracted = {e.body.get("proposal") for e in proposals if e.kind == "retracted"}
    found = sorted((made | erased).items())
    return tuple(_correction(e, newest.get(n), n in retracted, knowledge) for n, e in found)


def _correction(e: Event, decided: Event | None, retracted: bool, knowledge: Knowledge) -> Correction:
    kind, id = record_named(e.subject)
    state: State = "retracted" if retracted else "open"
    if decided is not None and decided.kind != "reopened":
        state = decided.kind  # type: ignore[assignment]
    if state != "accepted" or decided is None:
        return Correction(e.number, kind, id, e, state, decided)
    there = _stands(knowledge, kind, id, decided)
    return Correction(e.number, kind, id, e, state, decided, decided.body.get("value"), there)


def _stands(knowledge: Knowledge, kind: str, id: str, accepted: Event) -> bool:
    try:
        return stands(record_of(knowledge, kind, id), accepted)
    except UnknownName:  # the record is gone
        return False


def stands(record: Any, accepted: Event) -> bool:
    """Whether a record has the value that was accepted."""
    try:
        return text_of(value_at(record, str(accepted.body.get("field")))) == text_of(accepted.body.get("value"))
    except UnknownName:
        return False


def authors_of(record: Any, decisions: Iterable[Event]) -> frozenset[str]:
    """Account ids of those whose words the record has now, so that they cannot approve it.

    The proposers of every value that was ever accepted and stands, and the editors who wrote such a value themselves:
    to reopen a correction makes nobody less its author. Where the proposer had no account it is the editor as well: it
    might be the same person, and two are needed.
    """
    standing = [e for e in decisions if e.kind == "accepted" and stands(record, e)]
    proposers = {str(e.body.get("proposer", "")) for e in standing}
    return frozenset(proposers | {e.author for e in standing if e.body.get("edited") or _is_reader(e.body)})


def _is_reader(decided: Mapping[str, Any]) -> bool:
    """Whether what was decided on came from a reader without an account."""
    return str(decided.get("proposer", "")).startswith(_READER)
