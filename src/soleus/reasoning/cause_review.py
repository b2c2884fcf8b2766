"""Idiopathic or secondary, and each cause judged for this person."""

from __future__ import annotations

from typing import Literal

from soleus.knowledge.schema.core import Contributor
from soleus.knowledge.schema.medicines import Belief
from soleus.knowledge.schema.medicines import Cause as CauseRecord
from soleus.reasoning import words
from soleus.reasoning.assessment import Audience, Cause, Idiopathic
from soleus.reasoning.citing import Citer
from soleus.reasoning.judging import Judged

_BY_TEST = 0.8  # a test that leaves less than a fifth of doubt counts as shown
_LEAST_SHARE = 0.005  # unknown causes below half a percent are left unlisted


def idiopathic(judged: Judged, audience: Audience) -> Idiopathic | None:
    """The share of the first explanation that no known cause explains; None where it is named after its cause."""
    s = judged.first.id
    if judged.named_cause(s) is not None:
        return None
    p = judged.attribution(s).idiopathic
    (low, high), _ = judged.share_interval(s)
    name = words.name(judged.first, audience)
    return Idiopathic(
        explanation=s, probability=p, low=low, high=high, sentence=words.idiopathic(name, p, low, high, audience)
    )


def causes(judged: Judged, audience: Audience, citer: Citer) -> tuple[Cause, ...]:
    """Contributors that were told of, and unknown ones with a share worth naming; the largest share first."""
    s = judged.first.id
    found = judged.attribution(s)
    _, intervals = judged.share_interval(s)
    told = {judged.network.contributor_index[c] for c in judged.presentation.said}
    wanted = {c for c, share in found.share.items() if share >= _LEAST_SHARE} | told
    out = [_cause(judged, judged.network.contributors[c], intervals, audience, citer) for c in wanted]
    return tuple(sorted(out, key=lambda c: (-c.share, c.id)))


def _cause(
    judged: Judged, c: str, intervals: dict[str, tuple[float, float]], audience: Audience, citer: Citer
) -> Cause:
    s, number = judged.first.id, judged.network.contributor_index[c]
    record, effect = judged.compiled.contributors[c], judged.compiled.effects.get((c, s))
    found = judged.attribution(s)
    share = found.share.get(number, 0.0)
    low, high = intervals.get(c, (share, share))
    said = judged.presentation.said.get(c)
    belief = _belief(judged, record)
    return Cause(
        id=c,
        label=record.patient_name if audience == "patient" else record.name,
        status=_status(judged, number, said, found.present.get(number, 0.0)),
        probability=float(found.present.get(number, judged.judgement.context.prevalence[number])),
        share=share,
        share_low=low,
        share_high=high,
        ratio=effect.rho if effect else None,
        causal_ratio=effect.causal_rho if effect else None,
        strength=_strength(judged, c, audience, effect is not None),
        basis=effect.basis if effect else "expert",
        modifiable=record.modifiable,
        belief=belief.patient_statement if belief and audience == "patient" else belief.statement if belief else None,
        cites=citer.cite((*(effect.source if effect else ()), *(belief.source if belief else ()))),
    )


def _status(judged: Judged, number: int, said: bool | None, p: float) -> Literal["present", "absent", "not_known"]:
    """What was said; where nothing was, what a test of this person makes all but certain."""
    if said is None and number in judged.judgement.evidence.contributors and p > _BY_TEST:
        return "present"
    return "not_known" if said is None else "present" if said else "absent"


def _belief(judged: Judged, record: Contributor) -> Belief | None:
    if judged.first.family != "cramp":
        return None
    return next((b for b in judged.compiled.knowledge.all(Belief) if record.id in b.contributors), None)


def _strength(judged: Judged, c: str, audience: Audience, known: bool) -> str:
    if judged.first.family == "cramp":
        record = next((x for x in judged.compiled.knowledge.all(CauseRecord) if c in x.contributors), None)
        if record:
            return record.patient_statement if audience == "patient" else record.statement
    return "" if known else "Not known to change how often this occurs."
