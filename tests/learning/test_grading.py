"""What counts as right, what is missing, and what passes."""

from __future__ import annotations

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from soleus.learning.course import case_named, course
from soleus.learning.grading import Missing, Reply, Score, given, missing, reply_of, score
from soleus.learning.quizzes import mixed
from soleus.learning.rules import rules
from tests.learning.people import CRAMP, paper


def test_the_pass_mark_is_eight_of_ten_and_an_editorial_choice() -> None:
    rule = rules().rules["pass_share"]
    assert (rule.value, rule.basis) == (0.8, "editorial")
    assert "no study" in rule.why
    assert Score(8, 10, rule.value).passed
    assert not Score(7, 10, rule.value).passed


@pytest.mark.parametrize(("n", "needed"), [(1, 1), (5, 4), (6, 5), (10, 8), (15, 12), (22, 18)])
def test_the_fewest_right_answers_that_pass_are_the_next_whole_number(n: int, needed: int) -> None:
    # 0.8 * 6 = 4.8, so 5; 0.8 * 22 = 17.6, so 18.
    assert Score(0, n, 0.8).needed == needed
    assert Score(needed, n, 0.8).passed
    assert not Score(needed - 1, n, 0.8).passed


@drawn(st.integers(1, 60), st.integers(0, 60))
def test_what_passes_has_the_share_and_what_fails_has_not(n: int, right: int) -> None:
    found = Score(min(right, n), n, 0.8)
    assert found.passed == (found.right * 10 >= found.n * 8)


def test_the_score_counts_what_was_right_on_the_day() -> None:
    kept = paper(right=6)
    assert (kept.score.right, kept.score.n, kept.score.share) == (6, 10, 6 / 10)
    assert score(kept.given, 0.5).passed
    assert not score(kept.given).passed


@pytest.mark.parametrize("case", course(), ids=lambda c: c.id)
def test_right_is_the_answer_and_what_counts_beside_it_and_nothing_else(case: object) -> None:
    found = case_named(case.id)  # type: ignore[attr-defined]
    judged = {c: given(found, Reply(c, 80)).right for c in found.choices}
    assert judged[found.answer]
    assert not judged[found.tempting]
    assert {c for c, right in judged.items() if right} == set(found.choices) & {found.answer, *found.right}


def test_only_choices_and_steps_of_the_case_are_taken() -> None:
    case = case_named(CRAMP)
    assert reply_of(case, case.answer, "80") == Reply(case.answer, 80)
    assert reply_of(case, "acute_limb_ischaemia", "80") == Reply(None, 80)
    assert reply_of(case, case.answer, "85") == Reply(case.answer, None)
    assert reply_of(case, None, None) == reply_of(case, "", "") == Reply()


def test_everything_that_is_missing_is_named_in_the_order_of_the_page() -> None:
    one, two, three = mixed(7).cases[:3]
    replies = {one.id: Reply(one.answer, 80), two.id: Reply(two.answer, None)}
    assert missing([one, two, three], replies) == (
        Missing(two, "confidence"),
        Missing(three, "choice"),
        Missing(three, "confidence"),
    )
    assert missing([one], replies) == ()


def test_a_reply_that_lacks_something_is_never_graded() -> None:
    case = case_named(CRAMP)
    for reply in (Reply(), Reply(case.answer, None), Reply(None, 80)):
        with pytest.raises(ValueError, match="lacks"):
            given(case, reply)
