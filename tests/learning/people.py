"""Learners, answers and a moment that the tests of learning share."""

from __future__ import annotations

from soleus.accounts import Visitor
from soleus.learning.codes import new_code
from soleus.learning.course import case_named
from soleus.learning.grading import Given
from soleus.learning.quizzes import mixed
from soleus.learning.records import Answered, Kept, Knowledge, Paper, keep_answer, keep_paper
from soleus.storage import EventLog

AT = 1_795_000_000.0  # 18 November 2026
DAY = 86_400.0
ANN = Visitor("a-ann", "Ann Example", frozenset({"reader", "learner"}))
BOB = Visitor("a-bob", "Bob Example", frozenset({"reader", "learner"}))
KNOWLEDGE = Knowledge("0.1.0", "c0ffee" * 10)
CRAMP, RESTLESS = "sim_cramp_or_restless", "sim_restless_or_cramp"


def given(case: str, right: bool = True, confidence: int = 80) -> Given:
    """The preferred answer of a case, or its look-alike."""
    found = case_named(case)
    return Given(case, found.answer if right else found.tempting, confidence, right)


def answer(
    log: EventLog, who: Visitor, case: str = CRAMP, right: bool = True, confidence: int = 80, at: float = AT
) -> Kept[Answered]:
    return keep_answer(log, who, new_code(), Answered(given(case, right, confidence), KNOWLEDGE), at)


def paper(seed: int = 7, right: int = 8, name: str = ANN.name, confidence: int = 80) -> Paper:
    """A mixed quiz with so many right answers of its ten, the first ones."""
    quiz = mixed(seed)
    answers = tuple(given(c.id, n < right, confidence) for n, c in enumerate(quiz.cases))
    return Paper(quiz.name, answers, 0.8, name, KNOWLEDGE)


def sit(log: EventLog, who: Visitor, right: int = 8, seed: int = 7, at: float = AT) -> Kept[Paper]:
    return keep_paper(log, who, new_code(), paper(seed, right, who.name), at)
