"""What simpler or poorer systems would say: rates only; naive Bayes without facets; without expert records."""

from __future__ import annotations

import numpy as np

from soleus.errors import SoleusError
from soleus.inference.network import Context, Evidence, Network
from soleus.inference.posterior import judge
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import MedicineIndex
from soleus.validation.scoring import Share
from soleus.validation.vignettes import Vignette


def rates_only(vignettes: list[Vignette], compiled: Compiled) -> Share:
    """How often the commonest explanation for age, sex and setting is right."""
    return _share(vignettes, compiled, compiled.network, keep=lambda _network, _e: Evidence())


def without_facets(vignettes: list[Vignette], compiled: Compiled) -> Share:
    """Naive Bayes: every finding multiplied as if independent."""
    from dataclasses import replace

    return _share(vignettes, compiled, replace(compiled.network, facets=()), keep=lambda _network, e: e)


def without_expert(vignettes: list[Vignette], compiled: Compiled) -> Share:
    """Likelihoods whose basis is expert fall back on the background; effects whose basis is expert are taken out."""
    return _share(vignettes, compiled, measured_only(compiled), keep=lambda _network, e: e)


def measured_only(compiled: Compiled) -> Network:
    """The network with expert records removed."""
    from dataclasses import replace

    network = compiled.network
    p, sd = network.p.copy(), network.sd.copy()
    for f, finding in enumerate(network.findings):
        base = np.array(compiled.backgrounds[finding].p)
        for i, s in enumerate(network.explanations):
            record = compiled.likelihoods.get((s, finding))
            if record is None or record.basis == "expert":
                p[network.start[f] : network.start[f + 1], i] = np.clip(base, 1e-4, 1 - 1e-4)
    ids = network.contributors
    blocks = []
    for block in network.blocks:
        keep = np.array([
            [(e := compiled.effects.get((ids[m], network.explanations[s]))) is not None and e.basis != "expert"
             for s in block.columns] for m in block.members
        ], np.bool_).reshape(block.log_rho.shape)  # fmt: skip
        log_rho, sd = np.where(keep, block.log_rho, 0.0), np.where(keep, block.sd, 0.0)
        blocks.append(replace(block, log_rho=log_rho, sd=sd, necessary=block.necessary & keep))
    return replace(network, p=p, sd=sd, facets=(), blocks=tuple(blocks))


def _share(vignettes: list[Vignette], compiled: Compiled, network: Network, keep) -> Share:  # type: ignore[no-untyped-def]
    index = MedicineIndex(compiled.knowledge)
    right = 0
    for v in vignettes:
        try:
            p = take_in(v.read(), compiled, index)[0]
            # A context keeps what it has worked out for the blocks of one network: another needs one of its own.
            own = Context(p.context.log_rate, p.context.rate_sd, p.context.prevalence)
            found = judge(network, own, keep(network, p.evidence))
        except SoleusError:
            continue
        right += network.explanations[int(found.probability.argmax())] in v.expected.right
    return Share(right, len(vignettes))
