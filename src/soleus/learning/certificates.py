"""The certificate of a passed quiz. It claims no accreditation; whoever is shown one can ask whether it is true."""

from __future__ import annotations

import datetime

from msgspec import Struct

from soleus.learning.codes import code_of
from soleus.learning.records import Kept, Knowledge, Paper, paper_of
from soleus.storage import EventLog


class Certificate(Struct, frozen=True):
    """``day``: ISO date (UTC); ``name``: that of the account on that day. ``accreditation`` and ``reviewed_by`` are
    fixed: nobody accredits the course, and no clinician has reviewed it.
    """

    code: str
    name: str
    day: str
    quiz: str
    right: int
    of: int
    pass_share: float
    knowledge: Knowledge
    accreditation: None = None
    reviewed_by: None = None


def certificate(kept: Kept[Paper]) -> Certificate | None:
    """The certificate of a quiz; None where it was not passed."""
    paper = kept.what
    if not paper.score.passed:
        return None
    day = datetime.datetime.fromtimestamp(kept.at, datetime.UTC).date().isoformat()
    return Certificate(
        kept.code, paper.name, day, paper.quiz, paper.score.right, paper.score.n, paper.pass_share, paper.knowledge
    )


def confirmed(log: EventLog, typed: str) -> Certificate | None:
    """The certificate of a code as somebody typed it; None where there is none, or its account was deleted."""
    code = code_of(typed)
    found = paper_of(log, code) if code else None
    return certificate(found[1]) if found else None
