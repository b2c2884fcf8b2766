"""What must hold for any knowledge base: splitting, silence, and evidence that says nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.inference.batch import build, encode, score
from soleus.inference.network import BlockArrays, Context, Evidence, FacetArrays, Floats, Network
from soleus.inference.posterior import judge
from tests.inference import generated

SEED = st.integers(0, 10_000)


def split(net: Network, context: Context, s: int, share: float) -> tuple[Network, Context]:
    """Explanation ``s`` as two with the same likelihoods and ratios; its rate is shared between them."""
    wide = [*range(len(net.explanations)), s]
    facets = tuple(replace(g, w=g.w[wide], a=g.a[:, wide], b=g.b[:, wide]) for g in net.facets)
    rate = np.exp(context.log_rate)[wide]
    rate[s] *= share
    rate[-1] *= 1 - share
    made = replace(
        net,
        explanations=(*net.explanations, "twin"),
        p=net.p[:, wide],
        sd=net.sd[:, wide],
        facets=facets,
        blocks=tuple(_touching(b, s, len(net.explanations)) for b in net.blocks),
    )
    return made, Context(np.log(rate), context.rate_sd[wide], context.prevalence)


def _touching(b: BlockArrays, s: int, twin: int) -> BlockArrays:
    at = np.flatnonzero(b.columns == s)
    if not len(at):
        return b
    wide = [*range(len(b.columns)), int(at[0])]
    return replace(b, columns=np.append(b.columns, twin), log_rho=b.log_rho[:, wide], sd=b.sd[:, wide],
                   log_causal=b.log_causal[:, wide], necessary=b.necessary[:, wide])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(SEED, st.integers(0, 4), st.floats(0.05, 0.95))
def test_two_halves_of_an_explanation_have_its_probability(seed: int, s: int, share: float) -> None:
    net, context = generated.network(seed)
    evidence = generated.evidence(seed, net)
    whole = judge(net, context, evidence).probability
    halves = judge(*split(net, context, s, share), evidence).probability
    assert halves[s] + halves[-1] == pytest.approx(whole[s], abs=1e-12)
    others = [t for t in range(5) if t != s]
    assert halves[others] == pytest.approx(whole[others], abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(SEED)
def test_a_finding_that_nobody_asked_about_is_a_factor_of_one(seed: int) -> None:
    # Every finding that was left out, removed from the knowledge base altogether: nothing moves.
    net, context = generated.network(seed)
    told = generated.evidence(seed, net)
    known = [f for f in range(len(net.findings)) if f in told.findings or f in net.facet_of]
    rows = np.concatenate([np.arange(net.start[f], net.start[f + 1]) for f in known])
    fewer = replace(
        net,
        findings=tuple(net.findings[f] for f in known),
        states=tuple(net.states[f] for f in known),
        p=net.p[rows],
        sd=net.sd[known],
    )
    renamed = Evidence({known.index(f): v for f, v in told.findings.items()}, told.contributors)
    assert judge(fewer, context, renamed).probability == pytest.approx(judge(net, context, told).probability, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(SEED, st.integers(0, 6))
def test_all_states_of_a_finding_weigh_back_to_not_asked(seed: int, f: int) -> None:
    # sum_v P(v | e) P(s | e, v) = P(s | e): asking moves nothing in expectation.
    net, context = generated.network(seed)
    told = without(generated.evidence(seed, net), [f])
    before = judge(net, context, told)
    parts = [judge(net, context, told.with_finding(f, v)) for v in range(len(net.states[f]))]
    weight = np.array([_mass(p.log_weight) for p in parts])
    mixed = sum(w * p.probability for w, p in zip(weight, parts, strict=True)) / weight.sum()
    assert mixed == pytest.approx(before.probability, abs=1e-10)
    assert weight.sum() == pytest.approx(_mass(before.log_weight), rel=1e-9)


def without(told: Evidence, findings: Iterable[int], contributors: Iterable[int] = ()) -> Evidence:
    """The evidence as if these had not been asked."""
    gone, lost = set(findings), set(contributors)
    kept = {f: v for f, v in told.findings.items() if f not in gone}
    return Evidence(kept, {c: x for c, x in told.contributors.items() if c not in lost})


def _mass(log_weight: Floats) -> float:
    return float(np.exp(log_weight).sum())


@settings(max_examples=60, deadline=None)
@given(SEED, st.lists(st.integers(0, 4), min_size=2, max_size=2, unique=True))
def test_a_facet_that_says_nothing_of_two_leaves_their_odds(seed: int, pair: list[int]) -> None:
    net, context = generated.network(seed)
    s, t = pair
    facet, p = net.facets[0], net.p.copy()
    for f in facet.items:
        p[net.start[f] : net.start[f + 1], s] = p[net.start[f] : net.start[f + 1], t]
    alike = replace(net, p=p, facets=(_alike(facet, s, t),))
    told = without(generated.evidence(seed, net), facet.items)
    with_items = Evidence({**told.findings, **dict.fromkeys(facet.items, 1)}, told.contributors)
    before, after = judge(alike, context, told), judge(alike, context, with_items)
    gap = (after.log_weight[s] - after.log_weight[t]) - (before.log_weight[s] - before.log_weight[t])
    assert gap == pytest.approx(0, abs=1e-12)


def _alike(facet: FacetArrays, s: int, t: int) -> FacetArrays:
    w, a, b = facet.w.copy(), facet.a.copy(), facet.b.copy()
    w[s], a[:, s], b[:, s] = w[t], a[:, t], b[:, t]
    return replace(facet, w=w, a=a, b=b)


@settings(max_examples=60, deadline=None)
@given(SEED, st.integers(0, 2))
def test_a_block_that_touches_neither_of_two_leaves_their_odds(seed: int, number: int) -> None:
    net, context = generated.network(seed)
    block = net.blocks[number]
    untouched = [s for s in range(5) if s not in block.columns]
    told = without(generated.evidence(seed, net), (), block.members)
    said = Evidence(told.findings, {**told.contributors, **dict.fromkeys(block.members, (0.1, 0.9))})
    before, after = judge(net, context, told).probability, judge(net, context, said).probability
    for s in untouched[1:]:
        first = untouched[0]
        assert after[s] / after[first] == pytest.approx(before[s] / before[first], rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(SEED, st.randoms(use_true_random=False))
def test_the_order_of_evidence_is_irrelevant(seed: int, shuffler) -> None:  # type: ignore[no-untyped-def]
    net, context = generated.network(seed)
    told = generated.evidence(seed, net, share=0.9)
    findings, said = list(told.findings.items()), list(told.contributors.items())
    shuffler.shuffle(findings)
    shuffler.shuffle(said)
    turned = judge(net, context, Evidence(dict(findings), dict(said)))
    assert turned.probability == pytest.approx(judge(net, context, told).probability, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(SEED)
def test_a_batch_that_was_told_nothing_of_a_thing_leaves_it_out(seed: int) -> None:
    net, context = generated.network(seed)
    told = Evidence(generated.evidence(seed, net).findings, {})
    table = build(net, context, lambda _, present: (0.05, 0.9) if present else (0.95, 0.1))
    found = score(table, encode(net, [told, Evidence()]))
    assert found[0] == pytest.approx(judge(net, context, told).probability, abs=1e-5)
    assert found[1] == pytest.approx(judge(net, context, Evidence()).probability, abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(SEED, st.floats(0.01, 100))
def test_only_the_ratio_of_what_is_said_matters(seed: int, factor: float) -> None:
    # P(said | absent) and P(said | present) times the same number: the same answer.
    net, context = generated.network(seed)
    told = generated.evidence(seed, net)
    scaled = Evidence(told.findings, {c: (a * factor, b * factor) for c, (a, b) in told.contributors.items()})
    assert judge(net, context, scaled).probability == pytest.approx(judge(net, context, told).probability, abs=1e-12)
