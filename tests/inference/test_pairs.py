"""Pooling two complaints in one story: the arithmetic of each rule."""

from __future__ import annotations

import numpy as np
import pytest

from soleus.inference.network import Evidence
from soleus.inference.pairs import pair_odds, pool_any, pool_worst
from soleus.inference.posterior import judge
from tests.inference import generated


def test_present_in_either() -> None:
    # p_s = 0.8, p_t = 0.3, background 0.1: 1 - (0.2 * 0.7) / 0.9
    pooled = pool_any(np.array([0.8, 0.2]), np.array([0.3, 0.7]), np.array([0.1, 0.9]), absent=1)
    assert pooled[0] == pytest.approx(1 - (0.2 * 0.7) / 0.9)
    assert pooled.sum() == pytest.approx(1.0)


def test_two_complaints_without_the_finding_give_no_more_than_its_background() -> None:
    p = np.array([0.1, 0.9])
    assert pool_any(p, p, p, absent=1)[0] == pytest.approx(0.1)


def test_the_worst_of_two() -> None:
    # F_s = (.5, .8, 1), F_t = (.2, .6, 1), F_0 = (.6, .9, 1): (.5*.2/.6, .8*.6/.9, 1)
    pooled = pool_worst(np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.4, 0.4]), np.array([0.6, 0.3, 0.1]))
    assert np.cumsum(pooled) == pytest.approx([0.5 * 0.2 / 0.6, 0.8 * 0.6 / 0.9, 1.0])


def test_without_findings_the_odds_are_co_occurrence_times_prevalence() -> None:
    net, context = generated.network(2)
    odds = pair_odds(
        judge(net, context, Evidence()),
        0,
        1,
        ratio=2.0,
        prevalence=0.05,
        pooling={},
        background=lambda _: np.ones(2) / 2,
    )
    assert odds == pytest.approx(2.0 * 0.05)
