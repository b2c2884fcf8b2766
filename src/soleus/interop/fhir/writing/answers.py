"""An assessment as FHIR: proposals for a clinician to weigh, never orders and never facts about the person.

Each resource bears the tags of `elements.tags` (not reviewed by a clinician; an answer of Soleus), a text, and an id
that follows from its content. Times are the day of the case: the clock is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from soleus.interop.fhir import canonical
from soleus.interop.fhir.writing.elements import (
    PERCENT,
    Resource,
    clean,
    coding,
    collection,
    extension,
    instant,
    narrative,
    own,
    present,
    refer,
    tags,
    text_only,
    unknown_subject,
    with_id,
)
from soleus.knowledge.schema.care import Treatment
from soleus.reasoning.assessment import (
    Assessment,
    Coded,
    ComplaintAssessment,
    CriteriaResult,
    ExplanationResult,
    ManagementItem,
    MedicineVerdict,
    RedFlag,
    WorkUpItem,
)
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.words import chance

_CLINICAL = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFIED = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_CATEGORY = "http://terminology.hl7.org/CodeSystem/condition-category"
_PRIORITY = {"emergency": "stat", "same_day": "asap", "urgent": "urgent", "routine": "routine"}
_SEVERITY = {"emergency": "high", "same_day": "high", "urgent": "moderate", "routine": "low"}
_SOON = {"emergency": "Emergency", "same_day": "Same day", "urgent": "Urgent", "routine": "Not urgent"}
_TIERS = ("most_likely", "other_likely", "do_not_miss")
_DRUGS = ("medicine", "supplement")
_BEARS = {"likely_contributor": "moderate", "possible_contributor": "low"}


@dataclass(frozen=True)
class Origin:
    """Where a case came from: how the record names the person, what was used, and the entry of each medicine."""

    subject: str | None = None
    used: tuple[Resource, ...] = ()  # references
    medicines: Mapping[str, Resource] = field(default_factory=dict)  # name as given -> reference
    recorded: str | None = None  # FHIR instant: when the answer was given


def answer_bundle(answer: Assessment, compiled: Compiled, origin: Origin) -> Resource:
    """The whole assessment as a collection Bundle; the report of each complaint comes first, Provenance last.

    Provenance demands a time. Without ``recorded`` it is the beginning of the day of the case; without that day there
    is no Provenance, and Device and RiskAssessment.method alone tell the versions.
    """
    writer = _Writer(answer, compiled, origin)
    resources = [r for n, c in enumerate(answer.complaints) for r in writer.complaint(c, n)]
    resources.append(writer.device)
    when = origin.recorded or instant(answer.as_of)
    resources += [writer.provenance(resources, when)] if when else []
    return collection(resources, answer.as_of, meta=writer.meta)


class _Writer:
    def __init__(self, answer: Assessment, compiled: Compiled, origin: Origin) -> None:
        self.answer, self.compiled, self.origin = answer, compiled, origin
        self.meta = tags(canonical.ANSWER, answer.review_status)
        self.closing = f"{answer.review_sentence} {answer.intended_use}"
        self.subject = {"reference": origin.subject} if origin.subject else None
        self.treatments = compiled.knowledge.by_id(Treatment)

    @cached_property
    def device(self) -> Resource:
        """Soleus itself, with its version and that of its knowledge."""
        a = self.answer
        told = {"software": a.software_version, "knowledge": a.knowledge_version, "knowledge hash": a.knowledge_hash}
        versions = [{"type": text_only(name), "value": value} for name, value in told.items()]
        lines = [f"{name}: {value}" for name, value in told.items()]
        return self._made("Device", "Soleus", lines, deviceName=[_NAME], version=versions)

    def _made(self, kind: str, title: str, lines: Iterable[str], **body: Any) -> Resource:
        told = narrative(title, lines, self.closing)
        return with_id(kind, {"meta": self.meta, "text": told, **present(**body)})

    def _demanded(self) -> Resource:
        return self.subject or unknown_subject()

    def complaint(self, c: ComplaintAssessment, n: int) -> Iterator[Resource]:
        """Everything about one complaint. What the report refers to is made first and handed out after it."""
        self.about = present(label=c.label or (c.id if len(self.answer.complaints) > 1 else ""), number=n)
        flags = [self._flag(f) for f in c.red_flags]
        criteria = [self._criteria(r) for r in c.criteria]
        verdicts = [self._verdict(m) for m in c.medications if m.verdict in _BEARS or m.warnings]
        conditions = list(self._conditions(c))
        risk = self._risk(c)
        yield self._report(c, criteria, [*flags, risk])
        yield from (*flags, risk, *conditions, *criteria, *verdicts)
        yield from (self._test(w, risk) for w in c.work_up if w.advice != "not_worth_doing")
        yield from (self._care(m, risk) for m in c.management)

    def _titled(self, words: str) -> str:
        label = self.about.get("label")
        return f"{words} ({label})" if label else words

    def _report(self, c: ComplaintAssessment, results: list[Resource], related: list[Resource]) -> Resource:
        first = c.explanations[0]
        return self._made(
            "DiagnosticReport",
            self._titled("Differential of a leg complaint"),
            _report_lines(c, self.answer),
            extension=[
                *(extension("related", valueReference=refer(r)) for r in related),
                *(extension("input-not-used", valueString=s) for u in self.answer.unused if (s := clean(u))),
            ],
            status="preliminary",
            code=text_only(self._titled("Differential of a leg complaint")),
            subject=self.subject,
            effectiveDateTime=self.answer.as_of,
            result=[refer(r) for r in results],
            conclusion=_conclusion(c, self.answer),
            conclusionCode=[_explanation(first)],
        )

    def _risk(self, c: ComplaintAssessment) -> Resource:
        """Every explanation with its probability, the most probable first."""
        lines = [f"{e.label}: {_percent(e)}" for e in c.explanations if e.tier]
        a = self.answer
        return self._made(
            "RiskAssessment",
            self._titled("Probabilities of the explanations"),
            lines,
            status="final",
            method=text_only(f"Soleus {a.software_version}, knowledge {a.knowledge_version} ({a.knowledge_hash[:12]})"),
            code=text_only(self._titled("What the complaint of the legs may be")),
            subject=self._demanded(),
            occurrenceDateTime=a.as_of,
            performer=refer(self.device),
            basis=list(self.origin.used),
            prediction=[_prediction(e) for e in c.explanations],
        )

    def _flag(self, flag: RedFlag) -> Resource:
        title = f"Red flag: {flag.label}"
        return self._made(
            "DetectedIssue",
            title,
            [f"{_SOON[flag.urgency]}: {flag.action}", *flag.because],
            extension=[extension("urgency", valueCode=flag.urgency)],
            status="preliminary",
            code=own(canonical.RED_FLAGS, flag.id, flag.label),
            severity=_SEVERITY[flag.urgency],
            patient=self.subject,
            identifiedDateTime=self.answer.as_of,
            author=refer(self.device),
            evidence=[{"code": [text_only(b)]} for b in flag.because],
            detail=clean(f"{flag.action} Because: {'; '.join(flag.because)}."),
        )

    def _verdict(self, m: MedicineVerdict) -> Resource:
        """A medicine that may bear on the complaint, or that should not meet another. It is for review, not to stop."""
        source = self.origin.medicines.get(m.as_given)
        lines = [m.strength, m.timing, *m.warnings, m.discuss, m.do_not]
        return self._made(
            "DetectedIssue",
            f"Medicine to review: {m.label}",
            lines,
            status="preliminary",
            code=own(canonical.VERDICTS, m.verdict, f"{m.label}: {m.verdict.replace('_', ' ')}"),
            severity="moderate" if m.warnings else _BEARS[m.verdict],
            patient=self.subject,
            identifiedDateTime=self.answer.as_of,
            author=refer(self.device),
            implicated=[source] if source else None,
            detail=clean(" ".join(x for x in lines if x)),
        )

    def _criteria(self, r: CriteriaResult) -> Resource:
        parts = [
            {
                "code": text_only(i.text),
                "valueCodeableConcept": own(canonical.CRITERIA, i.state, i.state.replace("_", " ")),
            }
            for i in r.items
        ]
        if r.score is not None:
            parts.append({"code": text_only("score"), "valueQuantity": {"value": r.score}})
        return self._made(
            "Observation",
            r.label,
            [r.reading or r.state.replace("_", " ")],
            status="preliminary",
            code=own(canonical.CRITERIA, r.id, r.label),
            subject=self.subject,
            effectiveDateTime=self.answer.as_of,
            valueCodeableConcept=_met(r.state),
            note=[text_only(r.reading)] if r.reading else None,
            component=parts,
            derivedFrom=[u for u in self.origin.used if _may_be_derived_from(u)],
        )

    def _conditions(self, c: ComplaintAssessment) -> Iterator[Resource]:
        """The first explanation is provisional, the others of the differential are not more than that."""
        shown = [e for e in c.explanations if e.tier in _TIERS]
        first = c.explanations[0]
        for e in sorted(shown, key=lambda e: (e is not first, e.rank)):
            status = "provisional" if e is first else "differential"
            yield self._made(
                "Condition",
                e.label,
                [f"{status}, {_percent(e)}", e.why_here, e.definition],
                extension=[_interval(e), extension("tier", valueCode=e.tier)],
                clinicalStatus={"coding": [coding(_CLINICAL, "active")]},
                verificationStatus={"coding": [coding(_VERIFIED, status)]},
                category=[{"coding": [coding(_CATEGORY, "encounter-diagnosis")]}],
                code=_explanation(e),
                subject=self._demanded(),
                recordedDate=self.answer.as_of,
                note=[text_only(e.why_here)] if clean(e.why_here) else None,
            )

    def _test(self, w: WorkUpItem, risk: Resource) -> Resource:
        return self._made(
            "ServiceRequest",
            w.label,
            [f"{w.advice.replace('_', ' ')}, {_SOON[w.urgency].lower()}", w.reason, w.would_change],
            extension=[extension("advice", valueCode=w.advice)],
            status="draft",
            intent="proposal",
            priority=_PRIORITY[w.urgency],
            code=present(coding=[coding(k.system, k.code, k.display) for k in w.codes], text=clean(w.label)),
            subject=self._demanded(),
            authoredOn=self.answer.as_of,
            requester=refer(self.device),
            reasonCode=[text_only(w.reason)] if clean(w.reason) else None,
            supportingInfo=[refer(risk)],
            note=[text_only(w.would_change)] if clean(w.would_change) else None,
        )

    def _care(self, m: ManagementItem, risk: Resource) -> Resource:
        """Treatment and advice. Only a medicine to be considered is a MedicationRequest without `doNotPerform`."""
        record = self.treatments.get(m.id)
        notes = [
            x for x in (m.text, m.reason, m.effect, f"Certainty: {m.certainty}" if m.certainty else "") if clean(x)
        ]
        harms = [f"Harm: {h}" for h in m.harms if clean(h)]
        avoid = m.advice == "avoid"
        shared: dict[str, Any] = {
            "extension": [extension("advice", valueCode=m.advice)],
            "status": "draft",
            "intent": "proposal",
            "doNotPerform": True if avoid else None,
            "subject": self._demanded(),
            "authoredOn": self.answer.as_of,
            "requester": refer(self.device),
            "note": [text_only(x) for x in (*notes, *harms)],
        }
        title = f"{m.advice.replace('_', ' ').capitalize()}: {m.label}"
        if record is not None and record.kind in _DRUGS:
            return self._made(
                "MedicationRequest", title, (*notes, *harms), medicationCodeableConcept=text_only(m.label),
                supportingInformation=[refer(risk)], **shared,
            )  # fmt: skip
        return self._made(
            "ServiceRequest", title, (*notes, *harms), code=text_only(m.label), supportingInfo=[refer(risk)], **shared
        )

    def provenance(self, resources: Sequence[Resource], when: str) -> Resource:
        """Who made the bundle, with which knowledge, from what."""
        a = self.answer
        known = {
            "identifier": {
                "system": f"{canonical.BASE}/knowledge",
                "value": f"{a.knowledge_version}|{a.knowledge_hash}",
            },
            "display": f"Soleus knowledge {a.knowledge_version}",
        }
        return self._made(
            "Provenance",
            "Where this comes from",
            [
                f"Soleus {a.software_version}",
                f"Knowledge {a.knowledge_version}, hash {a.knowledge_hash}",
                *(f"Source {r.number}: {r.text}" for r in a.references),
            ],
            target=[refer(r) for r in {r["id"]: r for r in resources}.values()],
            recorded=when,
            agent=[{"who": refer(self.device)}],
            entity=[
                {"role": "source", "what": known},
                *({"role": "source", "what": reference} for reference in self.origin.used),
            ],
        )


_NAME: Resource = {"name": "Soleus", "type": "user-friendly-name"}


def _explanation(e: ExplanationResult) -> Resource:
    return _concept(e.id, e.label, e.codes)


@lru_cache(1024)
def _concept(id: str, label: str, codes: tuple[Coded, ...]) -> Resource:
    """The concept of an explanation, which does not hang on the person."""
    return own(canonical.EXPLANATIONS, id, label, codes)


def _met(state: str) -> Resource:
    return own(canonical.CRITERIA, state, state.replace("_", " "))


def percentage(probability: float) -> float:
    """R4: a decimal probability is a percentage, 0.83 leaves as 83. Rounded only as far as arithmetic made noise."""
    return round(probability * 100, 10)


def _percent(e: ExplanationResult) -> str:
    return f"{e.probability:.1%} (95 % interval {e.low:.1%} to {e.high:.1%})"


def _interval(e: ExplanationResult) -> Resource:
    """The 95 % interval of the probability, in percent; it always holds the probability itself."""
    low, high = min(e.low, e.probability), max(e.high, e.probability)
    ends = {"low": {"value": percentage(low), **PERCENT}, "high": {"value": percentage(high), **PERCENT}}
    return extension("probability-interval", valueRange=ends)


def _prediction(e: ExplanationResult) -> Resource:
    told = {
        "extension": [_interval(e), extension("rank", valuePositiveInt=e.rank)],
        "outcome": _explanation(e),
        "probabilityDecimal": percentage(e.probability),
    }
    if not (e.tier or e.why_here):
        return told
    tier = own(canonical.TIERS, e.tier, e.tier.replace("_", " ")) if e.tier else None
    return told | present(qualitativeRisk=tier, rationale=clean(e.why_here))


def _conclusion(c: ComplaintAssessment, answer: Assessment) -> str:
    """Red flags first, each with what to do; then the ranking; last that no clinician has reviewed it."""
    flags = [f"RED FLAG ({_SOON[f.urgency].lower()}): {f.label}. {f.action}" for f in c.red_flags]
    likely = [e for e in c.explanations if e.tier in ("most_likely", "other_likely")]
    ranked = [f"{e.label} ({chance(e.probability, e.low, e.high)})" for e in likely]
    missed = [e.label for e in c.explanations if e.tier == "do_not_miss"]
    lines = [*flags, f"Most likely: {'; '.join(ranked)}."]
    lines += [f"Not to be missed: {', '.join(missed)}."] if missed else []
    return clean("\n".join([*lines, answer.review_sentence, answer.intended_use]))


def _report_lines(c: ComplaintAssessment, answer: Assessment) -> list[str]:
    return [
        *(f"Red flag ({_SOON[f.urgency].lower()}): {f.label}. {f.action}" for f in c.red_flags),
        *(f"{e.label}: {_percent(e)}. {e.why_here}" for e in c.explanations if e.tier in _TIERS),
        *(f"Next question: {q.text}" for q in c.next_questions[:3]),
        *(f"Not worth testing: {w.label}. {w.reason}" for w in c.work_up if w.advice == "not_worth_doing"),
        *(f"Seek care: {s}" for s in c.seek_care),
        *([f"Not assessed: {'; '.join(n.text for n in c.not_assessed)}"] if c.not_assessed else []),
        *(f"Not used: {u}" for u in answer.unused),
    ]


def _may_be_derived_from(reference: Resource) -> bool:
    """Kinds that R4 allows behind an Observation."""
    return str(reference.get("type")) in ("Observation", "QuestionnaireResponse", "DocumentReference")
