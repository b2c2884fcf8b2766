"""How confidence is set against what was right: intervals, bins, the score, and when nothing is said."""

from __future__ import annotations

from math import sqrt

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from soleus.learning.confidence import calibration, wilson
from soleus.learning.grading import Given
from soleus.learning.rules import rules

Z = 1.959963984540054


def answers(*said: tuple[int, bool]) -> list[Given]:
    return [Given(f"case_{n}", "x", confidence, right) for n, (confidence, right) in enumerate(said)]


answer = st.tuples(st.sampled_from(rules().confidence), st.booleans())


# --- Wilson's interval ------------------------------------------------------------------------------------------------


def test_wilson_at_eight_of_ten_by_hand() -> None:
    p, n = 0.8, 10
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    assert wilson(8, 10) == pytest.approx((middle - half, middle + half))
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=5e-5)


def test_wilson_at_the_ends_stays_within_and_is_not_empty() -> None:
    assert wilson(0, 10)[0] == 0.0
    assert wilson(0, 10)[1] == pytest.approx(Z**2 / (10 + Z**2))
    assert wilson(10, 10) == pytest.approx((10 / (10 + Z**2), 1.0))


@drawn(st.integers(1, 400), st.integers(0, 400))
def test_wilson_holds_the_share_and_solves_its_equation(n: int, k: int) -> None:
    k = min(k, n)
    low, high = wilson(k, n)
    assert 0 <= low <= k / n <= high <= 1
    for end in (low, high):  # each end p is where the share lies z standard errors away: |k/n - p| = z sqrt(p(1-p)/n)
        if 0 < end < 1:
            assert abs(k / n - end) == pytest.approx(Z * sqrt(end * (1 - end) / n), abs=1e-9)


# --- the score and the bins -------------------------------------------------------------------------------------------


def test_the_score_is_the_mean_of_squared_distances() -> None:
    found = calibration(answers((80, True), (60, False), (100, True)))
    assert found.brier == pytest.approx(((0.8 - 1) ** 2 + (0.6 - 0) ** 2 + (1 - 1) ** 2) / 3)
    assert found.mean_confidence == pytest.approx((0.8 + 0.6 + 1.0) / 3)
    assert (found.right, found.n) == (2, 3)


def test_always_half_sure_earns_a_quarter_and_always_right_and_sure_nothing() -> None:
    assert calibration(answers((50, True), (50, False), (50, False))).brier == pytest.approx(0.25)
    assert calibration(answers((100, True), (100, True))).brier == 0.0


def test_the_bins_hold_each_answer_once() -> None:
    found = calibration(answers((80, True), (80, False), (80, True), (60, True)))
    assert [(b.confidence, b.right, b.n) for b in found.bins] == [(0.6, 1, 1), (0.8, 2, 3)]
    assert found.bins[1].share == pytest.approx(2 / 3)
    assert found.bins[1].interval == wilson(2, 3)


@drawn(st.lists(answer, max_size=60))
def test_bins_and_sums_agree_whatever_was_answered(said: list[tuple[int, bool]]) -> None:
    found = calibration(answers(*said))
    assert sum(b.n for b in found.bins) == found.n == len(said)
    assert sum(b.right for b in found.bins) == found.right == sum(right for _, right in said)
    assert 0 <= found.brier <= 1
    assert [b.confidence for b in found.bins] == sorted({c / 100 for c, _ in said})


# --- what is said -----------------------------------------------------------------------------------------------------


def test_below_ten_answers_nothing_is_said() -> None:
    assert rules()["calibration_least"] == 10
    sure_and_wrong = [(100, False)] * 9
    assert calibration(answers(*sure_and_wrong)).verdict == "too_few"
    assert calibration(answers(*sure_and_wrong, (100, False))).verdict == "over"
    assert calibration([]).verdict == "too_few"


def test_more_sure_than_right_is_said_where_the_mean_lies_above_the_interval() -> None:
    # 12 of 20 right: Wilson 0.387 to 0.781; said 0.9.
    said = [(90, n < 12) for n in range(20)]
    assert wilson(12, 20) == pytest.approx((0.3866, 0.7812), abs=5e-5)
    assert calibration(answers(*said)).verdict == "over"


def test_more_right_than_sure_is_said_where_the_mean_lies_below_it() -> None:
    # 20 of 20 right: Wilson 0.839 to 1; said 0.7.
    assert calibration(answers(*[(70, True)] * 20)).verdict == "under"


def test_within_the_interval_nothing_is_claimed() -> None:
    # 12 of 20 right, said 0.75: above the share, within its interval.
    said = [(70 if n % 2 else 80, n < 12) for n in range(20)]
    assert calibration(answers(*said)).verdict == "fits"
