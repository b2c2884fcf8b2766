"""A quiz is named by its number or level, and the name always means the same cases."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.errors import UnknownName
from soleus.learning.course import course
from soleus.learning.quizzes import HIGHEST_SEED, mixed, quiz_named
from soleus.learning.rules import rules

seeds = st.integers(0, HIGHEST_SEED)


@given(seeds)
def test_a_number_means_the_same_cases_each_time(seed: int) -> None:
    assert quiz_named(f"mixed-{seed}") == mixed(seed) == mixed(seed)


@given(seeds)
def test_a_mixed_quiz_has_so_many_cases_of_each_level_none_twice(seed: int) -> None:
    cases = mixed(seed).cases
    assert len({c.id for c in cases}) == len(cases) == rules()["quiz_size"]
    assert [c.level for c in cases] == [level for level, n in rules().mixed.items() for _ in range(n)]


def test_numbers_lead_to_different_quizzes_and_to_every_case() -> None:
    quizzes = {tuple(c.id for c in mixed(seed).cases) for seed in range(200)}
    assert len(quizzes) == 200
    assert {id for quiz in quizzes for id in quiz} == {c.id for c in course()}


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_level_is_a_quiz_of_all_its_cases(level: int) -> None:
    quiz = quiz_named(f"level-{level}")
    assert {c.id for c in quiz.cases} == {c.id for c in course() if c.level == level}
    assert (quiz.level, quiz.seed) == (level, None)


@pytest.mark.parametrize("name", ["", "mixed-", "mixed-12345", "mixed--1", "mixed-1 ", "level-0", "level-4", "MIXED-1"])
def test_other_names_are_no_quiz(name: str) -> None:
    with pytest.raises(UnknownName):
        quiz_named(name)


@given(st.text(max_size=30))
def test_any_text_is_a_quiz_or_an_error_of_ours(name: str) -> None:
    with contextlib.suppress(UnknownName):
        assert quiz_named(name).cases
