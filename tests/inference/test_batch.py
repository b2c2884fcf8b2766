"""Batches against the single judgement, with and without numba."""

from __future__ import annotations

import numpy as np
import pytest

from soleus.inference import batch
from soleus.inference.network import Evidence
from soleus.inference.posterior import judge
from tests.inference import generated


def saying(_contributor: int, present: bool) -> tuple[float, float]:
    return (0.03, 0.9) if present else (0.97, 0.1)


@pytest.mark.parametrize("seed", range(10))
def test_a_batch_equals_single_judgements(seed: int) -> None:
    net, context = generated.network(seed)
    cases = []
    for k in range(20):
        evidence = generated.evidence(seed * 100 + k, net)
        cases.append(Evidence(evidence.findings, {c: saying(c, c % 2 == 0) for c in evidence.contributors}))
    table = batch.build(net, context, saying)
    codes = batch.encode(net, cases)
    exact = np.array([judge(net, context, c).probability for c in cases])
    assert np.abs(batch.score(table, codes) - exact).max() < 1e-5
    assert np.abs(batch.score_numpy(table, codes) - exact).max() < 1e-5


def test_nothing_known_gives_the_rates() -> None:
    net, context = generated.network(0)
    table = batch.build(net, context, saying)
    rate = np.exp(context.log_rate)
    assert np.allclose(batch.score(table, batch.encode(net, [Evidence()]))[0], rate / rate.sum(), atol=1e-6)
