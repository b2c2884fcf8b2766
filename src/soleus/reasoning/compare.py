"""The discriminating table of two explanations."""

from __future__ import annotations

import math
from dataclasses import dataclass

from soleus.evidence.record import Basis
from soleus.reasoning.compiled import Compiled


@dataclass(frozen=True)
class Row:
    """The state of a finding that tells two explanations apart best, with both probabilities."""

    finding: str
    state: str
    label: str
    p_first: float
    p_second: float
    decibans: float
    basis: Basis
    sources: tuple[str, ...]


def compare(compiled: Compiled, first: str, second: str) -> tuple[Row, ...]:
    """One row a finding on which either explanation has a record of its own, the most telling first.

    Within a finding the row is the state with the largest expected weight, p_first and p_second averaged.
    """
    rows = []
    for f, record in compiled.findings.items():
        a, b = compiled.likelihoods.get((first, f)), compiled.likelihoods.get((second, f))
        base = compiled.backgrounds.get(f)
        if (a is None and b is None) or base is None or f in compiled.markers:
            continue
        p, q = (a or base).p, (b or base).p
        k = max(range(len(p)), key=lambda i: (p[i] + q[i]) * abs(_decibans(p[i], q[i])))
        bases = [r.basis for r in (a, b) if r]
        rows.append(
            Row(
                finding=f,
                state=record.states[k].id,
                label=f"{record.name}: {record.states[k].label}",
                p_first=p[k],
                p_second=q[k],
                decibans=_decibans(p[k], q[k]),
                basis="expert" if "expert" in bases or len(bases) < 2 else bases[0],
                sources=tuple(s for r in (a, b) if r for s in r.source),
            )
        )
    return tuple(sorted(rows, key=lambda r: -abs(r.decibans) * (r.p_first + r.p_second)))


def _decibans(p: float, q: float) -> float:
    least = 1e-4
    return 10 * math.log10(max(p, least) / max(q, least))
