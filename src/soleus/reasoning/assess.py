"""The façade: a case in, an assessment out."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import Any

import numpy as np

from soleus.clinical.case import Case
from soleus.clinical.reading import case_from
from soleus.inference.decisions import Values, value_of
from soleus.inference.fit import fit
from soleus.knowledge.overlay import Overlay, read_overlay
from soleus.knowledge.schema.core import Finding
from soleus.knowledge.schema.safety import CriteriaSet, EmergencyNumber, RedFlag
from soleus.reasoning import criteria, evidence_bars, medication_review, questions, red_flags, tiers, words
from soleus.reasoning.assessment import (
    Assessment,
    Audience,
    Coded,
    ComplaintAssessment,
    Conflict,
    CriteriaResult,
    Criterion,
    Diagnosis,
    Difference,
    ExplanationResult,
    LocalOverlay,
    NextQuestion,
    NotAssessed,
    Tiers,
)
from soleus.reasoning.assessment import (
    RedFlag as RedFlagEntry,
)
from soleus.reasoning.care import CarePlan
from soleus.reasoning.cause_review import causes, idiopathic
from soleus.reasoning.citing import Citer, coded
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.intake import Presentation, take_in
from soleus.reasoning.judging import Judged, Part
from soleus.reasoning.medicines import MedicineIndex, medicine_index
from soleus.reasoning.together import together

_GROUPS = {"clinician": ("history", "examination"), "patient": ("history",)}
_EXPLAINED = 3  # explanations that carry bars
_CHANGES = 6  # answers that are listed as changing what is first
_LIKELY_ENOUGH = 0.01  # probability below which an answer is not listed


def assess(
    case: Case | dict[str, Any],
    *,
    knowledge: Compiled | None = None,
    as_of: str | None = None,
    audience: Audience = "clinician",
    draws: int = 500,
    overlay: Overlay | str | Path | None = None,
) -> Assessment:
    """The judgement of one person's legs.

    ``overlay``: local figures, or the file that holds them, put on the published ones; the answer says so.
    ``as_of`` (ISO date) overrides the case's; the clock is never read. Raises `InputError` for what cannot be read,
    `CannotAssess` where there is nothing to judge, `KnowledgeError` for an overlay of another knowledge base.
    """
    read = case_from(case) if isinstance(case, dict) else case
    if as_of:
        read = _replace(read, as_of)
    compiled = knowledge or shipped_compiled()
    if overlay is not None:
        compiled = compiled.with_overlay(overlay if isinstance(overlay, Overlay) else read_overlay(Path(overlay)))
    index = medicine_index(compiled.knowledge)
    presentations = take_in(read, compiled, index)
    citer = Citer(compiled.knowledge)
    parts = tuple(_complaint(p, index, audience, citer, draws) for p in presentations)
    local = _local(compiled.knowledge.overlay, audience, citer)
    return Assessment(
        case=read.id,
        as_of=read.as_of,
        audience=audience,
        setting=read.setting,
        answered_by=read.answered_by,
        person=words.person(presentations[0]),
        summary=" ".join(words.summary(c) for c in parts),
        complaints=parts,
        references=citer.references(),
        unused=tuple(dict.fromkeys(u for p in presentations for u in p.unused)),
        emergency_number=_emergency(compiled, read.country),
        knowledge_version=compiled.knowledge.version,
        knowledge_hash=compiled.knowledge.digest,
        review_status="submitted",
        review_sentence=words.review(audience, compiled.knowledge.overlay),
        intended_use=words.INTENDED_USE[audience],
        software_version=software_version(),
        local_overlay=local,
    )


def _local(overlay: Overlay | None, audience: Audience, citer: Citer) -> LocalOverlay | None:
    if overlay is None:
        return None
    return LocalOverlay(
        id=overlay.id,
        name=overlay.name,
        sites=tuple(s.name for s in overlay.sites),
        people=overlay.people,
        numbers=len(overlay.entries),
        sentence=words.local_figures(overlay, audience),
        cites=citer.cite((overlay.id,)),
    )


def _replace(case: Case, as_of: str) -> Case:
    import msgspec

    return msgspec.structs.replace(case, as_of=as_of)


@cache
def software_version() -> str:
    try:
        return version("soleus")
    except PackageNotFoundError:
        return "0"


def _emergency(compiled: Compiled, country: str | None) -> str:
    numbers = compiled.knowledge.by_id(EmergencyNumber)
    record = numbers.get((country or "default").lower()) or numbers["default"]
    return record.emergency or "your local emergency number"


def _complaint(
    presentation: Presentation, index: MedicineIndex, audience: Audience, citer: Citer, draws: int
) -> ComplaintAssessment:
    judged = Judged(presentation, draws)
    facts = PresentationFacts(presentation, judged.probability)
    flags = questions.fired_flags(judged)
    placed = {p.explanation: p for p in tiers.place(judged, [f.flag for f in flags], audience)}
    agenda = questions.open_agenda(judged, _GROUPS[audience])
    values = value_of(agenda)
    screen = questions.screen_questions(judged)
    # Questions about warning signs go before any worth: while they are open, it is not asked whether to stop.
    stop = None if screen else questions.should_stop(agenda, judged.parameter("stop_tolerance"))
    care = CarePlan(judged, facts, flags, audience, citer)
    return ComplaintAssessment(
        id=presentation.complaint.id,
        label=presentation.complaint.label,
        red_flags=tuple(_flag(f, judged, audience, citer) for f in flags),
        undecided_red_flags=_open_flags(judged, facts, audience),
        tiers=_tiers(judged, placed),
        explanations=tuple(
            _explanation(judged, s, rank, placed, audience, citer) for rank, s in enumerate(judged.probability, 1)
        ),
        diagnoses=tuple(_diagnosis(judged, d, audience) for d in judged.parts),
        idiopathic=idiopathic(judged, audience),
        causes=causes(judged, audience, citer),
        medications=medication_review.review(judged, index, audience, citer),
        criteria=_criteria(judged, facts, audience, citer),
        next_questions=_next(judged, screen, values, audience),
        work_up=care.work_up(),
        management=care.management(),
        guides=care.guides(),
        seek_care=care.seek_care(),
        not_assessed=_not_assessed(judged, audience),
        what_would_change=_would_change(judged, values, audience),
        better_evidence=evidence_bars.better_evidence(judged),
        conflict=_conflict(judged, audience),
        evidence_basis=evidence_bars.basis(judged),
        also_possible_together=together(judged, audience),
        stop=stop is not None and stop.stop,
        stop_reason=words.stop(stop, bool(screen)),
    )


def _flag(result: red_flags.RedFlagResult, judged: Judged, audience: Audience, citer: Citer) -> RedFlagEntry:
    return _flag_entry(result.flag, audience, tuple(words.reason(judged, r, audience) for r in result.because), citer)


def _flag_entry(flag: RedFlag, audience: Audience, because: tuple[str, ...], citer: Citer | None) -> RedFlagEntry:
    patient = audience == "patient"
    return RedFlagEntry(
        id=flag.id,
        label=flag.patient_name if patient else flag.name,
        urgency=flag.urgency,
        action=flag.patient_action if patient else flag.action,
        because=because,
        suggests=flag.suggests,
        cites=citer.cite(flag.source) if citer else (),
    )


def _open_flags(judged: Judged, facts: PresentationFacts, audience: Audience) -> tuple[RedFlagEntry, ...]:
    """Pressing rules that one more answer would make true, with what is missing."""
    pressing = [f for f in judged.compiled.knowledge.all(RedFlag) if f.urgency in ("emergency", "same_day")]
    near = red_flags.undecided(pressing, facts, most=1)
    return tuple(_flag_entry(o.flag, audience, _missing(judged, o, audience), None) for o in near)


def _missing(judged: Judged, found: red_flags.OpenRedFlag, audience: Audience) -> tuple[str, ...]:
    return tuple(words.thing(judged, n, audience) for n in (*found.needs, *found.needs_history))


def _tiers(judged: Judged, placed: dict[str, tiers.Placed]) -> Tiers:
    ids: dict[str, list[str]] = {"most_likely": [], "other_likely": [], "do_not_miss": [], "rare": []}
    for p in placed.values():
        ids[p.tier].append(judged.leading.id if p.tier == "most_likely" else _headline(judged, p.explanation))
    least = judged.parameter("tier_other_likely_least")
    others = [
        d.id for d in judged.parts
        if d.explanation == judged.first.id and d.id != judged.leading.id and d.probability >= least
    ]  # fmt: skip
    ids["other_likely"] = [*others, *ids["other_likely"]]
    return Tiers(**{k: tuple(v) for k, v in ids.items()})


def _headline(judged: Judged, explanation: str) -> str:
    """The diagnosis that stands for an explanation in a tier: without a cause, or with the one it is named after."""
    own = [d for d in judged.parts if d.explanation == explanation]
    return next((d.id for d in own if d.cause is None), own[0].id)


def _explanation(
    judged: Judged, s: str, rank: int, placed: dict[str, tiers.Placed], audience: Audience, citer: Citer
) -> ExplanationResult:
    record, number = judged.compiled.explanations[s], judged.number(s)
    low, high = judged.interval(s)
    ranks = judged.draws.rank_interval.get(number, (rank, rank))
    at = placed.get(s)
    other = (judged.second if s == judged.first.id else judged.first).id
    told = rank <= _EXPLAINED or (at is not None and at.tier in ("most_likely", "other_likely"))
    bars = evidence_bars.bars(judged, s, other, citer, audience) if told else None
    return ExplanationResult(
        id=s,
        label=record.patient_name if audience == "patient" else record.name,
        codes=judged.compiled.once(_codes)[s],
        probability=judged.probability[s],
        low=low,
        high=high,
        tier=at.tier if at else None,
        why_here=words.why_here(at.why, at.tier, bars) if at else "",
        definition=record.patient_definition if audience == "patient" else record.definition,
        rank=rank,
        rank_low=min(ranks[0], rank),
        rank_high=max(ranks[1], rank),
        first_share=judged.draws.first_share.get(number, 0.0),
        acuity=record.acuity,
        must_not_miss=record.must_not_miss,
        against=other if bars else None,
        prior_decibans=bars.prior if bars else None,
        supports=bars.supports if bars else (),
        conflicts=bars.conflicts if bars else (),
        excluded_by=_excluded(judged, s),
        cites=citer.cite(record.source) if at else (),
    )


def _codes(compiled: Compiled) -> dict[str, tuple[Coded, ...]]:
    """Explanation -> its codes."""
    return {s: coded(record.codes) for s, record in compiled.explanations.items()}


def _excluded(judged: Judged, s: str) -> str | None:
    """The necessary contributor that was said to be absent."""
    said = judged.presentation.said
    return next((c for c in judged.compiled.explanations[s].requires if said.get(c) is False), None)


def _diagnosis(judged: Judged, d: Part, audience: Audience) -> Diagnosis:
    return Diagnosis(
        id=d.id,
        label=words.diagnosis(judged, d.explanation, d.cause, audience),
        explanation=d.explanation,
        cause=d.cause,
        probability=d.probability,
        low=min(d.low, d.probability),
        high=max(d.high, d.probability),
    )


def _criteria(judged: Judged, facts: PresentationFacts, audience: Audience, citer: Citer) -> tuple[CriteriaResult, ...]:
    shown = {s.id for s in judged.ranked[:6]}
    outcomes = [criteria.judge(c, facts) for c in judged.compiled.knowledge.all(CriteriaSet)]
    wanted = [o for o in outcomes if criteria.touched(o) and (o.criteria.explanation or "") in shown]
    patient = audience == "patient"
    return tuple(
        CriteriaResult(
            id=o.criteria.id,
            label=o.criteria.patient_name if patient else o.criteria.name,
            explanation=o.criteria.explanation,
            state=o.state,
            score=o.score_low,
            reading=words.criteria_reading(o, patient),
            items=tuple(
                Criterion(id=i.item.id, text=i.item.patient_statement if patient else i.item.statement, state=i.state)
                for i in o.items
            ),
            cites=citer.cite(o.criteria.source),
        )
        for o in wanted
    )


def _next(
    judged: Judged,
    screen: tuple[questions.Question, ...],
    values: Values,
    audience: Audience,
) -> tuple[NextQuestion, ...]:
    most = int(judged.parameter("next_questions_shown"))
    answered_by = judged.presentation.case.answered_by
    respondent = "clinician" if audience == "clinician" else "self" if answered_by == "clinician" else answered_by
    worth = takewhile(lambda q: q.net > 0, questions.by_value(judged, values))
    seen: dict[str, questions.Question] = {}
    for q in chain(screen, questions.bedside_questions(judged), islice(worth, len(screen) + most)):
        seen.setdefault(q.id, q)
    first = [q for q in seen.values() if q.stage == "red_flag"]
    rest = [q for q in seen.values() if q.stage != "red_flag"]
    return tuple(
        NextQuestion(
            finding=_asked_finding(q), text=q.text(respondent), value=q.net, reason=q.reason,
            red_flag=q.stage == "red_flag",
        )
        for q in [*first, *rest[:most]]
    )  # fmt: skip


def _asked_finding(q: questions.Question) -> str:
    return next(iter(q.item.no_means), q.id) if q.item else q.id


def _not_assessed(judged: Judged, audience: Audience) -> tuple[NotAssessed, ...]:
    groups = _GROUPS[audience]
    return tuple(
        NotAssessed(finding=f.id, text=f.name if audience == "clinician" else f.question)
        for f in judged.compiled.findings.values()
        if f.core and f.group in groups and f.id not in judged.presentation.observations
    )


def _would_change(judged: Judged, values: Values, audience: Audience) -> tuple[Difference, ...]:
    """Single answers after which another explanation would be first, the likeliest answers first."""
    becomes = values.joint.argmax(axis=1)
    tells = (values.chance > _LIKELY_ENOUGH) & (becomes != judged.number(judged.first.id))
    place = {n: i for i, n in enumerate(values.order)}
    found = []
    for row in np.flatnonzero(tells).tolist():
        n = int(np.searchsorted(values.first, row, side="right")) - 1
        finding = judged.compiled.findings.get(values.agenda.asks[n].id)
        if finding is not None:
            found.append((-float(values.chance[row]), place[n], row, finding, row - int(values.first[n])))
    return tuple(
        _difference(
            judged, finding, answer, int(becomes[row]), float(values.joint[row].max() / values.chance[row]), audience
        )
        for _, _, row, finding, answer in sorted(found, key=lambda x: x[:3])[:_CHANGES]
    )


def _difference(judged: Judged, finding: Finding, answer: int, s: int, p: float, audience: Audience) -> Difference:
    state, becomes = finding.states[answer], judged.compiled.explanations[judged.network.explanations[s]]
    patient = audience == "patient"
    return Difference(
        finding=finding.id,
        text=finding.question if patient else finding.name,
        state=state.patient_label if patient else state.label,
        becomes=becomes.patient_name if patient else becomes.name,
        probability=p,
    )


def _conflict(judged: Judged, audience: Audience) -> Conflict | None:
    skip = frozenset({judged.network.explanation_index["other"]} if "other" in judged.compiled.explanations else ())
    found = fit(judged.judgement, skip)
    if found is None:
        return None
    best = judged.network.explanations[found.explanation]
    return Conflict(
        best=best,
        z=found.z,
        p_value=found.p_value,
        sentence=words.fit(words.name(judged.compiled.explanations[best], audience), found.p_value),
        disagreements=judged.presentation.disagreements,
    )
