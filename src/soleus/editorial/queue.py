"""The queue of the review desk: every record with where it stands, when it is due, and how much it matters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from soleus.accounts import Visitor
from soleus.editorial import corrections
from soleus.editorial.events import PROPOSAL, REVIEW, record_named
from soleus.editorial.importance import Importance, importance
from soleus.editorial.records import reviewable, words_of
from soleus.editorial.standing import Ref, standing, statuses
from soleus.evidence.content import content
from soleus.evidence.record import ReviewStatus
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Contributor, Explanation, Finding
from soleus.reasoning.compiled import Compiled
from soleus.reports.words import capital, lower_first
from soleus.storage import EventLog

Order = Literal["importance", "date"]
Wanted = Literal["", "submitted", "under_review", "approved", "overdue", "corrections", "mine"]

#: What is read first among records that enter no sum: what warns, then what advises.
_FIRST: Final = ("red_flag", "screen_item", "medicine", "treatment", "work_up", "care_note", "article")
_VALID_YEARS: Final = 1  # how long an approval holds before it is due again; the editorial policy says so


@dataclass(frozen=True)
class Row:
    """What the knowledge alone says of a record: title in words, when its review is due, how much it moves.

    ``about``: the explanations, contributors, medicines and other things that it names. ``words``: what a search finds.
    """

    kind: str
    id: str
    title: str
    review_by: str
    importance: Importance | None
    about: frozenset[str]
    words: str

    @property
    def ref(self) -> Ref:
        return self.kind, self.id


@dataclass(frozen=True)
class Item:
    """A row as the desk shows it today. ``proposals``: corrections that await a decision."""

    row: Row
    status: ReviewStatus
    review_by: str
    overdue: bool
    proposals: int
    mine: bool


@dataclass(frozen=True)
class Asked:
    """What somebody looks for; '' means anything. ``about`` is the id of an entry."""

    by: Order = "importance"
    kind: str = ""
    about: str = ""
    status: Wanted = ""
    words: str = ""


def rows(compiled: Compiled) -> tuple[Row, ...]:
    """Every record that can be reviewed, in the order of kind and id; made once per knowledge."""
    return compiled.once(_rows)


def _rows(compiled: Compiled) -> tuple[Row, ...]:
    knowledge, weight = compiled.knowledge, importance(compiled)
    every = ((kind, r) for kind, records in knowledge.records.items() for r in records if reviewable(r))
    return tuple(_row(knowledge, kind, r, weight.get((kind, r.id))) for kind, r in every)


def _row(knowledge: Knowledge, kind: str, record: Any, weight: Importance | None) -> Row:
    texts, title = tuple(words_of(content(record))), title_of(knowledge, kind, record)
    due = (record.review.review_by if record.review else None) or ""
    words = " ".join((kind.replace("_", " "), title, *texts)).casefold()
    return Row(kind, record.id, title, due, weight, frozenset(t for t in texts if " " not in t), words)


def title_of(knowledge: Knowledge, kind: str, record: Any) -> str:
    """What a record is about, in words: "Swelling in deep vein thrombosis" of a likelihood."""
    if kind == "source":
        return str(record.title)
    parts = [p for field in _PARTS.get(kind, ()) if (p := _named(knowledge, getattr(record, field)))]
    if parts:
        return capital(_JOIN.get(kind, " in ").join([parts[0], *map(lower_first, parts[1:])]))
    own = next((v for f in _TITLES if isinstance(v := getattr(record, f, None), str) and v), None)
    return capital(own or _named(knowledge, record.id) or record.id.replace("_", " "))


_PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "likelihood": ("finding", "explanation"),
    "effect": ("contributor", "explanation"),
    "marker": ("finding", "contributor"),
    "co_occurrence": ("first", "second"),
    "background": ("id",),
    "rate": ("id",),
    "harm": ("id",),
    "article": ("id",),
    "cause_value": ("id",),
}
_JOIN: Final = {"effect": " and ", "co_occurrence": " with "}
_TITLES: Final = ("name", "belief", "question", "term", "statement", "meaning", "summary", "result", "clinician_text")


def _named(knowledge: Knowledge, id: str) -> str | None:
    names: tuple[Mapping[str, Explanation | Contributor | Finding], ...] = (
        knowledge.by_id(Explanation),
        knowledge.by_id(Contributor),
        knowledge.by_id(Finding),
    )
    return next((known[id].name for known in names if id in known), None)


# --- as it is today -----------------------------------------------------------------------------------------


def queue(compiled: Compiled, log: EventLog, today: str, asked: Asked, who: Visitor | None = None) -> list[Item]:
    """The records that fit, in order. ``today`` is an ISO date; "mine" is of ``who``."""
    found = [item for item in _items(compiled, log, today, asked, who) if _wanted(item, asked.status)]
    return sorted(found, key=_by_date if asked.by == "date" else _by_importance)


def _items(compiled: Compiled, log: EventLog, today: str, asked: Asked, who: Visitor | None) -> Iterator[Item]:
    knowledge = compiled.knowledge
    known, proposed = statuses(log, knowledge), _open_proposals(log, knowledge)
    mine = _of(log, who.id) if who and asked.status == "mine" else frozenset()
    for row in _fitting(rows(compiled), asked):
        status = known.get(row.ref, "submitted")
        due = _due(log, knowledge, row) if status == "approved" else row.review_by
        yield Item(row, status, due, bool(due) and due < today, proposed.get(row.ref, 0), row.ref in mine)


def _fitting(every: Iterable[Row], asked: Asked) -> Iterator[Row]:
    words = asked.words.casefold().split()
    for row in every:
        kind_fits = not asked.kind or row.kind == asked.kind
        if kind_fits and (not asked.about or asked.about in row.about) and all(w in row.words for w in words):
            yield row


def _wanted(item: Item, status: Wanted) -> bool:
    match status:
        case "":
            return True
        case "mine":
            return item.mine
        case "overdue":
            return item.overdue
        case "corrections":
            return item.proposals > 0
    return item.status == status


def _open_proposals(log: EventLog, knowledge: Knowledge) -> dict[Ref, int]:
    out: dict[Ref, int] = {}
    for c in corrections.every(log, knowledge):
        if c.state == "open":
            out[c.kind, c.id] = out.get((c.kind, c.id), 0) + 1
    return out


def _of(log: EventLog, author: str) -> frozenset[Ref]:
    """The records that somebody reviewed, commented on, or would correct."""
    return frozenset(record_named(e.subject) for topic in (REVIEW, PROPOSAL) for e in log.events(topic, author=author))


def _due(log: EventLog, knowledge: Knowledge, row: Row) -> str:
    approval = standing(log, knowledge, row.kind, row.id).approval
    return valid_until(approval.at) if approval else row.review_by


def valid_until(at: float) -> str:
    """The day by which what was approved at a moment should be looked at again, as an ISO date."""
    day = day_of(at)
    try:
        return day.replace(year=day.year + _VALID_YEARS).isoformat()
    except ValueError:  # 29 February
        return day.replace(year=day.year + _VALID_YEARS, day=28).isoformat()


def day_of(at: float) -> date:
    """The day of a moment (UTC)."""
    return datetime.fromtimestamp(at, UTC).date()


def _by_importance(item: Item) -> tuple[Any, ...]:
    weight = item.row.importance
    first = _FIRST.index(item.row.kind) if item.row.kind in _FIRST else len(_FIRST)
    return (-(weight.points if weight else 0.0), first, item.review_by, item.row.kind, item.row.id)


def _by_date(item: Item) -> tuple[Any, ...]:
    """Overdue ones come first by themselves; what has no date comes last."""
    return (item.review_by or "9999", *_by_importance(item))
