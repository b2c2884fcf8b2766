"""Facets keep what was published: every marginal exactly, and the joint where it can be kept."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.inference.facets import fit, joint, mixture, one_factor_joint, solve

MARGINAL = st.floats(0.02, 0.98)
MARGINALS = st.lists(MARGINAL, min_size=2, max_size=5)


@given(MARGINALS, st.floats(0, 1))
def test_marginals_are_kept_at_any_strength(mu: list[float], lam: float) -> None:
    w, a, b = mixture(mu, lam)
    assert [w * x + (1 - w) * y for x, y in zip(a, b, strict=True)] == pytest.approx(mu, abs=1e-12)
    assert all(0 < p < 1 for p in (*a, *b))


@given(MARGINALS, st.floats(0, 1))
def test_marginals_and_joint_are_kept(mu: list[float], share: float) -> None:
    low, high = joint(mixture(mu, 0)), joint(mixture(mu, 1))
    pi = low + share * (high - low)
    w, a, b = found = solve(mu, pi)
    assert [w * x + (1 - w) * y for x, y in zip(a, b, strict=True)] == pytest.approx(mu, abs=1e-12)
    assert joint(found) == pytest.approx(pi, abs=1e-9)


def test_without_strength_items_are_independent() -> None:
    assert joint(mixture([0.9, 0.8, 0.5], 0)) == pytest.approx(0.9 * 0.8 * 0.5)


def test_full_strength_makes_the_least_item_decide() -> None:
    # w = 0.5, the share of the rarest item. At full strength those who have it have the other too, up to
    # eps = min(0.005, 0.5/10, 0.5/10) = 0.005: so 0.995 with f and 0.005 without.
    w, a, b = mixture([0.5, 0.5], 1)
    assert w == 0.5
    assert a == pytest.approx((0.995, 0.995))
    assert b == pytest.approx((0.005, 0.005))
    assert joint(mixture([0.5, 0.5], 1)) == pytest.approx(0.5 * 0.995**2 + 0.5 * 0.005**2)


def test_a_joint_beyond_reach_is_cut() -> None:
    assert solve([0.5, 0.5], 0.9) == mixture([0.5, 0.5], 1)
    assert solve([0.5, 0.5], 0.1) == mixture([0.5, 0.5], 0)


def test_one_factor_joint_of_two_medians() -> None:
    # Two items at the median with correlation r: 1/4 + asin(r) / (2 pi).
    assert one_factor_joint([0.5, 0.5], 0.4) == pytest.approx(0.25 + math.asin(0.4) / (2 * math.pi), abs=1e-6)


def test_a_feasible_joint_moves_nothing() -> None:
    found = fit([0.9, 0.8], 0.75, [4, 4], 4)  # between 0.9 * 0.8 = 0.72 and 0.8
    assert found.moved == 0
    assert joint(found.mixture) == pytest.approx(0.75)


@pytest.mark.parametrize("pi", [0.5, 0.97])
def test_an_impossible_joint_moves_towards_what_was_published(pi: float) -> None:
    found = fit([0.9, 0.8], pi, [4, 4], 4)
    nearest = joint(mixture([0.9, 0.8], 0 if pi < 0.72 else 1))
    assert found.moved > 0
    assert min(pi, nearest) <= found.joint_reached <= max(pi, nearest)
    assert joint(found.mixture) == pytest.approx(found.joint_reached)
