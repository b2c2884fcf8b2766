"""How editorial work is kept: three streams for each record, and who wrote what.

    review      the workflow of its content: taken, given_back, approved, returned, withdrawn, comment
    proposal    what readers would correct: proposed, retracted
    correction  what became of that: accepted, declined, merged, reopened

Proposals have a stream of their own, so that a reader who writes never stands in the way of a reviewer who decides.
"""

from __future__ import annotations

import re
from typing import Any, Final

from soleus.accounts import Visitor
from soleus.errors import ChangedMeanwhile, InvalidValue, NotSignedIn
from soleus.evidence.content import digest
from soleus.knowledge.loader import Knowledge
from soleus.storage import Event, EventLog

REVIEW: Final = "review"
PROPOSAL: Final = "proposal"
CORRECTION: Final = "correction"

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]")

LONGEST_COMMENT: Final = 4_000
LONGEST_INTEREST: Final = 500


def subject_of(kind: str, id: str) -> str:
    """How a record is named in the log."""
    return f"{kind}:{id}"


def record_named(subject: str) -> tuple[str, str]:
    """(kind, id) of a subject."""
    kind, _, id = subject.partition(":")
    return kind, id


def signed_in(who: Visitor | None) -> Visitor:
    """The visitor. Raises `NotSignedIn` if there is none."""
    if who is None:
        raise NotSignedIn("account", "nobody signed in", "somebody who is", "Sign in, then come back to this page.")
    return who


def signed(who: Visitor, knowledge: Knowledge, record: Any) -> dict[str, Any]:
    """What every event says of who wrote it and of what they had before them."""
    return {
        "name": who.name,
        "version": knowledge.version,
        "knowledge": knowledge.digest,
        "content": digest(record),
    }


def last(events: tuple[Event, ...]) -> int:
    """The number of the last event, 0 without one."""
    return events[-1].number if events else 0


def not_newer(events: tuple[Event, ...], seen: int) -> None:
    """Raise `ChangedMeanwhile` if there is an event that somebody who has seen number ``seen`` does not know."""
    if last(events) != seen:
        raise ChangedMeanwhile(
            "record", "something newer", "the state that you saw", "Look at what changed, then send again."
        )


def clean(where: str, text: str, most: int, *, needed: bool = False) -> str:
    """Typed text without blanks at its ends, and without letters that nobody types.

    Raises `InvalidValue` for one that is missing, or longer than ``most``.
    """
    told = _CONTROLS.sub("", text.replace("\r\n", "\n")).strip()
    if needed and not told:
        raise InvalidValue(where, "nothing", "a few words", "Fill it in.")
    if len(told) > most:
        raise InvalidValue(where, f"{len(told):,} letters", f"at most {most:,}", "Shorten it.")
    return told


def kept(log: EventLog, topic: str, kind: str, id: str) -> tuple[Event, ...]:
    """The stream of one record."""
    return log.events(topic, subject=subject_of(kind, id))
