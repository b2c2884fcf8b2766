"""Blocks: how ratios combine, what the joint prior keeps, and the expectation of the normalised ratio."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from soleus.errors import CannotAssess
from soleus.inference.blocks import allocation, evidence_weight, expected_phi, joint_prior, log_phi, normalised
from soleus.inference.network import BlockArrays, Combination, Context, Evidence
from soleus.inference.posterior import judge
from tests.inference import generated

# Two members, two explanations. Joint states in order: none, first, second, both.
RHO = np.log([[4.0, 0.5], [9.0, 0.8]])
VISIBLE: dict[Combination, list[list[float]]] = {
    "multiply": [[1, 1], [4, 0.5], [9, 0.8], [36, 0.4]],
    "largest": [[1, 1], [4, 0.5], [9, 0.8], [9, 0.5]],  # the furthest from 1 on its side
    "largest_sqrt": [[1, 1], [4, 0.5], [9, 0.8], [18, 0.4]],  # 9 times the root of 4
    "replaces": [[1, 1], [4, 0.5], [9, 0.8], [4, 0.5]],  # the first stands for both
}


def block(rule: Combination = "multiply", size: int = 2, **changed: object) -> BlockArrays:
    made = BlockArrays(
        id="k",
        members=tuple(range(size)),
        rule=rule,
        columns=np.array([0, 1], np.intp),
        log_rho=RHO[:size],
        sd=np.zeros((size, 2)),
        log_causal=RHO[:size],
        necessary=np.zeros((size, 2), np.bool_),
    )
    return replace(made, **changed)  # type: ignore[arg-type]


@pytest.mark.parametrize("rule", VISIBLE)
def test_each_rule_combines_as_written(rule: Combination) -> None:
    assert np.exp(log_phi(block(rule), RHO)) == pytest.approx(np.array(VISIBLE[rule]))


@pytest.mark.parametrize("rule", VISIBLE)
def test_raising_and_protecting_members_meet(rule: Combination) -> None:
    # 4 raises, 1/2 protects: their product 2 under every rule but `replaces`, where the first stands.
    mixed = np.log([[4.0], [0.5]])
    both = float(np.exp(log_phi(block(rule, necessary=np.zeros((2, 1), np.bool_)), mixed))[3, 0])
    assert both == pytest.approx(4.0 if rule == "replaces" else 2.0)


def test_a_member_that_says_nothing_of_an_explanation_leaves_the_word_to_the_next() -> None:
    silent_first = np.log([[1.0], [3.0]])
    found = log_phi(block("replaces", necessary=np.zeros((2, 1), np.bool_)), silent_first)
    assert np.exp(found[3, 0]) == pytest.approx(3.0)


def test_the_joint_prior_of_independent_members_is_the_product() -> None:
    assert joint_prior(block(), np.array([0.2, 0.5])) == pytest.approx([0.4, 0.1, 0.4, 0.1])


def test_the_joint_prior_with_a_dependence_keeps_both_prevalences() -> None:
    # 20 % have the first, 30 % the second, 90 % of those with the first have the second.
    # Of the rest (0.30 - 0.20 x 0.90) / 0.80 = 15 % have the second.
    prior = joint_prior(block(given=((1, 0, 0.9),)), np.array([0.2, 0.3]))
    assert prior == pytest.approx([0.8 * 0.85, 0.2 * 0.1, 0.8 * 0.15, 0.2 * 0.9])
    assert prior @ block().bits == pytest.approx([0.2, 0.3])


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_a_joint_prior_is_a_distribution_and_keeps_the_first_prevalence(first: float, second: float, p: float) -> None:
    prior = joint_prior(block(given=((1, 0, p),)), np.array([first, second]))
    assert prior.sum() == pytest.approx(1.0)
    assert prior.min() >= 0
    assert prior @ block().bits[:, 0] == pytest.approx(first)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0, 1))
def test_a_dependence_that_can_be_keeps_the_second_prevalence_too(first: float, second: float, p: float) -> None:
    without = (second - first * p) / (1 - first)
    prior = joint_prior(block(given=((1, 0, p),)), np.array([first, second]))
    if 0 <= without <= 1:
        assert prior @ block().bits[:, 1] == pytest.approx(second)


@pytest.mark.parametrize("q", [0.01, 0.2, 0.7])
@pytest.mark.parametrize("ratio", [0.3, 2.0, 6.0])
@pytest.mark.parametrize("sd", [0.1, 0.5, 0.9])
def test_the_expected_normalised_ratio_of_one_member_equals_the_integral(q: float, ratio: float, sd: float) -> None:
    one = block(size=1, columns=np.array([0], np.intp), log_rho=np.log([[ratio]]), sd=np.array([[sd]]),
                log_causal=np.log([[ratio]]), necessary=np.zeros((1, 1), np.bool_))  # fmt: skip

    def integrand(z: float, present: int) -> float:
        rho = ratio * math.exp(sd * z)
        return float(norm.pdf(z)) * (rho if present else 1.0) / (1 - q + q * rho)

    exact = [quad(integrand, -10, 10, args=(present,))[0] for present in (0, 1)]
    assert expected_phi(one, joint_prior(one, np.array([q])))[:, 0] == pytest.approx(exact, rel=2e-4)


def test_the_expectation_is_not_that_of_the_mean_ratio() -> None:
    # Half have it, the ratio is 2 with sd 1.5 of its logarithm: its mean 2 x exp(1.125) = 6.2 would give 1.72.
    one = block(size=1, columns=np.array([0], np.intp), log_rho=np.log([[2.0]]), sd=np.array([[1.5]]),
                log_causal=np.log([[2.0]]), necessary=np.zeros((1, 1), np.bool_))  # fmt: skip
    mean = 2 * math.exp(1.5**2 / 2)
    assert expected_phi(one, np.array([0.5, 0.5]))[1, 0] < 1.3 < mean / (0.5 + 0.5 * mean)


@pytest.mark.parametrize("seed", range(20))
def test_the_marginal_rate_is_kept_whatever_the_ratios(seed: int) -> None:
    # sum_b P(b) E[phi~(b)] = 1, unless a necessary member cannot be: then all is 0.
    net, context = generated.network(seed)
    for b in net.blocks:
        prior = joint_prior(b, context.prevalence)
        assert prior @ expected_phi(b, prior) == pytest.approx(1.0)


def test_a_necessary_member_gives_nothing_without_it() -> None:
    needed = block(necessary=np.array([[True, False], [False, False]]), log_rho=np.log([[1.0, 0.5], [9.0, 0.8]]))
    found = np.exp(log_phi(needed, needed.log_rho))
    assert found[:, 0] == pytest.approx([0, 1, 0, 9])
    assert found[:, 1] == pytest.approx([1, 0.5, 0.8, 0.4])


def test_an_impossible_necessary_member_gives_zero_and_never_nan() -> None:
    needed = block(necessary=np.array([[True, False], [False, False]]))
    prior = joint_prior(needed, np.array([0.0, 0.3]))
    for phi in (expected_phi(needed, prior), normalised(log_phi(needed, needed.log_rho), prior)):
        assert np.isfinite(phi).all()
        assert phi[:, 0] == pytest.approx(np.zeros(4))


def necessary_case(prevalence: float, said: tuple[float, float] | None) -> np.ndarray:
    """P of three explanations with equal rates, the first of which needs the only contributor."""
    net, context = generated.network(2, explanations=3, blocks=1)
    only = block(size=1, columns=np.array([0], np.intp), log_rho=np.zeros((1, 1)), sd=np.zeros((1, 1)),
                 log_causal=np.zeros((1, 1)), necessary=np.ones((1, 1), np.bool_))  # fmt: skip
    net = replace(net, blocks=(only,), contributors=("b0",))
    level = Context(np.zeros(3), context.rate_sd, np.array([prevalence]))
    return judge(net, level, Evidence({}, {} if said is None else {0: said})).probability


def test_a_necessary_cause_that_cannot_be_weighs_nothing_said_or_not() -> None:
    for said in (None, (0.5, 0.5), (0.1, 1.0), (1.0, 0.0)):
        assert necessary_case(0.0, said) == pytest.approx([0, 0.5, 0.5])


def test_what_cannot_be_and_is_certain_is_an_error_and_never_nan() -> None:
    with pytest.raises(CannotAssess):
        necessary_case(0.0, (0.0, 1.0))


def test_a_necessary_cause_raises_and_excludes() -> None:
    # One in ten has it. Known present: weight 1/0.1 = 10 against the others' 1, so 10/12. Known absent: 0.
    assert necessary_case(0.1, (0.0, 1.0)) == pytest.approx([10 / 12, 1 / 12, 1 / 12])
    assert necessary_case(0.1, (1.0, 0.0)) == pytest.approx([0, 0.5, 0.5])
    assert necessary_case(0.1, None) == pytest.approx([1 / 3] * 3)


def test_what_is_said_of_several_members_multiplies() -> None:
    found = evidence_weight(block(), {0: (0.1, 0.8), 1: (0.9, 0.5)})
    assert found == pytest.approx([0.1 * 0.9, 0.8 * 0.9, 0.1 * 0.5, 0.8 * 0.5])
    assert evidence_weight(block(), {}) == pytest.approx(np.ones(4))


@pytest.mark.parametrize("rule", VISIBLE)
def test_shares_of_a_joint_state_add_to_what_the_rule_allows(rule: Combination) -> None:
    total, parts = allocation(block(rule))
    assert parts.sum(axis=1) == pytest.approx(total)
    raising = np.array(VISIBLE[rule])[:, 0]
    assert np.exp(total[:, 0]) == pytest.approx(raising)
    assert total[:, 1] == pytest.approx(np.zeros(4))  # protective ratios have no share


def test_a_member_that_says_nothing_leaves_every_rate_as_it_is() -> None:
    one = BlockArrays(
        id="silent",
        members=(0,),
        rule="replaces",
        columns=np.array([0]),
        log_rho=np.zeros((1, 1)),
        sd=np.zeros((1, 1)),
        log_causal=np.zeros((1, 1)),
        necessary=np.zeros((1, 1), np.bool_),
    )
    assert (expected_phi(one, np.array([0.7, 0.3])) == 1.0).all()
