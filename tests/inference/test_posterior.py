"""The posterior against full enumeration and against pyAgrum, on generated knowledge bases."""

from __future__ import annotations

import numpy as np
import pytest

from soleus.inference.blocks import expected_phi, joint_prior
from soleus.inference.causes import attribute
from soleus.inference.network import Context, Evidence, Network
from soleus.inference.posterior import judge
from soleus.inference.weights import DECIBAN, weights
from tests.inference import generated, oracle

SEEDS = range(25)


@pytest.mark.parametrize("seed", SEEDS)
def test_posterior_equals_enumeration(seed: int) -> None:
    net, context = generated.network(seed)
    evidence = generated.evidence(seed, net)
    assert np.allclose(judge(net, context, evidence).probability, oracle.posterior(net, context, evidence), atol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_posterior_equals_pyagrum(seed: int) -> None:
    gum = pytest.importorskip("pyagrum")
    net, context = generated.network(seed)
    evidence = generated.evidence(seed, net)
    tree = as_tree(gum, net, context)
    engine = gum.LazyPropagation(tree)
    hard = {net.findings[f]: v for f, v in evidence.findings.items()}
    soft = {net.contributors[c]: list(said) for c, said in evidence.contributors.items()}
    engine.setEvidence(hard | soft)
    engine.makeInference()
    assert np.allclose(engine.posterior("S").toarray(), judge(net, context, evidence).probability, atol=1e-9)


def as_tree(gum, net: Network, context: Context):  # type: ignore[no-untyped-def]
    """The model for one person as a tree rooted at S, built with pyAgrum's own calls."""
    tree = gum.BayesNet()
    s_ids = len(net.explanations)
    tree.add(gum.LabelizedVariable("S", "S", s_ids))
    rate = np.exp(context.log_rate)
    tree.cpt("S").fillWith(list(rate / rate.sum()))
    for f, name in enumerate(net.findings):
        tree.add(gum.LabelizedVariable(name, name, len(net.states[f])))
    for f, name in enumerate(net.findings):
        if f not in net.facet_of:
            tree.addArc("S", name)
            for s in range(s_ids):
                tree.cpt(name)[{"S": s}] = [float(x) for x in net.p[net.start[f] : net.start[f + 1], s]]
    for g, facet in enumerate(net.facets):
        tree.add(gum.LabelizedVariable(facet.id, facet.id, 2))
        tree.addArc("S", facet.id)
        for s in range(s_ids):
            tree.cpt(facet.id)[{"S": s}] = [1 - facet.w[s], facet.w[s]]
        for j, f in enumerate(facet.items):
            tree.addArc("S", net.findings[f])
            tree.addArc(facet.id, net.findings[f])
            for s in range(s_ids):
                for hidden in (0, 1):
                    tree.cpt(net.findings[f])[{"S": s, facet.id: hidden}] = oracle.item_table(net, g, j, s, hidden)
    for block in net.blocks:
        prior = joint_prior(block, context.prevalence)
        phi = expected_phi(block, prior)
        tree.add(gum.LabelizedVariable(block.id, block.id, len(prior)))
        tree.addArc("S", block.id)
        for s in range(s_ids):
            at = np.flatnonzero(block.columns == s)
            p = prior * (phi[:, at[0]] if len(at) else 1.0)
            tree.cpt(block.id)[{"S": s}] = [float(x) for x in p / p.sum()]
        for k, c in enumerate(block.members):
            tree.add(gum.LabelizedVariable(net.contributors[c], net.contributors[c], 2))
            tree.addArc(block.id, net.contributors[c])
            for row in range(len(prior)):
                present = row >> k & 1
                tree.cpt(net.contributors[c])[{block.id: row}] = [1 - present, present]
    return tree


@pytest.mark.parametrize("seed", SEEDS)
def test_prior_and_bars_add_up_to_the_posterior_odds(seed: int) -> None:
    net, context = generated.network(seed)
    judgement = judge(net, context, generated.evidence(seed, net))
    order = np.argsort(-judgement.probability)
    s, t = int(order[0]), int(order[1])
    prior, bars = weights(judgement, s, t)
    odds = judgement.probability[s] / judgement.probability[t]
    assert prior + sum(b.decibans for b in bars) == pytest.approx(DECIBAN * np.log(odds), abs=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_asked_gives_the_marginal_rates(seed: int) -> None:
    # phi~ makes contributors that nobody asked about drop out: 70 : 30 stays 70 : 30.
    net, context = generated.network(seed)
    rate = np.exp(context.log_rate)
    assert np.allclose(judge(net, context, Evidence()).probability, rate / rate.sum(), atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_shares_and_the_idiopathic_share_equal_enumeration(seed: int) -> None:
    net, context = generated.network(seed)
    evidence = generated.evidence(seed, net)
    judgement = judge(net, context, evidence)
    s = int(judgement.probability.argmax())
    found = attribute(judgement, s)
    assert found.idiopathic + sum(found.share.values()) == pytest.approx(1.0, abs=1e-9)
    assert found.idiopathic == pytest.approx(idiopathic_by_enumeration(net, context, evidence, s), abs=1e-9)


def idiopathic_by_enumeration(net: Network, context: Context, evidence: Evidence, s: int) -> float:
    """E[1 / causal ratio of all contributors present | s, e], from the definition of each block's rule."""
    total, kept = 0.0, 0.0
    for (t, state), weight in oracle.joint_weights(net, context, evidence).items():
        if t == s:
            total += weight
            kept += weight * np.exp(-sum(causal_log(b, state, s) for b in net.blocks))
    return kept / total


def causal_log(block, state: tuple[int, ...], s: int) -> float:  # type: ignore[no-untyped-def]
    at = np.flatnonzero(block.columns == s)
    if not len(at):
        return 0.0
    logs = [
        0.0 if block.necessary[k, at[0]] else max(float(block.log_causal[k, at[0]]), 0.0) for k in range(block.size)
    ]
    present = [x for k, x in enumerate(logs) if state[block.members[k]]]
    if not present:
        return 0.0
    if block.rule == "multiply":
        return sum(present)
    if block.rule == "largest":
        return max(present)
    if block.rule == "largest_sqrt":
        return max(present) + (sum(present) - max(present)) / 2
    return next((x for x in present if x != 0), 0.0)


def test_known_single_cause_has_the_textbook_share() -> None:
    # rho = 2.5 and present for certain: share = 1 - 1/2.5 = 0.6, idiopathic = 0.4
    net, context = generated.network(3, blocks=1)
    block = net.blocks[0]
    from dataclasses import replace

    only = replace(block, members=block.members[:1], rule="multiply", columns=np.array([0]), given=(),
                   log_rho=np.log([[2.5]]), sd=np.zeros((1, 1)), log_causal=np.log([[2.5]]),
                   necessary=np.zeros((1, 1), bool))  # fmt: skip
    net = replace(net, blocks=(only,), contributors=net.contributors[:1])
    judgement = judge(net, context, Evidence({}, {0: (0.0, 1.0)}))
    found = attribute(judgement, 0)
    assert found.share[0] == pytest.approx(1 - 1 / 2.5, abs=1e-12)
    assert found.idiopathic == pytest.approx(1 / 2.5, abs=1e-12)


def test_order_of_evidence_is_irrelevant() -> None:
    net, context = generated.network(1)
    evidence = generated.evidence(1, net)
    turned = Evidence(dict(reversed(evidence.findings.items())), dict(reversed(evidence.contributors.items())))
    assert np.allclose(judge(net, context, evidence).probability, judge(net, context, turned).probability, atol=1e-14)
