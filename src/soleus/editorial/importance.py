"""Which records move answers most: what is worth reviewing first, and why.

A record moves an answer by its own uncertainty: over the 95 % interval of its figure, the probability of the first
explanation changes by so many points (hundredths). To first order that is

    p_s (1{e = s} - p_e) * dw * 2 * 1.96 sd

for a figure of explanation e whose log weight changes by dw with the log of the figure, s being the first explanation.
It is what `soleus.reasoning.evidence_bars.better_evidence` tells of one case, for every record, over the panel.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from soleus.editorial.panel import judged, panel
from soleus.inference.network import Evidence, Floats
from soleus.inference.posterior import Judgement
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.judging import Judged

Ref = tuple[str, str]
LEAST_POINTS: Final = 1.0  # from here on a move counts as one
_WIDTH: Final = 2 * 1.96 * 100  # sd of a log weight -> width of the 95 % interval, in points for a slope of one


@dataclass(frozen=True)
class Importance:
    """How much a record moves the first probability of the cases of the panel.

    ``points``: the mean over all cases; ``most``: the largest; ``moved``: the cases in which it is at least
    `LEAST_POINTS`; ``of``: all cases; ``example``: the case in which it moves most.
    """

    points: float
    most: float
    moved: int
    of: int
    example: str


def importance(compiled: Compiled) -> dict[Ref, Importance]:
    """(kind, id) -> how much it matters, for the records that move anything; made once per knowledge."""
    return compiled.once(_importance)


def _importance(compiled: Compiled) -> dict[Ref, Importance]:
    people = panel()
    found: dict[Ref, dict[str, float]] = defaultdict(dict)
    for person in people:
        for ref, points in _of_case(judged(person.case, compiled)).items():
            found[ref][person.id] = points
    return {ref: _summed(by_case, len(people)) for ref, by_case in found.items()}


def _summed(by_case: dict[str, float], of: int) -> Importance:
    example = max(sorted(by_case), key=lambda c: by_case[c])
    moved = sum(points >= LEAST_POINTS for points in by_case.values())
    return Importance(sum(by_case.values()) / of, by_case[example], moved, of, example)


def _of_case(one: Judged) -> dict[Ref, float]:
    """Points by record. Several cells of one record (a background) add as independent errors do."""
    squares: dict[Ref, float] = defaultdict(float)
    for ref, points in (*_rates(one), *_likelihoods(one), *_effects(one)):
        squares[ref] += points**2
    return {ref: float(np.sqrt(total)) for ref, total in squares.items()}


def _slopes(one: Judged) -> Floats:
    """(S,) change of the first probability with the log weight of each explanation, times `_WIDTH`."""
    p, s = one.judgement.probability, one.number(one.first.id)
    slope = -p[s] * p
    slope[s] += p[s]
    return np.asarray(np.abs(slope) * _WIDTH, np.float64)


def _rates(one: Judged) -> Iterator[tuple[Ref, float]]:
    points = _slopes(one) * one.judgement.context.rate_sd
    for name, value in zip(one.network.explanations, points.tolist(), strict=True):
        yield ("rate", name), value


def _likelihoods(one: Judged) -> Iterator[tuple[Ref, float]]:
    """The log of a share p moves by 1 - p with its log-odds, inside a facet nearly so."""
    network, slopes, known = one.network, _slopes(one), one.compiled.likelihoods
    for f, state in one.judgement.evidence.findings.items():
        points = slopes * network.sd[f] * (1 - network.p[network.row(f, state)])
        finding = network.findings[f]
        for name, value in zip(network.explanations, points.tolist(), strict=True):
            cell = known.get((name, finding))
            yield ("likelihood", cell.id) if cell else ("background", finding), value


def _effects(one: Judged) -> Iterator[tuple[Ref, float]]:
    """A ratio counts as far as what was told makes its contributor likelier, or less likely, than it was before."""
    j, network, slopes = one.judgement, one.network, _slopes(one)
    gain = np.abs(j.presence - Judgement(network, j.context, Evidence(), j.log_weight, j.probability).presence)
    for k in j.blocks:
        block = network.blocks[k]
        points = slopes[block.columns] * gain[list(block.members)][:, block.columns] * block.sd
        for i, m in zip(*np.nonzero(points), strict=True):
            contributor, explanation = network.contributors[block.members[i]], network.explanations[block.columns[m]]
            yield ("effect", f"{contributor}.{explanation}"), float(points[i, m])
