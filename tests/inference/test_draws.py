"""Draws of the parameters: near the point answer, the same in every case, and nothing that matters left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from soleus.inference import draws
from soleus.inference.causes import attribute, attribute_draws
from soleus.inference.draws import draw, draw_log_weights, streams, total_sd
from soleus.inference.network import Context, Evidence, Network
from soleus.inference.posterior import Judgement, judge
from tests.inference import generated

SEEDS = range(12)


def judged(seed: int, **size: int) -> Judgement:
    net, context = generated.network(seed, **size)
    return judge(net, context, generated.evidence(seed, net))


def narrow(net: Network, context: Context, share: float) -> tuple[Network, Context]:
    """The same network with every spread multiplied by ``share``."""
    blocks = tuple(replace(b, sd=b.sd * share) for b in net.blocks)
    return replace(net, sd=net.sd * share, blocks=blocks), Context(
        context.log_rate, context.rate_sd * share, context.prevalence
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_each_draw_is_a_distribution(seed: int) -> None:
    found = draw(judged(seed), 300)
    assert found.probability.sum(axis=1) == pytest.approx(np.ones(300))
    assert np.isfinite(found.probability).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_intervals_hold_the_point(seed: int) -> None:
    point = judged(seed)
    found = draw(point, 300)
    assert (found.low <= point.probability).all()
    assert (point.probability <= found.high).all()
    assert (found.low >= 0).all()
    assert (found.high <= 1).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_mean_of_the_draws_is_close_to_the_point(seed: int) -> None:
    net, context = generated.network(seed)
    tight, level = narrow(net, context, 0.5)
    point = judge(tight, level, generated.evidence(seed, net))
    assert draw(point, 2000).probability.mean(axis=0) == pytest.approx(point.probability, abs=0.03)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_spread_every_draw_is_the_point(seed: int) -> None:
    net, context = generated.network(seed)
    sure, level = narrow(net, context, 0.0)
    point = judge(sure, level, generated.evidence(seed, net))
    found = draw(point, 50)
    # Explanations that are cut stand below 1 in 10,000 of the first each.
    assert np.abs(found.probability[:, found.kept] - point.probability[found.kept]).max() < 5e-4
    assert found.high - found.low == pytest.approx(np.zeros(len(point.probability)), abs=5e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_more_spread_gives_wider_intervals(seed: int) -> None:
    net, context = generated.network(seed)
    evidence = generated.evidence(seed, net)
    widths = []
    for share in (0.3, 1.0):
        found = draw(judge(*narrow(net, context, share), evidence), 500)
        widths.append(float((found.high - found.low).sum()))
    assert widths[0] < widths[1]


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_parameter_takes_the_same_value_in_every_case(seed: int) -> None:
    # Two cases that differ by one finding: the draws differ by that finding's own term alone, whatever else is told.
    net, context = generated.network(seed)
    f = 6
    every = np.arange(len(net.explanations))
    terms = []
    for told in ({}, {3: 0}, {3: 1, 4: 0, 0: 0}):
        without, with_f = Evidence(told), Evidence({**told, f: 1})
        gap = draw_log_weights(judge(net, context, with_f), every, 100) - draw_log_weights(
            judge(net, context, without), every, 100
        )
        terms.append(gap)
    assert terms[0] == pytest.approx(terms[1], abs=1e-5)
    assert terms[0] == pytest.approx(terms[2], abs=1e-5)


def test_a_draw_does_not_depend_on_which_explanations_are_kept() -> None:
    point = judged(4)
    every = np.arange(len(point.probability))
    whole = draw_log_weights(point, every, 100)
    assert draw_log_weights(point, every[[1, 3]], 100) == pytest.approx(whole[:, [1, 3]], abs=1e-5)


def test_streams_are_standard_normal_and_not_alike() -> None:
    z = streams(np.arange(200, dtype=np.uint64) + np.uint64(7), 1000)
    assert abs(float(z.mean())) < 0.01
    assert float(z.std()) == pytest.approx(1.0, abs=0.01)
    between = np.corrcoef(z[:40])
    assert np.abs(between - np.eye(40)).max() < 0.2


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_of_being_first_add_up_and_name_the_first(seed: int) -> None:
    point = judged(seed)
    shares = draw(point, 300).first_share
    assert sum(shares.values()) == pytest.approx(1.0)
    best = int(point.probability.argmax())
    if point.probability[best] > 0.9:
        assert max(shares, key=lambda s: shares[s]) == best


@pytest.mark.parametrize("seed", SEEDS)
def test_rank_intervals_hold_for_what_was_kept(seed: int) -> None:
    point = judged(seed)
    found = draw(point, 300)
    for s in range(len(point.probability)):
        ranks = found.rank_interval.get(s)
        assert (ranks is None) == (s not in found.kept)
        if ranks:
            assert 1 <= ranks[0] <= ranks[1] <= len(found.kept)


@pytest.mark.parametrize("seed", range(25))
def test_pruning_leaves_out_nothing_that_matters(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    point = judged(seed, explanations=30, findings=20)
    pruned = draw(point, 500)
    monkeypatch.setattr(draws, "_CUT", np.inf)
    whole = draw(point, 500)
    assert len(whole.kept) == 30
    left_out = np.setdiff1d(whole.kept, pruned.kept)
    if len(left_out):  # at most 1 in 10,000 of the first one even at the far end of its interval
        assert np.quantile(whole.probability[:, left_out], 0.975, axis=0).max() < 1e-3
    assert np.abs(whole.low - pruned.low).max() < 1e-3
    assert np.abs(whole.high[pruned.kept] - pruned.high[pruned.kept]).max() < 1e-3


def test_pruning_does_prune() -> None:
    counts = [len(draw(judged(seed, explanations=30, findings=20), 50).kept) for seed in range(10)]
    assert min(counts) < 30


@pytest.mark.parametrize("seed", SEEDS)
def test_the_spread_that_prunes_is_not_below_what_the_draws_show(seed: int) -> None:
    point = judged(seed)
    shown = draw_log_weights(point, np.arange(len(point.probability)), 1000).std(axis=0)
    assert (shown <= total_sd(point) * 1.15 + 0.02).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_add_to_one_in_every_draw_and_lie_about_the_point(seed: int) -> None:
    net, context = generated.network(seed)
    tight, level = narrow(net, context, 0.4)
    point = judge(tight, level, generated.evidence(seed, net))
    for s in range(len(net.explanations)):
        known = attribute(point, s)
        drawn = attribute_draws(point, known, 600)
        total = drawn.idiopathic + sum(drawn.share.values(), np.zeros(600))
        assert total == pytest.approx(np.ones(600), abs=1e-9)
        assert drawn.idiopathic.mean() == pytest.approx(known.idiopathic, abs=0.06)
        for c, share in drawn.share.items():
            assert share.mean() == pytest.approx(known.share[c], abs=0.06)


@pytest.mark.parametrize("seed", SEEDS)
def test_without_spread_every_draw_of_the_shares_is_the_point(seed: int) -> None:
    net, context = generated.network(seed)
    sure, level = narrow(net, context, 0.0)
    point = judge(sure, level, generated.evidence(seed, net))
    s = int(point.probability.argmax())
    known = attribute(point, s)
    assert attribute_draws(point, known, 20).idiopathic == pytest.approx(np.full(20, known.idiopathic), abs=1e-6)


def test_fewer_draws_are_the_first_of_more() -> None:
    keys = np.arange(7, dtype=np.uint64)
    assert np.array_equal(streams(keys, 20), streams(keys, 400)[:, :20])
