"""Whether one story may hold two complaints."""

from __future__ import annotations

import numpy as np

from soleus.inference.network import Floats
from soleus.inference.pairs import Pooling, pair_odds
from soleus.knowledge.schema.core import CoOccurrence, Finding
from soleus.reasoning import words
from soleus.reasoning.assessment import Audience
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.judging import Judged

_DESCRIBED = ("site", "tempo", "quality")  # told of one of the two


def together(judged: Judged, audience: Audience) -> str | None:
    """A sentence if two recorded companions together explain the story better than the first alone."""
    best: tuple[float, str] | None = None
    for pair in judged.compiled.knowledge.all(CoOccurrence):
        if judged.first.id in (pair.first, pair.second):
            other = pair.second if pair.first == judged.first.id else pair.first
            odds = odds_of_both(judged, pair, other)
            if best is None or odds > best[0]:
                best = odds, other
    if best is None or best[0] <= 1:
        return None
    both = [words.name(judged.compiled.explanations[s], audience) for s in (judged.first.id, best[1])]
    return f"The story fits {both[0]} and {both[1]} together better than {both[0]} alone: ask about each by itself."


def odds_of_both(judged: Judged, pair: CoOccurrence, other: str) -> float:
    """Odds of the first explanation with ``other`` against the first alone."""
    network, compiled = judged.network, judged.compiled
    prevalence = pair.prevalence.value if other == pair.second else _prevalence(judged, other)

    def background(f: int) -> Floats:
        return np.asarray(compiled.backgrounds[network.findings[f]].p, np.float64)

    return pair_odds(
        judged.judgement,
        judged.number(judged.first.id),
        judged.number(other),
        ratio=pair.ratio.value,
        prevalence=prevalence,
        pooling=compiled.once(_poolings),
        background=background,
    )


def _prevalence(judged: Judged, explanation: str) -> float:
    """One-year share of the general population that would tell of it, for this age and sex."""
    p = judged.presentation
    context = judged.compiled.context(p.age, p.sex, "general_population")
    return float(np.exp(context.log_rate[judged.number(explanation)])) / 100_000


def _poolings(compiled: Compiled) -> dict[int, tuple[Pooling, int]]:
    return {n: _pooling(compiled.findings[f]) for f, n in compiled.network.finding_index.items()}


def _pooling(finding: Finding) -> tuple[Pooling, int]:
    ids = [s.id for s in finding.states]
    if finding.id in _DESCRIBED or finding.absent not in ids:
        return ("worst", 0) if finding.id == "severity" else ("either", 0)
    return "any", ids.index(finding.absent)
