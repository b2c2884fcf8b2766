"""Coded people for the benchmark: simulated patients of one context, with a few contributors said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from soleus.inference import batch
from soleus.inference.network import Context, Evidence, Network
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.intake import statement_likelihood
from soleus.validation.simulate import draw_patient

CORE, BEYOND, SAID = 16, 4, 3  # answers of a person: core findings, other findings, contributors


@dataclass(frozen=True)
class Population:
    """The shipped base, one context, and what a statement about a contributor is worth in it."""

    compiled: Compiled
    network: Network
    context: Context

    def saying(self, contributor: int, present: bool) -> tuple[float, float]:
        """(P(said so | absent), P(said so | present))."""
        q = float(self.context.prevalence[contributor])
        if q <= 0:
            return (1.0, 1.0)
        return statement_likelihood(self.compiled, self.network.contributors[contributor], present, q)


def population() -> Population:
    """Women of 67 in primary care, as in the first example."""
    compiled = shipped_compiled()
    return Population(compiled, compiled.network, compiled.context(67, "female", "primary_care"))


def people(where: Population, n: int, seed: int = 7) -> list[Evidence]:
    """Patients drawn from the model: each was told of about twenty findings and three contributors.

    Half of what is said of contributors is that they are present.
    """
    rng = np.random.default_rng(seed)
    net = where.network
    core = [net.finding_index[f.id] for f in where.compiled.findings.values() if f.core and f.id in net.finding_index]
    others = sorted(set(range(len(net.findings))) - set(core))
    possible = np.flatnonzero(where.context.prevalence > 0)
    out = []
    for _ in range(n):
        asked = [*rng.choice(core, CORE, replace=False), *rng.choice(others, BEYOND, replace=False)]
        patient = draw_patient(net, where.context, [int(f) for f in asked], rng)
        said = {
            int(c): where.saying(int(c), bool(rng.random() < 0.5)) for c in rng.choice(possible, SAID, replace=False)
        }
        out.append(Evidence(patient.answers, said))
    return out


def repeated(codes: batch.Codes, n: int, seed: int = 11) -> batch.Codes:
    """``n`` cases: those given, again and again, in random order."""
    pick = np.random.default_rng(seed).integers(0, len(codes), n)
    length = np.diff(codes.start)[pick]
    start = np.concatenate([[0], np.cumsum(length)])
    place = np.arange(start[-1]) + np.repeat(codes.start[:-1][pick] - start[:-1], length)
    return batch.Codes(start.astype(np.int64), codes.column[place], codes.code[place])
