"""The certificate of a passed quiz. It claims no accreditation; whoever is shown one can ask whether it is true."""

from __future__ import annotations

import datetime

from msgspec import Struct

from soleus.learning.codes import code_of
from soleus.learning.records import Kept, Knowledge, Paper, Record, paper_of, record_of
from soleus.storage import EventLog


class Certificate(Struct, frozen=True):
    """``day``: ISO date (UTC); ``name``: that of the account on that day.

    ``attempt``: how often the account had sat this quiz by then, for its answers are shown after each. Fixed are
    ``accreditation`` and ``reviewed_by``: nobody accredits the course, and no clinician has reviewed it.
    """

    code: str
    name: str
    day: str
    quiz: str
    right: int
    of: int
    pass_share: float
    knowledge: Knowledge
    attempt: int
    accreditation: None = None
    reviewed_by: None = None


def certificate(kept: Kept[Paper], record: Record) -> Certificate | None:
    """The certificate of a quiz of a record; None where it was not passed."""
    paper = kept.what
    if not paper.score.passed:
        return None
    day = datetime.datetime.fromtimestamp(kept.at, datetime.UTC).date().isoformat()
    score, attempt = paper.score, sum(q.what.quiz == paper.quiz and q.number <= kept.number for q in record.quizzes)
    return Certificate(
        kept.code, paper.name, day, paper.quiz, score.right, score.n, paper.pass_share, paper.knowledge, attempt
    )


def confirmed(log: EventLog, typed: str) -> Certificate | None:
    """The certificate of a code as somebody typed it; None where there is none, or its account was deleted."""
    code = code_of(typed)
    found = paper_of(log, code) if code else None
    return certificate(found[1], record_of(log, found[0])) if found else None
