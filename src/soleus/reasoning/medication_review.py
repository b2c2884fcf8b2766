"""Each medicine of the case: whether it may bear on the complaint, how sure that is, and what not to do."""

from __future__ import annotations

from typing import Literal

from soleus.knowledge.schema.core import Effect
from soleus.knowledge.schema.medicines import Interaction, Judgement
from soleus.reasoning.assessment import Audience, MedicineVerdict
from soleus.reasoning.citing import Citer
from soleus.reasoning.intake import Presentation
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex, Recognised

Verdict = Literal["likely_contributor", "possible_contributor", "unlikely", "no_signal_known", "not_recognised"]
RESTLESS = {"restless_legs_syndrome", "akathisia", "periodic_limb_movement_disorder", "withdrawal_leg_restlessness"}


def review(judged: Judged, index: MedicineIndex, audience: Audience, citer: Citer) -> tuple[MedicineVerdict, ...]:
    """The verdict on each medicine, in the order of the list."""
    return tuple(_verdict(judged, index, r, audience, citer) for r in judged.presentation.medicines)


def _verdict(
    judged: Judged, index: MedicineIndex, seen: Recognised, audience: Audience, citer: Citer
) -> MedicineVerdict:
    if seen.record is None:
        return _not_recognised(seen, audience)
    effect = _effect(judged, seen)
    symptom = "restless_legs" if judged.first.id in RESTLESS else "cramp"
    known = index.judgement(seen.record, symptom)
    patient = audience == "patient"
    met = meetings(judged.presentation, index, seen)
    sources = (*(known.source if known else ()), *(effect.source if effect else ()))
    return MedicineVerdict(
        id=seen.record.id,
        label=seen.record.name,
        as_given=seen.given.name,
        contributor=effect.contributor if effect else (seen.contributors[0] if seen.contributors else None),
        verdict=_word(seen, effect, known),
        strength=_strength(judged, effect, known, patient),
        certainty=known.verdict if known else "none_known",
        timing=_timing(index, seen, patient),
        discuss=str(index.field(seen.record, "patient_discuss" if patient else "discuss") or ""),
        do_not=str(index.field(seen.record, "patient_do_not" if patient else "do_not") or ""),
        warnings=tuple(i.patient_statement if patient else i.statement for i in met),
        cites=citer.cite((*sources, *(s for i in met for s in i.source))),
    )


def meetings(presentation: Presentation, index: MedicineIndex, seen: Recognised) -> list[Interaction]:
    """What should not meet this medicine and does: another medicine that is taken, or a state of the person."""
    assert seen.record is not None
    if not seen.current:
        return []
    others = {c for r in presentation.medicines if r.current and r is not seen for c in r.classes}
    states = {c for c, present in presentation.said.items() if present}
    known = [i for m in index.lineage(seen.record) for i in m.interactions]
    return [i for i in known if others & set(i.medicines) or states & set(i.contributors)]


def _not_recognised(seen: Recognised, audience: Audience) -> MedicineVerdict:
    advice = "Ask a pharmacist about it." if audience == "patient" else "Check it by hand."
    return MedicineVerdict(
        id="not_recognised",
        label=seen.given.name,
        as_given=seen.given.name,
        contributor=None,
        verdict="not_recognised",
        strength="This name is not in the knowledge base; that says nothing about the medicine.",
        certainty="none_known",
        timing="",
        discuss=advice,
        do_not="",
    )


def _effect(judged: Judged, seen: Recognised) -> Effect | None:
    """The strongest effect of the medicine on the first explanation."""
    effects = [judged.compiled.effects.get((c, judged.first.id)) for c in seen.contributors]
    return max((e for e in effects if e), key=lambda e: e.causal_rho or e.rho or 1.0, default=None)


def _word(seen: Recognised, effect: Effect | None, known: Judgement | None) -> Verdict:
    if seen.after_stopping:
        return "likely_contributor"
    if not seen.counts:
        return "unlikely"
    causal = (effect.causal_rho or effect.rho) if effect else None
    share = 1 - 1 / causal if causal and causal > 1 else 0.0
    if effect and effect.necessary:
        return "likely_contributor"
    if share >= 0.5:
        return "likely_contributor"
    if share > 0:
        strong = known is None or known.verdict not in ("refuted", "weak")
        return "possible_contributor" if strong or share >= 0.1 else "unlikely"
    if known and known.relation == "promotes" and known.verdict in ("strong", "moderate"):
        return "possible_contributor"
    if known and known.verdict in ("refuted", "weak"):
        return "unlikely"
    return "no_signal_known"


def _strength(judged: Judged, effect: Effect | None, known: Judgement | None, patient: bool) -> str:
    said = (known.patient_statement if patient else known.statement) if known else ""
    if effect and effect.rho and not patient:
        low_high = f" (95 % interval {effect.low:g} to {effect.high:g})" if effect.low and effect.high else ""
        causal = f", {effect.causal_rho:g} of it taken as causal" if effect.causal_rho else ""
        numbers = f"Rate ratio {effect.rho:g}{low_high} for {judged.first.name}{causal}; basis {effect.basis}."
        return f"{said} {numbers}".strip()
    return said or "Nothing is known that links it to this complaint."


def _timing(index: MedicineIndex, seen: Recognised, patient: bool) -> str:
    if seen.after_stopping:
        return "It was stopped a short while ago, and stopping it can bring this on."
    if not seen.current:
        return "It is no longer taken."
    if seen.days_before_onset is None:
        return "When it was started is not known." if not patient else "Note when you started it."
    if seen.days_before_onset < 0:
        return "It was started after the complaint began, so it cannot have set it off."
    days = int(seen.days_before_onset)
    window = index.field(seen.record, "onset_days") if seen.record else None
    if isinstance(window, tuple) and days > window[1]:
        return f"The complaint began {days} days after the start, later than is usual ({window[1]} days)."
    return f"The complaint began {days} days after it was started."
