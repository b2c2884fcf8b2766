"""How a group fares, as its instructor sees it: sums, and names only of those who agreed to be named.

A figure is shown when enough people stand behind it (rule ``group_least``), and as many of them unnamed, or none:
otherwise who is named would lay open who is not. Sums are made of shown figures alone, and where a single hidden month
could be found by subtraction, another one is hidden with it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from soleus.learning.confidence import Calibration, calibration
from soleus.learning.course import CourseCase, course
from soleus.learning.grading import Given
from soleus.learning.records import Record
from soleus.learning.rules import rules


@dataclass(frozen=True)
class Member:
    """``name`` is None for whoever did not agree to be named."""

    name: str | None
    record: Record


@dataclass(frozen=True)
class Share:
    """``right`` of ``n`` first answers of ``people`` members."""

    right: int
    n: int
    people: int

    @property
    def share(self) -> float:
        return self.right / self.n


@dataclass(frozen=True)
class NamedResult:
    """A member who agreed to be named: cases answered and right, quizzes passed of those sat, best share."""

    name: str
    answers: Share | None
    passed: int
    sat: int
    best: float | None


@dataclass(frozen=True)
class GroupView:
    """None stands for a figure that is hidden because too few people are behind it.

    ``members``: of the group; ``learners``: of them those who answered something. ``cases``: the first answers to each
    case; ``total``, ``calibration`` (without its bins, which hold few people) and ``months`` (such as 2026-11, oldest
    first) are of the cases that are shown; ``mistakes``: for each case the wrong choice that was made most often.
    """

    members: int
    learners: int
    total: Share | None
    passed: Share | None
    calibration: Calibration | None
    cases: tuple[tuple[CourseCase, Share | None], ...]
    mistakes: Mapping[str, str]
    months: tuple[tuple[str, Share | None], ...]
    named: tuple[NamedResult, ...]


@dataclass(frozen=True)
class _First:
    """A first answer, and whose it is by number."""

    member: int
    named: bool
    at: float
    given: Given


def group_view(members: Iterable[Member]) -> GroupView:
    """The group as its instructor may see it."""
    every = tuple(members)
    firsts = [
        _First(n, m.name is not None, at, given)
        for n, m in enumerate(every)
        for at, given in m.record.first_given.values()
    ]
    by_case = {c.id: [f for f in firsts if f.given.case == c.id] for c in course()}
    cases = {id: _share(found) for id, found in by_case.items()}
    open_ones = [f for f in firsts if cases.get(f.given.case)]
    total = _share(open_ones)
    return GroupView(
        members=len(every),
        learners=len({f.member for f in firsts}),
        total=total,
        passed=_passed(every),
        calibration=replace(calibration([f.given for f in open_ones]), bins=()) if total else None,
        cases=tuple((c, cases[c.id]) for c in course()),
        mistakes={id: wrong for id, found in by_case.items() if cases[id] and (wrong := _wrong(found))},
        months=_months(open_ones),
        named=tuple(sorted((_named(m) for m in every if m.name), key=lambda r: r.name.casefold())),
    )


def enough(people: int, unnamed: int) -> bool:
    """Whether a figure of so many people may be shown, of whom some are not named."""
    least = rules()["group_least"]
    return people >= least and (unnamed == 0 or unnamed >= least)


def _share(firsts: list[_First]) -> Share | None:
    people = {f.member for f in firsts}
    unnamed = {f.member for f in firsts if not f.named}
    if not enough(len(people), len(unnamed)):
        return None
    return Share(sum(f.given.right for f in firsts), len(firsts), len(people))


def _months(firsts: list[_First]) -> tuple[tuple[str, Share | None], ...]:
    """The share of each month; hidden ones together have enough people, or there is none."""
    by_month = {m: [f for f in firsts if _month(f.at) == m] for m in sorted({_month(f.at) for f in firsts})}
    shown = {m for m, found in by_month.items() if _share(found)}
    while shown and (rest := [f for f in firsts if _month(f.at) not in shown]) and not _share(rest):
        shown.remove(min(shown, key=lambda m: len(by_month[m])))
    return tuple((m, _share(found) if m in shown else None) for m, found in by_month.items())


def _passed(members: tuple[Member, ...]) -> Share | None:
    """How many of those who sat a quiz passed one."""
    sat = [m for m in members if m.record.quizzes]
    if not enough(len(sat), sum(m.name is None for m in sat)):
        return None
    return Share(sum(any(q.what.score.passed for q in m.record.quizzes) for m in sat), len(sat), len(sat))


def _wrong(firsts: list[_First]) -> str | None:
    """The wrong choice that enough people made, None without one."""
    chosen: dict[str, list[_First]] = {}
    for f in firsts:
        if not f.given.right:
            chosen.setdefault(f.given.choice, []).append(f)
    most = max(chosen.values(), key=len, default=[])
    return most[0].given.choice if _share(most) else None


def _named(member: Member) -> NamedResult:
    record = member.record
    firsts = [given for _, given in record.first_given.values()]
    answers = Share(sum(g.right for g in firsts), len(firsts), 1) if firsts else None
    best = record.best_quiz
    return NamedResult(
        member.name or "",
        answers,
        sum(q.what.score.passed for q in record.quizzes),
        len(record.quizzes),
        best.what.score.share if best else None,
    )


def _month(at: float) -> str:
    return datetime.datetime.fromtimestamp(at, datetime.UTC).strftime("%Y-%m")
