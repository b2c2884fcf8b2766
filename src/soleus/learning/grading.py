"""Grading a quiz: every question must be answered, and what counts as right stands in the case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from soleus.learning.course import CourseCase
from soleus.learning.rules import rules

#: What each case asks: which explanation to act on first, and how sure one is.
Asked = Literal["choice", "confidence"]
ASKED: tuple[Asked, ...] = ("choice", "confidence")


class Given(Struct, frozen=True):
    """An answer as it was judged on its day; ``confidence`` in percent."""

    case: str
    choice: str
    confidence: int
    right: bool


@dataclass(frozen=True)
class Reply:
    """What was sent for a case; None where nothing that fits was."""

    choice: str | None = None
    confidence: int | None = None


@dataclass(frozen=True)
class Missing:
    case: CourseCase
    what: Asked


@dataclass(frozen=True)
class Score:
    """``right`` of ``n`` answers, and the share that passes."""

    right: int
    n: int
    pass_share: float

    @property
    def share(self) -> float:
        return self.right / self.n

    @property
    def passed(self) -> bool:
        return self.right >= self.needed

    @property
    def needed(self) -> int:
        """The fewest right answers that pass: 8 of 10 at a share of 0.8."""
        return next(k for k in range(self.n + 1) if k >= self.pass_share * self.n - 1e-9)


def reply_of(case: CourseCase, choice: str | None, confidence: str | None) -> Reply:
    """What was sent, as far as it is one of the choices and one of the steps of confidence."""
    steps = {str(step): step for step in rules().confidence}
    return Reply(choice if choice in case.choices else None, steps.get(confidence or ""))


def missing(cases: Sequence[CourseCase], replies: Mapping[str, Reply]) -> tuple[Missing, ...]:
    """What was not answered, in the order of the cases."""
    none = Reply()
    return tuple(Missing(c, what) for c in cases for what in ASKED if getattr(replies.get(c.id, none), what) is None)


def given(case: CourseCase, reply: Reply) -> Given:
    """A complete reply as an answer. A reply that lacks something is a mistake of the caller."""
    if reply.choice is None or reply.confidence is None:
        raise ValueError("a reply that lacks something is not graded")
    return Given(case.id, reply.choice, reply.confidence, reply.choice in case.every_right)


def score(answers: Sequence[Given], pass_share: float | None = None) -> Score:
    """``pass_share``: that of the day of the attempt; None for today's."""
    share = rules()["pass_share"] if pass_share is None else pass_share
    return Score(sum(a.right for a in answers), len(answers), share)
