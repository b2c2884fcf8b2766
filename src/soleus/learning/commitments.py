"""What somebody resolves to do differently after a quiz, and later what became of it."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal, get_args

import msgspec
from msgspec import Struct

from soleus.accounts import Visitor
from soleus.errors import ChangedMeanwhile, InvalidValue
from soleus.learning.records import TOPIC, Record, body_of
from soleus.learning.rules import resolutions, rules
from soleus.storage import Event, EventLog

MOST_WORDS = 500
Reply = Literal["yes", "partly", "no"]
REPLIES: tuple[Reply, ...] = get_args(Reply)


class Promise(Struct, frozen=True):
    """``statements`` are ids of resolutions, ``words`` one's own; ``until`` (ISO date): when one is asked again."""

    statements: tuple[str, ...]
    words: str
    until: str


class Outcome(Struct, frozen=True):
    """Whether it was done, in the learner's own judgement; ``words`` say what stood in the way, or helped."""

    reply: Reply
    words: str


@dataclass(frozen=True)
class Commitment:
    """The last promise, with the outcome that was told since. ``last``: the number of its last line in the log."""

    code: str
    promise: Promise
    at: float
    outcome: Outcome | None
    outcome_at: float | None
    last: int

    def due(self, today: str) -> bool:
        return self.outcome is None and self.promise.until <= today

    @property
    def texts(self) -> tuple[str, ...]:
        """What was promised, in words; statements that were withdrawn since stand by their ids."""
        known = resolutions()
        named = (known[s].text if s in known else s.replace("_", " ") for s in self.promise.statements)
        return (*named, *((self.promise.words,) if self.promise.words else ()))


def promise(statements: tuple[str, ...], words: str, weeks: str, today: str) -> Promise:
    """A promise as a form tells it. Raises `InvalidValue` where nothing is promised, or no time is chosen."""
    chosen = tuple(s for s in resolutions() if s in statements)
    own = " ".join(words.split())[:MOST_WORDS]
    if not chosen and not own:
        raise InvalidValue("commitment", "nothing", "a statement, or your own words", "Choose one, or write one.")
    if weeks not in {str(w) for w in rules().follow_up_weeks}:
        raise InvalidValue("weeks", "no time", "when to be asked again", "Choose one of the times.")
    until = datetime.date.fromisoformat(today) + datetime.timedelta(weeks=int(weeks))
    return Promise(chosen, own, until.isoformat())


def outcome(reply: str, words: str) -> Outcome:
    """Raises `InvalidValue` for another reply than yes, partly or no."""
    for known in REPLIES:
        if reply == known:
            return Outcome(known, " ".join(words.split())[:MOST_WORDS])
    raise InvalidValue("reply", "no reply", "yes, partly or no", "Choose one of them.")


def commitments_of(record: Record) -> tuple[Commitment, ...]:
    """Those of a record, the oldest first."""
    codes = dict.fromkeys(e.subject for e in record.events if e.subject.startswith("commitment:"))
    return tuple(_built([e for e in record.events if e.subject == subject]) for subject in codes)


def commitment_on(record: Record, code: str) -> Commitment | None:
    """The one that follows from the quiz of a code."""
    return next((c for c in commitments_of(record) if c.code == code), None)


def _built(events: list[Event]) -> Commitment:
    said = [e for e in events if e.kind == "committed"][-1]
    after = [e for e in events if e.kind == "followed_up" and e.number > said.number]
    last = after[-1] if after else None
    return Commitment(
        said.subject.partition(":")[2],
        msgspec.convert(said.body, Promise),
        said.at,
        msgspec.convert(last.body, Outcome) if last else None,
        last.at if last else None,
        events[-1].number,
    )


def keep(log: EventLog, who: Visitor, code: str, what: Promise | Outcome, seen: int, at: float) -> None:
    """Keep a promise or an outcome of somebody who saw the line ``seen``, 0 for none.

    The same sent twice is kept once. Raises `ChangedMeanwhile` where another page said something else since.
    """
    kind = "committed" if isinstance(what, Promise) else "followed_up"
    event = Event(TOPIC, f"commitment:{code}", kind, who.id, at, body_of(what))
    try:
        log.append(event, after=seen)
    except ChangedMeanwhile:
        newest = log.events(TOPIC, subject=event.subject)[-1:]
        if not newest or (newest[0].kind, newest[0].body) != (kind, event.body):
            raise
