"""pyAgrum on the same tree and the same evidence, in its best form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pyagrum as gum

from soleus.inference.network import Context, Evidence, Network
from soleus.validation.oracle import tree_for

ENGINES = ("LazyPropagation", "ShaferShenoyInference", "VariableElimination")


@dataclass(frozen=True)
class Referee:
    """One engine on the tree of the whole knowledge base for one context; only S is asked for."""

    name: str
    engine: Any

    def posterior(self, told: dict[str, Any]) -> np.ndarray:
        """Evidence to posterior vector."""
        self.engine.setEvidence(told)
        self.engine.makeInference()
        return np.asarray(self.engine.posterior("S").toarray())

    def seconds(self, told: Sequence[dict[str, Any]]) -> list[float]:
        """How long each case takes."""
        out = []
        for one in told:
            begin = perf_counter()
            self.posterior(one)
            out.append(perf_counter() - begin)
        return out


def whole_tree(network: Network, context: Context) -> Any:
    """The tree with every finding and every contributor."""
    everything = Evidence(
        dict.fromkeys(range(len(network.findings)), 0), dict.fromkeys(range(len(network.contributors)), (1.0, 1.0))
    )
    return tree_for(network, context, everything)[0]


def as_told(evidence: Evidence) -> dict[str, Any]:
    """Evidence in pyAgrum's form, made before the clock runs."""
    hard = {f"f{f}": v for f, v in evidence.findings.items()}
    return hard | {f"c{c}": list(said) for c, said in evidence.contributors.items()}


def referees(network: Network, context: Context) -> list[Referee]:
    """Every engine on the same tree."""
    tree = whole_tree(network, context)
    out = []
    for name in ENGINES:
        engine = getattr(gum, name)(tree)
        engine.addTarget("S")
        out.append(Referee(name, engine))
    return out


def best(found: Sequence[Referee], told: Sequence[dict[str, Any]]) -> tuple[Referee, dict[str, float]]:
    """The quickest engine, and the median seconds of each."""
    medians = {r.name: float(np.median(r.seconds(told))) for r in found}
    return min(found, key=lambda r: medians[r.name]), medians
