"""What an instructor sees: sums of enough people, and the names of those who agreed, never enough to find another."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from soleus.accounts import Visitor
from soleus.learning.groups import GroupView, Member, Share, enough, group_view
from soleus.learning.records import record_of
from soleus.learning.rules import rules
from soleus.storage import MemoryRepository
from tests.learning.people import AT, CRAMP, DAY, RESTLESS, answer, sit


def learner(n: int) -> Visitor:
    return Visitor(f"a-{n}", f"Learner {n}", frozenset({"learner"}))


def view(log: MemoryRepository, n: int, named: int = 0) -> GroupView:
    """The group of the first ``n`` learners, of whom the last ``named`` agreed to be named."""
    return group_view(
        Member(learner(i).name if i >= n - named else None, record_of(log, learner(i).id)) for i in range(n)
    )


def shares(found: GroupView) -> dict[str, Share | None]:
    return {case.id: share for case, share in found.cases}


def test_four_people_are_too_few_and_five_are_shown() -> None:
    log = MemoryRepository()
    for n in range(5):
        answer(log, learner(n), CRAMP, right=n < 3)
        found = view(log, n + 1)
        if n < 4:
            assert found.total is None
            assert found.calibration is None
            assert set(shares(found).values()) == {None}
            assert found.months == ()
    assert found.total == Share(3, 5, 5)
    assert shares(found)[CRAMP] == Share(3, 5, 5)
    assert rules()["group_least"] == 5


def test_a_case_that_fewer_answered_is_hidden_and_is_not_in_the_sum() -> None:
    log = MemoryRepository()
    for n in range(6):
        answer(log, learner(n), CRAMP)
    answer(log, learner(0), RESTLESS, right=False)
    found = view(log, 6)
    assert shares(found)[RESTLESS] is None
    assert found.total == Share(6, 6, 6)  # the seventh answer would be total less cases
    assert found.learners == 6


def test_only_first_answers_count() -> None:
    log = MemoryRepository()
    for n in range(5):
        answer(log, learner(n), CRAMP, right=False)
        answer(log, learner(n), CRAMP, right=True, at=AT + DAY)
    assert view(log, 5).total == Share(0, 5, 5)


def test_who_is_named_does_not_lay_open_who_is_not() -> None:
    log = MemoryRepository()
    for n in range(7):
        answer(log, learner(n), CRAMP, right=n == 0)
    assert view(log, 7, named=2).total == Share(1, 7, 7)  # five unnamed
    assert view(log, 7, named=3).total is None  # four unnamed: total less the three named would be theirs
    assert view(log, 7, named=7).total == Share(1, 7, 7)  # all agreed


@drawn(st.integers(0, 40), st.integers(0, 40))
def test_enough_is_five_people_of_whom_none_or_five_are_unnamed(people: int, unnamed: int) -> None:
    shown = enough(people, unnamed)
    assert shown == (people >= 5 and unnamed not in (1, 2, 3, 4))


def test_those_who_agreed_stand_with_their_own_results_and_nobody_else() -> None:
    log = MemoryRepository()
    for n in range(7):
        sit(log, learner(n), right=9 if n == 6 else 5)
    found = view(log, 7, named=1)
    assert [(m.name, m.passed, m.sat, m.best) for m in found.named] == [("Learner 6", 1, 1, 0.9)]
    assert not [n for n in range(6) if f"Learner {n}" in repr(found)]


def test_the_share_who_passed_needs_enough_who_sat() -> None:
    log = MemoryRepository()
    for n in range(5):
        answer(log, learner(n), CRAMP)
        if n < 4:
            sit(log, learner(n), right=9)
    assert view(log, 5).passed is None
    sit(log, learner(4), right=1)
    assert view(log, 5).passed == Share(4, 5, 5)


def test_the_calibration_of_the_group_is_of_all_first_answers_without_bins() -> None:
    log = MemoryRepository()
    for n in range(6):
        answer(log, learner(n), CRAMP, right=False, confidence=90)
        answer(log, learner(n), RESTLESS, right=n < 2, confidence=90)
    found = view(log, 6).calibration
    assert found is not None
    assert (found.n, found.right, found.verdict, found.bins) == (12, 2, "over", ())


def test_months_are_shown_of_enough_people_and_a_single_hidden_one_hides_another() -> None:
    log = MemoryRepository()
    for n in range(6):
        answer(log, learner(n), CRAMP, at=AT)  # November
        answer(log, learner(n), RESTLESS, right=n < 5, at=AT + (30 if n < 5 else 60) * DAY)  # December; one in January
    found = dict(view(log, 6).months)
    assert found["2026-11"] == Share(6, 6, 6)
    assert found["2027-01"] is None
    assert found["2026-12"] is None  # else January would be the sum less November and December


def test_a_mistake_is_named_when_enough_made_it() -> None:
    log = MemoryRepository()
    for n in range(6):
        answer(log, learner(n), CRAMP, right=n == 5)
        answer(log, learner(n), RESTLESS, right=n >= 4)
    found = view(log, 6)
    assert found.mistakes == {CRAMP: "restless_legs_syndrome"}


def _people(value: object) -> list[int]:
    """The number of people behind every share in a view, wherever it stands."""
    if isinstance(value, Share):
        return [value.people]
    if isinstance(value, tuple | list):
        return [n for part in value for n in _people(part)]
    if is_dataclass(value):
        return [n for f in fields(value) if f.name != "named" for n in _people(getattr(value, f.name))]
    return []


@pytest.mark.parametrize("size", range(1, 9))
def test_no_figure_of_any_group_has_fewer_than_five_people(size: int) -> None:
    log = MemoryRepository()
    for n in range(size):
        for k, case in enumerate((CRAMP, RESTLESS, "msk_rhabdo_one_leg_02")):
            if (n + k) % 3:
                answer(log, learner(n), case, right=bool(n % 2), at=AT + 20 * k * DAY)
    assert all(people >= 5 for people in _people(view(log, size)))
