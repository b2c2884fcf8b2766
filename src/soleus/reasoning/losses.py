"""The loss model of the knowledge base as arrays."""

from __future__ import annotations

import numpy as np

from soleus.inference.decisions import Losses
from soleus.knowledge.schema.safety import CarePath, CauseValue, Harm
from soleus.reasoning.compiled import Compiled


def losses(compiled: Compiled) -> Losses:
    """The losses of a knowledge base, made once."""
    return compiled.once(_losses)


def _losses(compiled: Compiled) -> Losses:
    """L(path, explanation) = cost of the path + harm of the explanation times the share that it leaves uncovered."""
    network, knowledge = compiled.network, compiled.knowledge
    harm = np.array([knowledge.by_id(Harm)[s].loss for s in network.explanations])
    rows = []
    for path in knowledge.all(CarePath):
        cover = np.array([1.0 if s in path.covers else path.partly.get(s, 0.0) for s in network.explanations])
        rows.append(path.cost + harm * (1 - cover))
    values = _cause_values(compiled)
    return Losses(
        np.array(rows),
        {network.contributor_index[c]: v.value for c, v in values.items()},
        {network.contributor_index[c]: v.cost for c, v in values.items()},
    )


def _cause_values(compiled: Compiled) -> dict[str, CauseValue]:
    """The value of each contributor, or of its kind; those without either are not asked about for their own sake."""
    known = compiled.knowledge.by_id(CauseValue)
    found = {c.id: known.get(c.id) or known.get(f"default.{c.kind}") for c in compiled.contributors.values()}
    return {c: v for c, v in found.items() if v is not None}
