"""The evidence between two explanations as bars, and how much of it rests on expert records."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from soleus.evidence.record import Basis
from soleus.inference.weights import Weight, weights
from soleus.knowledge.schema.core import Facet
from soleus.reasoning import words
from soleus.reasoning.assessment import Audience, Bar, BetterEvidence, EvidenceBasis
from soleus.reasoning.citing import Citer
from soleus.reasoning.judging import Judged

_LEAST_DECIBANS = 0.5  # smaller bars are not told apart by eye
_STRENGTH: tuple[Basis, ...] = ("expert", "qualitative", "derived", "guideline", "measured")


@dataclass(frozen=True)
class Bars:
    prior: float
    supports: tuple[Bar, ...]
    conflicts: tuple[Bar, ...]


def bars(judged: Judged, s: str, t: str, citer: Citer, audience: Audience = "clinician") -> Bars:
    """Prior and bars for ``s`` against ``t``; prior and all bars add up to the posterior odds exactly."""
    prior, found = weights(judged.judgement, judged.number(s), judged.number(t))
    made = [bar(judged, w, s, t, citer, audience) for w in found if abs(w.decibans) >= _LEAST_DECIBANS]
    return Bars(prior, tuple(b for b in made if b.decibans > 0), tuple(b for b in made if b.decibans < 0))


def bar(judged: Judged, w: Weight, s: str, t: str, citer: Citer, audience: Audience) -> Bar:
    """One bar in words, with the weakest basis of what it is made of."""
    findings = members(judged, w)
    sources = sources_of(judged, findings, s, t)
    return Bar(
        id=f"{w.kind}.{findings[0] if findings else w.number}",
        label=label(judged, w, findings, audience),
        findings=tuple(findings),
        decibans=w.decibans,
        basis=weakest(judged, w, s, t),
        cites=citer.cite(sources),
    )


def sources_of(judged: Judged, findings: list[str], s: str, t: str) -> list[str]:
    """The sources of every record that a bar between two explanations rests on."""
    pairs = [(f, e) for f in findings for e in (s, t)]
    likelihoods = [judged.compiled.likelihoods.get((e, f)) for f, e in pairs]
    effects = [judged.compiled.effects.get(pair) for pair in pairs]
    return [key for r in (*likelihoods, *effects) if r is not None for key in r.source]


def members(judged: Judged, w: Weight) -> list[str]:
    """The findings or contributors that a bar is made of, only those that were told."""
    network, evidence = judged.network, judged.judgement.evidence
    if w.kind == "finding":
        return [network.findings[w.number]]
    if w.kind == "facet":
        return [network.findings[f] for f in network.facets[w.number].items if f in evidence.findings]
    return [network.contributors[c] for c in network.blocks[w.number].members if c in evidence.contributors]


def label(judged: Judged, w: Weight, findings: list[str], audience: Audience = "clinician") -> str:
    """What was observed, in words; a facet by its name with the answers in it."""
    if w.kind == "block":
        return "; ".join(_said(judged, c, audience) for c in findings)
    told = [_answer(judged, f, audience, alone=w.kind == "finding") for f in findings]
    if w.kind == "finding" or len(told) == 1:
        return _answer(judged, findings[0], audience, alone=True)
    facet = judged.compiled.knowledge.by_id(Facet)[judged.network.facets[w.number].id]
    return f"{facet.patient_name if audience == 'patient' else facet.name}: {', '.join(told)}"


def _said(judged: Judged, contributor: str, audience: Audience) -> str:
    record = judged.compiled.contributors[contributor]
    name = record.patient_name if audience == "patient" else record.name
    present = judged.presentation.said.get(contributor)
    if present is None:
        return f"{name} (by test)" if contributor not in judged.presentation.silent else f"{name} (not on the list)"
    return name if present else f"no {words.lower_first(name)}"


def _answer(judged: Judged, finding: str, audience: Audience, *, alone: bool) -> str:
    """One answer: in full on its own, and inside a facet as short as it can be said."""
    record = judged.compiled.findings[finding]
    state = judged.presentation.observations[finding].state
    if alone or audience == "patient":
        return words.observed(record, state, audience == "patient")
    if record.kind == "yes_no":
        return f"{'' if state == 'yes' else 'no: '}{words.lower_first(record.name)}"
    if state == record.absent:
        return f"{words.lower_first(record.name)} {next(s.label for s in record.states if s.id == state)}"
    return next(s.label for s in record.states if s.id == state)


def weakest(judged: Judged, w: Weight, s: str, t: str) -> Basis:
    """The weakest basis among the records behind a bar; a background stands for a missing record."""
    found: list[Basis] = []
    for f in members(judged, w):
        for e in (s, t):
            if w.kind == "block":
                effect = judged.compiled.effects.get((f, e))
                found += [effect.basis] if effect else []
            else:
                found.append(judged.compiled.basis_of(e, f))
    return min(found, key=_STRENGTH.index, default="expert")


def basis(judged: Judged) -> EvidenceBasis:
    """How much of the evidence between the first two explanations rests on expert records, in decibans."""
    s, t = judged.first.id, judged.second.id
    _, found = weights(judged.judgement, judged.number(s), judged.number(t))
    total = sum(abs(w.decibans) for w in found)
    expert = sum(abs(w.decibans) for w in found if weakest(judged, w, s, t) == "expert")
    share = expert / total if total else 0.0
    return EvidenceBasis(
        first=s,
        second=t,
        total_decibans=total,
        expert_decibans=expert,
        sentence=(
            f"Between {judged.first.name} and {judged.second.name}, {expert:.0f} of {total:.0f} decibans of evidence "
            f"({share:.0%}) rest wholly or partly on expert estimates."
        ),
    )


def better_evidence(judged: Judged, most: int = 5) -> tuple[BetterEvidence, ...]:
    """The records whose uncertainty moves the first probability most: what would be worth measuring."""
    j, s = judged.judgement, judged.number(judged.first.id)
    p = float(j.probability[s])
    out = []
    for f, term in j.singles.items():
        for e in np.argsort(-j.probability)[:3]:
            sd = float(judged.network.sd[f, e] * (1 - np.exp(term[e])))
            slope = p * (1 - p) if e == s else p * float(j.probability[e])
            name = judged.network.explanations[int(e)]
            finding = judged.network.findings[f]
            text = f"{judged.compiled.findings[finding].name} in {judged.compiled.explanations[name].name}"
            out.append(BetterEvidence(record=f"{name}.{finding}", label=text, spread=2 * 1.96 * sd * slope * 100))
    return tuple(sorted(out, key=lambda b: -b.spread)[:most])
