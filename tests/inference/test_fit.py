"""Conflict: whether the findings fit anything listed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from soleus.inference.fit import fit
from soleus.inference.network import Context, Evidence, Network
from soleus.inference.posterior import judge
from soleus.validation.simulate import draw_patient
from tests.inference import generated


def certain_of(net: Network, context: Context, s: int) -> Context:
    """A context in which explanation ``s`` is the best whatever is found."""
    rate = np.full(len(net.explanations), -1e3)
    rate[s] = 0.0
    return Context(rate, context.rate_sd, context.prevalence)


def test_cases_of_the_explanation_itself_have_uniform_p_values() -> None:
    # Many items, so that the discrete p-values are fine enough to be compared with a uniform distribution.
    net, context = generated.network(5, findings=24)
    only = certain_of(net, context, 2)
    rng = np.random.default_rng(1)
    values = []
    for _ in range(300):
        patient = draw_patient(net, only, list(range(24)), rng, redraw=False)
        found = fit(judge(net, only, Evidence(patient.answers)))
        assert found is not None
        assert found.explanation == 2
        values.append(found.p_value)
    # 1.36 / sqrt(300) = 0.079 is the 5 % point of Kolmogorov's statistic.
    gap = np.abs(np.sort(values) - (np.arange(300) + 0.5) / 300).max()
    assert gap < 0.079


def test_answers_that_fit_nothing_have_a_small_p_value() -> None:
    net, context = generated.network(5, findings=24)
    only = certain_of(net, context, 2)
    oddest = {f: int(net.p[net.start[f] : net.start[f + 1], 2].argmin()) for f in range(3, 24)}
    usual = {f: int(net.p[net.start[f] : net.start[f + 1], 2].argmax()) for f in range(3, 24)}
    odd, plain = fit(judge(net, only, Evidence(oddest))), fit(judge(net, only, Evidence(usual)))
    assert odd is not None
    assert plain is not None
    assert odd.p_value < 0.001
    assert odd.z > 4
    assert plain.p_value > 0.9
    assert plain.z < 0


def test_z_and_p_of_two_answers_by_hand() -> None:
    # Two yes-no answers with P(yes) = 0.9 and 0.8: no and no has log P = ln 0.02, the least of the four.
    # E = 0.9 ln 0.9 + 0.1 ln 0.1 + 0.8 ln 0.8 + 0.2 ln 0.2 = -0.8255; the variances of the two are
    # 0.9 * 0.1 * ln(9)^2 = 0.4345 and 0.8 * 0.2 * ln(4)^2 = 0.3075. z = (-0.8255 + 3.9120) / sqrt(0.7420) = 3.583.
    base, _ = generated.network(0)
    p = np.array([[0.9, 0.5], [0.1, 0.5], [0.8, 0.5], [0.2, 0.5]])
    net = replace(base, explanations=("a", "b"), findings=("f", "g"), states=(("y", "n"),) * 2, p=p,
                  sd=np.zeros((2, 2)), facets=(), blocks=(), contributors=())  # fmt: skip
    level = Context(np.array([0.0, -50.0]), np.zeros(2), np.zeros(0))
    found = fit(judge(net, level, Evidence({0: 1, 1: 1})), n=200_000)
    assert found is not None
    assert found.z == pytest.approx(3.583, abs=0.03)
    assert found.p_value == pytest.approx(0.02, abs=0.002)


def test_fewer_than_two_findings_say_nothing() -> None:
    net, context = generated.network(0)
    assert fit(judge(net, context, Evidence({0: 0}))) is None
    assert fit(judge(net, context, Evidence())) is None


def test_the_remainder_is_never_the_best() -> None:
    net, context = generated.network(0)
    judged = judge(net, context, Evidence({0: 0, 3: 1}))
    best = int(judged.probability.argmax())
    found = fit(judged, frozenset({best}))
    assert found is not None
    assert found.explanation != best


def test_the_answer_is_the_same_each_time() -> None:
    net, context = generated.network(0)
    judged = judge(net, context, generated.evidence(0, net))
    assert fit(judged) == fit(judged)
