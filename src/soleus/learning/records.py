"""What somebody did in the course, kept line by line in the event log: nothing is overwritten, so nothing is lost.

    subject             kind         body
    answer:CODE         answered     `Given`, and the knowledge behind it
    quiz:CODE           sat          `Paper`
    question:CODE       asked        `Asked`
    commitment:CODE     committed    `Promise`; later ones take its place
                        followed_up  `Outcome`
    named               named        {"named": true or false}

A code is that of the attempt; it travels with the form. A form that is sent twice finds its code taken, and what came
first counts. Everything an account did is deleted with it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from soleus.accounts import Visitor
from soleus.errors import ChangedMeanwhile, InvalidValue
from soleus.learning.grading import Given, Score, score
from soleus.storage import Event, EventLog

TOPIC = "learning"
_T = TypeVar("_T")


class Knowledge(Struct, frozen=True):
    """The knowledge base by which something was judged."""

    version: str
    digest: str


class Answered(Struct, frozen=True):
    """One case of the course."""

    given: Given
    knowledge: Knowledge


class Paper(Struct, frozen=True):
    """A quiz as it was handed in. ``name`` is that of the account on that day; it stands on the certificate."""

    quiz: str
    given: tuple[Given, ...]
    pass_share: float
    name: str
    knowledge: Knowledge

    @property
    def score(self) -> Score:
        return score(self.given, self.pass_share)


class Asked(Struct, frozen=True):
    """The question that somebody would have asked next; ``question`` None: none, but act.

    ``value`` is the expected loss that it avoids less its burden, ``best`` that of the best choice.
    """

    case: str
    question: str | None
    value: float
    best: float

    @property
    def regret(self) -> float:
        return self.best - self.value


@dataclass(frozen=True)
class Kept(Generic[_T]):
    """Something that was kept: under which code, when (seconds since 1970), as which line of the log."""

    code: str
    at: float
    number: int
    what: _T


@dataclass(frozen=True)
class Record:
    """All that somebody did, oldest first; built from their events."""

    events: tuple[Event, ...]

    @cached_property
    def answers(self) -> tuple[Kept[Answered], ...]:
        return tuple(_of(self.events, "answered", Answered))

    @cached_property
    def quizzes(self) -> tuple[Kept[Paper], ...]:
        return tuple(_of(self.events, "sat", Paper))

    @cached_property
    def questions(self) -> tuple[Kept[Asked], ...]:
        return tuple(_of(self.events, "asked", Asked))

    @property
    def named(self) -> bool:
        """Whether the instructor of one's group may see one's name; not unless one says so."""
        said = [e.body.get("named") for e in self.events if e.kind == "named"]
        return bool(said and said[-1])

    @cached_property
    def given(self) -> tuple[tuple[float, Given], ...]:
        """Every answer with its moment, of single cases and of quizzes, in the order in which they were kept."""
        alone = [(a.number, a.at, a.what.given) for a in self.answers]
        inside = [(q.number, q.at, g) for q in self.quizzes for g in q.what.given]
        return tuple((at, g) for _, at, g in sorted([*alone, *inside], key=lambda row: row[0]))

    @cached_property
    def first_given(self) -> dict[str, tuple[float, Given]]:
        """Case -> the first answer to it with its moment: whoever answers again has read the explanation."""
        out: dict[str, tuple[float, Given]] = {}
        for at, answer in self.given:
            out.setdefault(answer.case, (at, answer))
        return out

    @cached_property
    def last_given(self) -> dict[str, Given]:
        return {answer.case: answer for _, answer in self.given}

    @property
    def best_quiz(self) -> Kept[Paper] | None:
        """The attempt with the highest share; of equal ones the latest."""
        return max(self.quizzes, key=lambda q: (q.what.score.share, q.number), default=None)

    @property
    def last_quiz(self) -> Kept[Paper] | None:
        return self.quizzes[-1] if self.quizzes else None


def record_of(log: EventLog, account: str) -> Record:
    return Record(log.events(TOPIC, author=account))


def keep_answer(log: EventLog, who: Visitor, code: str, answered: Answered, at: float) -> Kept[Answered]:
    """Keep the answer to one case; a second one under the same code changes nothing. Gives what is kept."""
    return _kept(_keep(log, f"answer:{code}", "answered", who, at, answered), Answered)


def keep_paper(log: EventLog, who: Visitor, code: str, paper: Paper, at: float) -> Kept[Paper]:
    return _kept(_keep(log, f"quiz:{code}", "sat", who, at, paper), Paper)


def keep_asked(log: EventLog, who: Visitor, code: str, asked: Asked, at: float) -> Kept[Asked]:
    return _kept(_keep(log, f"question:{code}", "asked", who, at, asked), Asked)


def keep_named(log: EventLog, who: Visitor, named: bool, at: float) -> None:
    """Say whether the instructor may see one's name."""
    log.append(Event(TOPIC, "named", "named", who.id, at, {"named": named}))


def paper_of(log: EventLog, code: str) -> tuple[str, Kept[Paper]] | None:
    """The account and the quiz of a code, None for a code under which none was kept."""
    found = next((e for e in log.events(TOPIC, subject=f"quiz:{code}") if e.kind == "sat"), None)
    return None if found is None else (found.author, _kept(found, Paper))


def body_of(what: Struct) -> dict[str, Any]:
    """As plain JSON data, the same before it is kept and when it comes back."""
    body: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(what))
    return body


def _keep(log: EventLog, subject: str, kind: str, who: Visitor, at: float, body: Struct) -> Event:
    try:
        return log.append(Event(TOPIC, subject, kind, who.id, at, body_of(body)), after=0)
    except ChangedMeanwhile:
        first = next(iter(log.events(TOPIC, subject=subject)), None)
        if first is None or first.author != who.id:
            raise InvalidValue("attempt", "one of somebody else", "your own", "Open the page again.") from None
        return first


def _of(events: Iterable[Event], kind: str, structure: type[_T]) -> Iterable[Kept[_T]]:
    return (_kept(e, structure) for e in events if e.kind == kind)


def _kept(event: Event, structure: type[_T]) -> Kept[_T]:
    what: Any = msgspec.convert(event.body, structure)
    return Kept(event.subject.partition(":")[2], event.at, event.number, what)
