"""The shipped knowledge base against pyAgrum, on the vignettes: the same tree, the same evidence."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from typing import Any

import numpy as np

from soleus.errors import SoleusError
from soleus.inference.blocks import expected_phi, joint_prior
from soleus.inference.network import Context, Evidence, Floats, Network
from soleus.inference.posterior import item_given_state, judge
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import MedicineIndex
from soleus.validation.vignettes import Vignette


def max_abs_error(compiled: Compiled, vignettes: Iterable[Vignette], most: int = 12) -> float:
    """The largest difference between any two probabilities; NaN where pyAgrum is not installed."""
    try:
        import pyagrum  # noqa: F401
    except ImportError:
        return float("nan")
    index = MedicineIndex(compiled.knowledge)
    worst, done = 0.0, 0
    for v in vignettes:
        if done >= most:
            break
        try:
            p = take_in(v.read(), compiled, index)[0]
            ours = judge(compiled.network, p.context, p.evidence).probability
        except SoleusError:
            continue
        worst = max(worst, float(np.abs(tree_posterior(compiled.network, p.context, p.evidence) - ours).max()))
        done += 1
    return worst


def tree_posterior(network: Network, context: Context, evidence: Evidence) -> Floats:
    """P(S | e) by pyAgrum on the tree of docs/model.md."""
    gum: Any = import_module("pyagrum")
    tree, hard, soft = tree_for(network, context, evidence)
    engine = gum.LazyPropagation(tree)
    engine.setEvidence(hard | soft)
    engine.addTarget("S")
    engine.makeInference()
    return np.asarray(engine.posterior("S").toarray(), np.float64)


def tree_for(
    network: Network, context: Context, evidence: Evidence
) -> tuple[Any, dict[str, int], dict[str, list[float]]]:
    """The tree for one person with the nodes that the evidence touches, and the evidence in pyAgrum's form."""
    gum: Any = import_module("pyagrum")
    tree = gum.BayesNet()
    tree.add(gum.LabelizedVariable("S", "S", len(network.explanations)))
    weight = np.exp(context.log_rate - context.log_rate.max())
    tree.cpt("S").fillWith(list(weight / weight.sum()))
    for f in evidence.findings:
        tree.add(gum.LabelizedVariable(f"f{f}", network.findings[f], len(network.states[f])))
    for f in evidence.findings:
        if f not in network.facet_of:
            tree.addArc("S", f"f{f}")
            rows = network.p[network.start[f] : network.start[f + 1]]
            tree.cpt(f"f{f}")[:] = np.ascontiguousarray(rows.T)
    for g in sorted({network.facet_of[f] for f in evidence.findings if f in network.facet_of}):
        _add_facet(gum, tree, network, g, evidence)
    soft: dict[str, list[float]] = {}
    for k in sorted({network.block_of[c] for c in evidence.contributors}):
        _add_block(gum, tree, network, context, k)
        for c in network.blocks[k].members:
            if c in evidence.contributors:
                soft[f"c{c}"] = list(evidence.contributors[c])
    return tree, {f"f{f}": v for f, v in evidence.findings.items()}, soft


def _add_facet(gum: Any, tree: Any, network: Network, g: int, evidence: Evidence) -> None:
    facet = network.facets[g]
    tree.add(gum.LabelizedVariable(f"g{g}", facet.id, 2))
    tree.addArc("S", f"g{g}")
    tree.cpt(f"g{g}")[:] = np.column_stack([1 - facet.w, facet.w])
    for j, f in enumerate(facet.items):
        if f in evidence.findings:
            tree.addArc("S", f"f{f}")
            tree.addArc(f"g{g}", f"f{f}")
            pairs = [item_given_state(network, facet, j, f, v) for v in range(len(network.states[f]))]
            for s in range(len(network.explanations)):
                for hidden in (0, 1):
                    row = [float(p[1 - hidden][s]) for p in pairs]
                    tree.cpt(f"f{f}")[{"S": s, f"g{g}": hidden}] = row


def _add_block(gum: Any, tree: Any, network: Network, context: Context, k: int) -> None:
    block = network.blocks[k]
    prior = joint_prior(block, context.prevalence)
    phi = expected_phi(block, prior)
    tree.add(gum.LabelizedVariable(f"k{k}", block.id, len(prior)))
    tree.addArc("S", f"k{k}")
    for s in range(len(network.explanations)):
        at = np.flatnonzero(block.columns == s)
        p = prior * (phi[:, at[0]] if len(at) else 1.0)
        tree.cpt(f"k{k}")[{"S": s}] = [float(x) for x in (p / p.sum() if p.sum() > 0 else prior)]
    for i, c in enumerate(block.members):
        tree.add(gum.LabelizedVariable(f"c{c}", network.contributors[c], 2))
        tree.addArc(f"k{k}", f"c{c}")
        for row in range(len(prior)):
            present = row >> i & 1
            tree.cpt(f"c{c}")[{f"k{k}": row}] = [1.0 - present, float(present)]
