"""The whole chain from an answer to its citations, for one explanation against another."""

from __future__ import annotations

import math
from dataclasses import dataclass

from soleus.inference.weights import Weight, weights
from soleus.reasoning import words
from soleus.reasoning.assessment import Audience
from soleus.reasoning.citing import Citer
from soleus.reasoning.evidence_bars import label, members, sources_of, weakest
from soleus.reasoning.judging import Judged


@dataclass(frozen=True)
class Step:
    """One part: its values for both explanations in words, decibans, the weakest basis, its sources."""

    label: str
    value: str
    other: str
    decibans: float
    basis: str
    cites: tuple[int, ...]


@dataclass(frozen=True)
class Chain:
    heading: str
    caption: str
    steps: tuple[Step, ...]
    footing: str


def chain(judged: Judged, s: str, against: str | None, citer: Citer, audience: Audience = "clinician") -> Chain:
    """Prior, findings, facets and contributors; their decibans add up to the posterior odds exactly."""
    t = against or (judged.second.id if s == judged.first.id else judged.first.id)
    prior, found = weights(judged.judgement, judged.number(s), judged.number(t))
    steps = [_prior(judged, s, t, prior, citer, audience)]
    steps += [_step(judged, w, s, t, citer, audience) for w in found]
    one, two = (words.name(judged.compiled.explanations[x], audience) for x in (s, t))
    total = sum(x.decibans for x in steps)
    low, high = judged.interval(s)
    return Chain(
        heading=f"{one}: {words.with_interval(judged.probability[s], low, high)}.",
        caption=f"{one} against {two}",
        steps=tuple(steps),
        footing=(
            f"Sum {total:+.1f} dB: odds of {10 ** (total / 10):.3g} to 1. Ten decibans multiply the odds by ten. "
            "A facet is one bar because its findings hang together; so is a block of causes."
        ),
    )


def _prior(judged: Judged, s: str, t: str, decibans: float, citer: Citer, audience: Audience) -> Step:
    from soleus.knowledge.schema.core import Rate

    rates = judged.compiled.knowledge.by_id(Rate)
    log_rate = judged.presentation.context.log_rate
    one, two = (f"{math.exp(log_rate[judged.number(x)]):.3g}" for x in (s, t))
    cites = citer.cite((*rates[s].source, *rates[t].source))
    basis = "expert" if "expert" in (rates[s].basis, rates[t].basis) else rates[s].basis
    clinician = f"rate of presenting, {judged.presentation.setting.replace('_', ' ')}"
    told = "how often people of this age and sex come with it" if audience == "patient" else clinician
    return Step(told, one, two, decibans, basis, cites)


def _step(judged: Judged, w: Weight, s: str, t: str, citer: Citer, audience: Audience) -> Step:
    found = members(judged, w)
    return Step(
        label(judged, w, found, audience),
        _value(judged, w, s),
        _value(judged, w, t),
        w.decibans,
        weakest(judged, w, s, t),
        citer.cite(sources_of(judged, found, s, t)),
    )


def _value(judged: Judged, w: Weight, s: str) -> str:
    j, number = judged.judgement, judged.number(s)
    if w.kind == "finding":
        return f"{math.exp(j.singles[w.number][number]):.2g}"
    if w.kind == "facet":
        return f"{math.exp(j.facets[w.number][number]):.2g}"
    ratios = [judged.compiled.effects.get((c, s)) for c in members(judged, w)]
    shown = [("necessary" if e.necessary else f"x{e.rho:g}") for e in ratios if e]
    return " ".join(shown) or "x1"
