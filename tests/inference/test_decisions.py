"""The value of questions and the stop rule against enumeration of every answer.

The oracle knows nothing of rows or blocks: it weighs every (explanation, joint state of all contributors) with the
evidence (`oracle.joint_weights`), adds each possible answer to the evidence, and takes the least loss again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest

from soleus.inference.decisions import (
    Ask,
    Losses,
    agenda,
    answer_rows,
    best_action,
    best_pair,
    cause_chance,
    expected_loss,
    stop_rule,
    value_of,
)
from soleus.inference.network import Context, Evidence, Floats, Network
from soleus.inference.posterior import judge
from tests.inference import generated, oracle

SEEDS = range(12)


def losses(seed: int, net: Network, causes: bool = True) -> Losses:
    rng = np.random.default_rng(seed + 500)
    action = rng.uniform(0, 10, (4, len(net.explanations)))
    every = range(len(net.contributors)) if causes else ()
    return Losses(action, {c: float(rng.uniform(1, 8)) for c in every}, {c: float(rng.uniform(0.1, 1)) for c in every})


def questions(seed: int, net: Network, evidence: Evidence) -> list[Ask]:
    """Every finding and contributor that is not known yet."""
    rng = np.random.default_rng(seed + 900)
    out = [Ask(net.findings[f], f, 0.05) for f in range(len(net.findings)) if f not in evidence.findings]
    for c in range(len(net.contributors)):
        if c not in evidence.contributors:
            absent, present = float(rng.uniform(0.02, 0.3)), float(rng.uniform(0.5, 0.98))
            out.append(Ask(net.contributors[c], c, 0.05, np.array([[absent, present], [1 - absent, 1 - present]])))
    return out


def answered(evidence: Evidence, ask: Ask, answer: int) -> Evidence:
    if ask.said is None:
        return evidence.with_finding(ask.number, answer)
    before = evidence.contributors.get(ask.number, (1.0, 1.0))
    said = (before[0] * float(ask.said[answer, 0]), before[1] * float(ask.said[answer, 1]))
    return Evidence(evidence.findings, {**evidence.contributors, ask.number: said})


def answers(net: Network, ask: Ask) -> int:
    return len(net.states[ask.number]) if ask.said is None else len(ask.said)


def least(
    net: Network, context: Context, evidence: Evidence, loss: Losses, causes: Iterable[int]
) -> tuple[float, float]:
    """(weight of the evidence, weight times the least expected loss), by summing over everything."""
    cells = oracle.joint_weights(net, context, evidence)
    total = sum(cells.values())
    by_action = [sum(w * loss.action[a, s] for (s, _), w in cells.items()) for a in range(len(loss.action))]
    out = min(by_action)
    for c in causes:
        left = sum(w * excess(net, c, s) for (s, state), w in cells.items() if state[c])
        out += min(loss.cause_value[c] * left, loss.cause_cost[c] * total)
    return total, out


def excess(net: Network, c: int, s: int) -> float:
    """1 - 1 / causal ratio of a contributor that raises the rate of an explanation, else 0."""
    block = net.blocks[net.block_of[c]]
    k, at = block.members.index(c), np.flatnonzero(block.columns == s)
    if not len(at) or block.necessary[k, at[0]]:
        return 0.0
    return 1 - float(np.exp(-max(block.log_causal[k, at[0]], 0.0)))


def gain(
    net: Network, context: Context, evidence: Evidence, loss: Losses, asked: tuple[Ask, ...], causes: Iterable[int]
) -> float:
    """Expected loss avoided by learning the answers to ``asked`` together."""
    wanted = list(causes)
    total, now = least(net, context, evidence, loss, wanted)
    after = 0.0
    for reply in product(*(range(answers(net, a)) for a in asked)):
        told = evidence
        for ask, answer in zip(asked, reply, strict=True):
            told = answered(told, ask, answer)
        after += least(net, context, told, loss, wanted)[1]
    return (now - after) / total


def case(seed: int) -> tuple[Network, Context, Evidence]:
    net, context = generated.network(seed, explanations=4, findings=6, blocks=2)
    return net, context, generated.evidence(seed, net, share=0.4)


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_of_answers_equal_enumeration(seed: int) -> None:
    net, context, evidence = case(seed)
    judged = judge(net, context, evidence)
    for ask in questions(seed, net, evidence):
        rows = answer_rows(judged, ask)
        assert rows.sum(axis=0) == pytest.approx(np.ones(4))
        before = by_explanation(net, context, evidence)
        for v in range(answers(net, ask)):
            after = by_explanation(net, context, answered(evidence, ask, v))
            share = np.divide(after, before, out=rows[v].copy(), where=before > 0)
            assert rows[v] == pytest.approx(share, abs=1e-10)


def by_explanation(net: Network, context: Context, evidence: Evidence) -> Floats:
    out = np.zeros(len(net.explanations))
    for (s, _), weight in oracle.joint_weights(net, context, evidence).items():
        out[s] += weight
    return out


@pytest.mark.parametrize("seed", SEEDS)
def test_the_value_of_each_question_equals_enumeration(seed: int) -> None:
    net, context, evidence = case(seed)
    loss = losses(seed, net)
    asked = questions(seed, net, evidence)
    values = value_of(agenda(judge(net, context, evidence), loss, asked))
    for v in map(values.at, range(len(asked))):
        causes = [] if v.ask.said is None else [v.ask.number]
        assert v.gain == pytest.approx(gain(net, context, evidence, loss, (v.ask,), causes), abs=1e-9)
        assert v.gain >= 0
        assert v.net == pytest.approx(v.gain - v.ask.burden, abs=1e-9)
        assert v.chance.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_chance_of_a_cause_equals_enumeration(seed: int) -> None:
    net, context, evidence = case(seed)
    judged = judge(net, context, evidence)
    cells = oracle.joint_weights(net, context, evidence)
    total = sum(cells.values())
    for c in range(len(net.contributors)):
        share, present, _ = cause_chance(judged, c)
        assert present == pytest.approx(sum(w for (_, state), w in cells.items() if state[c]) / total, abs=1e-10)
        known = sum(w * excess(net, c, s) for (s, state), w in cells.items() if state[c]) / total
        assert share == pytest.approx(known, abs=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_is_not_below_any_question_or_pair(seed: int) -> None:
    net, context, evidence = case(seed)
    loss = losses(seed, net)
    asked = questions(seed, net, evidence)
    bound = stop_rule(agenda(judge(net, context, evidence), loss, asked)).bound
    for some in (*((a,) for a in asked), *combinations(asked, 2)):
        causes = [a.number for a in some if a.said is not None]
        assert bound >= gain(net, context, evidence, loss, some, causes) - 1e-9


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_is_not_below_learning_everything(seed: int) -> None:
    net, context = generated.network(seed, explanations=3, findings=4, blocks=1)
    evidence = generated.evidence(seed, net, share=0.2)
    loss = losses(seed, net, causes=False)
    asked = questions(seed, net, evidence)
    found = stop_rule(agenda(judge(net, context, evidence), loss, asked))
    everything = gain(net, context, evidence, loss, tuple(asked), [])
    assert found.bound >= everything - 1e-9
    if found.sampled:
        assert found.bound <= everything + 1.0  # and not idle: losses run to 10


def two_halves() -> tuple[Network, Context, Losses, list[Ask]]:
    """Two explanations and two items that matter only together: alone neither answer changes the action.

    P(f) = P(g) = 0.8 under a and 0.2 under b, a priori 9 : 1. One no leaves a at 9/4 : 1, two leave 9/16 : 1.
    """
    base, _ = generated.network(0)
    p = np.array([[0.8, 0.2], [0.2, 0.8]] * 2)
    net = replace(base, explanations=("a", "b"), findings=("f", "g"), states=(("y", "n"),) * 2, p=p,
                  sd=np.zeros((2, 2)), facets=(), blocks=(), contributors=())  # fmt: skip
    level = Context(np.log([0.9, 0.1]), np.zeros(2), np.zeros(0))
    return net, level, Losses(np.array([[0.0, 1.0], [1.0, 0.0]])), [Ask("f", 0, 0.01), Ask("g", 1, 0.01)]


def test_two_answers_that_matter_only_together_do_not_stop_the_asking() -> None:
    net, context, loss, asked = two_halves()
    open_ = agenda(judge(net, context, Evidence()), loss, asked)
    assert value_of(open_).gain == pytest.approx([0.0, 0.0], abs=1e-12)
    # Two no's: P = 0.9 * 0.04 + 0.1 * 0.64 = 0.1, of which b has 0.064: the drop is 0.064 - 0.036 = 0.028.
    assert gain(net, context, Evidence(), loss, tuple(asked), []) == pytest.approx(0.028)
    found = stop_rule(open_)
    assert not found.stop
    assert found.bound >= 0.028


def test_the_pair_that_matters_is_found_among_questions_that_say_nothing() -> None:
    base, level, loss, _ = two_halves()
    idle = 20
    p = np.concatenate([np.full((2 * idle, 2), 0.5), base.p])
    net = replace(base, findings=tuple(f"f{i}" for i in range(idle + 2)), states=(("y", "n"),) * (idle + 2), p=p,
                  sd=np.zeros((idle + 2, 2)))  # fmt: skip
    asked = [Ask(f"f{i}", i, 0.01) for i in range(idle + 2)]
    found = best_pair(value_of(agenda(judge(net, level, Evidence()), loss, asked)))
    assert found is not None
    assert found[0].ask.number in (idle, idle + 1)
    assert found[1] == pytest.approx(0.028 - 0.02)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_pair_is_worth_what_enumeration_says(seed: int) -> None:
    net, context, evidence = case(seed)
    loss = losses(seed, net, causes=False)
    asked = questions(seed, net, evidence)
    found = best_pair(value_of(agenda(judge(net, context, evidence), loss, asked)), most=len(asked))
    apart = [
        pair
        for pair in combinations(asked, 2)
        if not (
            pair[0].said is None
            and pair[1].said is None
            and pair[0].number in net.facet_of
            and pair[1].number in net.facet_of
        )
        and not (
            pair[0].said is not None
            and pair[1].said is not None
            and net.block_of[pair[0].number] == net.block_of[pair[1].number]
        )
    ]
    if not apart:
        assert found is None
        return
    assert found is not None
    best = max(gain(net, context, evidence, loss, pair, []) - sum(a.burden for a in pair) for pair in apart)
    assert found[1] == pytest.approx(best, abs=1e-9)


def test_two_answers_that_together_are_worth_less_than_one_costs_do_stop_it() -> None:
    net, context, loss, asked = two_halves()
    dear = [replace(a, burden=0.05) for a in asked]
    found = stop_rule(agenda(judge(net, context, Evidence()), loss, dear))
    assert found.sampled  # 0.1 could be avoided by certainty: the free check does not settle it
    assert found.stop


def test_the_free_check_stops_where_even_certainty_is_not_worth_a_question() -> None:
    net, context, loss, asked = two_halves()
    dear = [replace(a, burden=0.2) for a in asked]
    found = stop_rule(agenda(judge(net, context, Evidence()), loss, dear))
    assert (found.stop, found.sampled) == (True, False)
    assert found.bound == pytest.approx(0.1)  # all of the expected loss: 0.1 of the people have b


def test_nothing_left_to_ask_stops() -> None:
    net, context, loss, _ = two_halves()
    found = agenda(judge(net, context, Evidence()), loss, [])
    assert stop_rule(found).stop
    assert len(value_of(found)) == 0
    assert best_pair(value_of(found)) is None


def test_the_best_action_is_the_one_with_the_least_loss() -> None:
    loss = Losses(np.array([[0.0, 10.0], [2.0, 1.0]]))
    assert best_action(loss, np.array([0.9, 0.1])) == 0  # 1.0 against 1.9
    assert best_action(loss, np.array([0.7, 0.3])) == 1  # 3.0 against 1.7
    assert float(expected_loss(loss, np.array([0.7, 0.3]))) == pytest.approx(1.7)


def test_two_tests_of_one_cause_that_matter_only_together_do_not_stop_the_asking() -> None:
    # One cause, present in 1 of 10 and then always the cause; leaving it costs 1, looking costs 0.45.
    # A positive test (0.6 against 0.2) leaves it at 0.06 / (0.06 + 0.18) = 0.25, still left alone; two positive at
    # 0.036 / (0.036 + 0.036) = 0.5, worth looking. The drop is 0.036 - 0.45 * 0.072 = 0.0036.
    base, _ = generated.network(0)
    block = replace(base.blocks[0], members=(0,), rule="multiply", columns=np.array([0, 1], np.intp), given=(),
                    log_rho=np.zeros((1, 2)), sd=np.zeros((1, 2)), log_causal=np.full((1, 2), 30.0),
                    necessary=np.zeros((1, 2), np.bool_))  # fmt: skip
    net = replace(base, explanations=("a", "b"), findings=("f",), states=(("y", "n"),), p=np.full((2, 2), 0.5),
                  sd=np.zeros((1, 2)), facets=(), blocks=(block,), contributors=("b0",))  # fmt: skip
    level = Context(np.zeros(2), np.zeros(2), np.array([0.1]))
    said = np.array([[0.2, 0.6], [0.8, 0.4]])
    asked = [Ask("one", 0, 0.001, said), Ask("two", 0, 0.001, said)]
    loss = Losses(np.zeros((1, 2)), {0: 1.0}, {0: 0.45})
    open_ = agenda(judge(net, level, Evidence()), loss, asked)
    assert value_of(open_).gain == pytest.approx([0, 0], abs=1e-12)
    both = gain(net, level, Evidence(), loss, tuple(asked), [0])
    assert both == pytest.approx(0.0036)
    found = stop_rule(open_)
    assert found.bound >= both - 1e-12
    assert not found.stop
    pair = best_pair(value_of(open_))
    assert pair is not None
    assert pair[1] == pytest.approx(0.0036 - 0.002)
