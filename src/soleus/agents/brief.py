"""An assessment cut down to what an agent's context can hold, and the longer document with bounds.

Numbers are those of the `Assessment`, to the last digit. What is left out is counted, not hidden: red flags are never
left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from soleus.reasoning.answers import Answer
from soleus.reasoning.assessment import (
    Assessment,
    Audience,
    Cites,
    ComplaintAssessment,
    CriteriaResult,
    Diagnosis,
    ExplanationResult,
    MedicineVerdict,
    NextQuestion,
    RedFlag,
    TierName,
    Truth,
    Urgency,
)
from soleus.reports import view
from soleus.reports.json import to_json

#: Sizes of an answer, not judgements.
MOST = {"causes": 4, "diagnoses": 4, "work_up": 6, "management": 5, "not_assessed": 12, "unused": 12, "open": 4}
FULL = {"explanations": 12, "diagnoses": 20}


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Ranked(_Part, frozen=True):
    """An explanation, its probability (0-1) and 95 % interval; ``supports`` and ``conflicts`` in words."""

    id: str
    label: str
    probability: float
    low: float
    high: float
    tier: TierName | None
    why_here: str
    must_not_miss: bool
    supports: tuple[str, ...]
    conflicts: tuple[str, ...]
    cites: Cites


class CauseShare(_Part, frozen=True):
    """``share``: the excess fraction of the first explanation, not a probability of causation."""

    id: str
    label: str
    status: str
    share: float
    cites: Cites


class Advice(_Part, frozen=True):
    """A test or a treatment with its advice, such as do, consider, check_first or avoid."""

    label: str
    advice: str
    text: str
    urgency: Urgency | None = None
    cites: Cites = ()


class CriteriaBrief(_Part, frozen=True):
    """A criteria set and how many of its items are met, not met and not assessed."""

    label: str
    state: str
    items: dict[Truth, int]
    cites: Cites


class ComplaintBrief(_Part, frozen=True):
    """The judgement of one complaint. ``rest`` is the probability of all explanations that are not listed."""

    id: str
    label: str | None
    red_flags: tuple[RedFlag, ...]
    open_red_flags: tuple[str, ...]  # rules that one more answer could make true, and what is missing
    explanations: tuple[Ranked, ...]
    rest: float
    diagnoses: tuple[Diagnosis, ...]
    causes: tuple[CauseShare, ...]
    medications: tuple[MedicineVerdict, ...]
    criteria: tuple[CriteriaBrief, ...]
    work_up: tuple[Advice, ...]
    management: tuple[Advice, ...]
    seek_care: tuple[str, ...]
    next_questions: tuple[NextQuestion, ...]
    not_assessed: tuple[str, ...]  # the questions of most weight that nobody answered
    not_assessed_left_out: int
    fits_nothing: str | None  # where the findings fit no explanation well
    stop: bool
    stop_reason: str


class AssessAnswer(Answer, frozen=True):
    """The judgement. ``case`` is what was read of a note; ``document`` the assessment at length, if asked for."""

    person: str
    setting: str
    as_of: str | None
    audience: Audience
    summary: str
    emergency_number: str
    complaints: tuple[ComplaintBrief, ...]
    unused: tuple[str, ...]  # what of the input was not used, and why
    case: dict[str, Any] | UnsetType = UNSET
    document: dict[str, Any] | UnsetType = UNSET


def brief(a: Assessment, *, full: bool = False, case: dict[str, Any] | None = None) -> AssessAnswer:
    """``a`` for an agent; ``full`` adds the document at length."""
    complaints = tuple(_complaint(c) for c in a.complaints)
    cited = _cited(msgspec.to_builtins(complaints))
    return AssessAnswer(
        references=tuple(r for r in a.references if r.number in cited),
        knowledge_version=a.knowledge_version,
        knowledge_hash=a.knowledge_hash,
        review_status=a.review_status,
        review_sentence=a.review_sentence,
        intended_use=a.intended_use,
        software_version=a.software_version,
        person=a.person,
        setting=a.setting,
        as_of=a.as_of,
        audience=a.audience,
        summary=a.summary,
        emergency_number=a.emergency_number,
        complaints=complaints,
        unused=_some(a.unused, MOST["unused"]),
        case=UNSET if case is None else case,
        document=_document(a) if full else UNSET,
    )


def _complaint(c: ComplaintAssessment) -> ComplaintBrief:
    ranking = view.ranking(c)
    worth = [w for w in c.work_up if w.advice != "not_worth_doing"]
    return ComplaintBrief(
        id=c.id,
        label=c.label,
        red_flags=tuple(view.by_urgency(c.red_flags)),
        open_red_flags=_some([f"{f.label}: {'; '.join(f.because)}" for f in c.undecided_red_flags], MOST["open"]),
        explanations=tuple(_ranked(e) for e in ranking.shown),
        rest=ranking.rest,
        diagnoses=c.diagnoses[: MOST["diagnoses"]],
        causes=tuple(
            CauseShare(id=k.id, label=k.label, status=k.status, share=k.share, cites=k.cites)
            for k in [k for k in c.causes if k.share > 0][: MOST["causes"]]
        ),
        medications=c.medications,
        criteria=tuple(_criteria(s) for s in c.criteria),
        work_up=tuple(
            Advice(label=w.label, advice=w.advice, text=w.reason, urgency=w.urgency, cites=w.cites)
            for w in worth[: MOST["work_up"]]
        ),
        management=tuple(
            Advice(label=m.label, advice=m.advice, text=m.text, cites=m.cites)
            for m in c.management[: MOST["management"]]
        ),
        seek_care=c.seek_care,
        next_questions=c.next_questions[:2],
        not_assessed=tuple(n.text for n in c.not_assessed[: MOST["not_assessed"]]),
        not_assessed_left_out=max(0, len(c.not_assessed) - MOST["not_assessed"]),
        fits_nothing=c.conflict.sentence if c.conflict else None,
        stop=c.stop,
        stop_reason=c.stop_reason,
    )


def _ranked(e: ExplanationResult) -> Ranked:
    return Ranked(
        id=e.id,
        label=e.label,
        probability=e.probability,
        low=e.low,
        high=e.high,
        tier=e.tier,
        why_here=e.why_here,
        must_not_miss=e.must_not_miss,
        supports=tuple(b.label for b in e.supports[:5]),
        conflicts=tuple(b.label for b in e.conflicts[:5]),
        cites=e.cites,
    )


def _criteria(c: CriteriaResult) -> CriteriaBrief:
    counts: dict[Truth, int] = {"met": 0, "not_met": 0, "not_assessed": 0}
    for item in c.items:
        counts[item.state] += 1
    return CriteriaBrief(label=c.label, state=c.state, items=counts, cites=c.cites)


def _some(texts: Iterable[str], most: int) -> tuple[str, ...]:
    """The first ``most``, and how many more there are."""
    told = tuple(texts)
    return told if len(told) <= most else (*told[:most], f"and {len(told) - most} more")


def _cited(tree: Any) -> set[int]:
    """Every number under a key ``cites``."""
    if isinstance(tree, dict):
        own = set(tree.get("cites") or ())
        return own.union(*(_cited(v) for v in tree.values()))
    if isinstance(tree, (list, tuple)):
        return set().union(*(_cited(v) for v in tree))
    return set()


def _document(a: Assessment) -> dict[str, Any]:
    """The document of docs/assessment.schema.json without drawings, long lists cut, sources of the rest left out."""
    tree: dict[str, Any] = json.loads(to_json(a))
    for part in (tree, *tree.get("complaints", ())):
        for guide in part["guides"]:
            guide["figure"] = ""
        for name, most in FULL.items():
            part[name] = part[name][:most]
    tree["references"] = [r for r in tree["references"] if r["number"] in _cited(tree)]
    return tree
