"""Answers that are smaller than an assessment: the next question, a comparison, a chain, an entry, medicines.

Like an `Assessment`, each is one immutable value in the wording of an audience; it numbers its references and says
which knowledge it rests on and that nobody has reviewed it. The numbers are those of `soleus.assess`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from soleus.clinical.case import Case, Medicine, Respondent
from soleus.clinical.reading import case_from
from soleus.errors import InvalidValue, UnknownName, near_names
from soleus.evidence.record import Basis
from soleus.knowledge.schema.core import Explanation, Finding
from soleus.reasoning import compare as comparing
from soleus.reasoning import medication_review as reviewing
from soleus.reasoning import words
from soleus.reasoning.assess import software_version
from soleus.reasoning.assessment import Audience, Cites, MedicineVerdict, Reference
from soleus.reasoning.chain import chain
from soleus.reasoning.citing import Citer
from soleus.reasoning.compiled import Compiled, normal_form, shipped_compiled
from soleus.reasoning.entry import find
from soleus.reasoning.intake import take_in
from soleus.reasoning.interview import DONT_KNOW, Answered, Interview
from soleus.reasoning.judging import Judged
from soleus.reasoning.medicines import MedicineIndex
from soleus.reasoning.questions import Question, Stage, screen_questions

_LEADING = 3  # explanations that are told beside a question


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Answer(_Part, frozen=True):
    """What every answer carries: its sources, the knowledge behind it and its limits."""

    references: tuple[Reference, ...]
    knowledge_version: str
    knowledge_hash: str
    review_status: str
    review_sentence: str
    intended_use: str
    software_version: str


class Named(_Part, frozen=True):
    id: str
    label: str


class Likely(_Part, frozen=True):
    """An explanation as things stand."""

    id: str
    label: str
    probability: float
    low: float
    high: float


class Choice(_Part, frozen=True):
    """A possible reply and what it adds to the case: findings, conditions; ``skip`` ids that were asked in vain."""

    reply: str
    label: str
    findings: dict[str, str] = {}
    conditions: tuple[dict[str, str], ...] = ()
    skip: tuple[str, ...] = ()


class AskedFinding(_Part, frozen=True):
    """A question of detail that a "yes" to an item of the red-flag screen leads to."""

    id: str
    text: str
    choices: tuple[Choice, ...]


class NextQuestionAnswer(Answer, frozen=True):
    """What to ask next; ``id`` and ``text`` are None when asking may stop. ``leading`` is empty before any finding."""

    id: str | None
    stage: Stage | None
    text: str | None
    reason: str
    choices: tuple[Choice, ...]
    details: tuple[AskedFinding, ...]  # to be asked after a "yes"
    leading: tuple[Likely, ...]
    screen_left: int  # items of the red-flag screen that are still open


class Contrast(_Part, frozen=True):
    """The state of a finding and its probability under both explanations; decibans favour the first."""

    finding: str
    state: str
    label: str
    p_first: float
    p_second: float
    decibans: float
    basis: Basis
    cites: Cites


class ComparisonAnswer(Answer, frozen=True):
    first: Named
    second: Named
    rows: tuple[Contrast, ...]  # the most telling first
    left_out: int
    caution: str


class ChainStep(_Part, frozen=True):
    """One link: its value for both explanations in words, and its decibans for the first."""

    label: str
    value: str
    other: str
    decibans: float
    basis: str
    cites: Cites


class ExplanationAnswer(Answer, frozen=True):
    """The chain of one explanation against another; the decibans of the steps add up to the posterior odds."""

    explanation: Named
    against: Named
    probability: float
    low: float
    high: float
    heading: str
    steps: tuple[ChainStep, ...]
    footing: str


class EntryPart(_Part, frozen=True):
    """What the knowledge base says of one thing; ``fields`` maps a heading to its text."""

    kind: str
    id: str
    title: str
    fields: dict[str, str]
    cites: Cites


class EntryAnswer(Answer, frozen=True):
    entries: tuple[EntryPart, ...]


class MedicationAnswer(Answer, frozen=True):
    """Each medicine judged for ``complaint``, the explanation that is first on what was told."""

    complaint: Likely
    medications: tuple[MedicineVerdict, ...]
    unused: tuple[str, ...]


def explanation_named(compiled: Compiled, name: str, where: str = "explanation") -> Explanation:
    """The explanation of an id, name or synonym. Raises `UnknownName` with the nearest names."""
    target = compiled.names.explanations.get(normal_form(name))
    if target is None:
        known = sorted({*compiled.explanations, *compiled.names.explanations})
        raise UnknownName(where, repr(name[:60]), "an explanation", near_names(name[:60], known))
    return compiled.explanations[target]


def next_question(
    case: Case | dict[str, Any],
    *,
    knowledge: Compiled | None = None,
    audience: Audience = "patient",
    skip: Iterable[str] = (),
) -> NextQuestionAnswer:
    """The question worth asking next, in the order of an interview, with what each reply adds to the case.

    ``skip``: ids that were asked and have no answer a case could hold. Raises `InputError` for what cannot be read.
    """
    compiled = knowledge or shipped_compiled()
    read = case_from(case) if isinstance(case, dict) else case
    respondent: Respondent = "clinician" if audience == "clinician" else read.answered_by
    groups = ("history", "examination") if audience == "clinician" else ("history",)
    answered = [Answered(_known_question(compiled, s), "value", DONT_KNOW, ()) for s in skip]
    interview = Interview(compiled, msgspec.to_builtins(read), groups, respondent, answered)
    judged = interview.judged()
    screen = [q for q in screen_questions(judged) if q.id not in set(skip)]
    return _asked(interview, interview.next(), judged, audience, len(screen))


def _known_question(compiled: Compiled, name: str) -> str:
    from soleus.knowledge.schema.safety import ScreenItem

    known = {*compiled.findings, *compiled.contributors, *compiled.knowledge.by_id(ScreenItem)}
    if name not in known:
        raise UnknownName("skip", repr(name[:60]), "the id of a question", near_names(name[:60], sorted(known)))
    return name


def _asked(
    interview: Interview, question: Question | None, judged: Judged, audience: Audience, screen_left: int
) -> NextQuestionAnswer:
    respondent = interview.respondent
    return NextQuestionAnswer(
        id=question.id if question else None,
        stage=question.stage if question else None,
        text=question.text(respondent) if question else None,
        reason=question.reason if question else words.stop(interview.stop(), screen_open=False),
        choices=_choices(judged, question, respondent) if question else (),
        details=_details(interview.compiled, question, respondent) if question else (),
        leading=_leading(judged, audience) if judged.presentation.observations else (),
        screen_left=screen_left,
        **closing(interview.compiled, audience, Citer(interview.compiled.knowledge)),
    )


def _choices(judged: Judged, question: Question, respondent: str) -> tuple[Choice, ...]:
    if question.finding is not None:
        return _states(question.finding, respondent)
    if question.item is not None:
        told = judged.presentation.observations  # a grouped question takes none of them back
        no = {f: state for f, state in question.item.no_means.items() if f not in told}
        return (
            Choice(reply="yes", label="Yes", skip=(question.id,)),
            Choice(reply="no", label="No", findings=no, skip=(question.id,)),
            Choice(reply=DONT_KNOW, label="Don't know", findings=dict.fromkeys(no, DONT_KNOW), skip=(question.id,)),
        )
    return (
        *(
            Choice(reply=reply, label=label, conditions=({"name": question.id, "status": status},))
            for reply, label, status in (("yes", "Yes", "present"), ("no", "No", "absent"))
        ),
        Choice(reply=DONT_KNOW, label="Don't know", skip=(question.id,)),
    )


def _states(finding: Finding, respondent: str) -> tuple[Choice, ...]:
    clinician = respondent == "clinician"
    told = [(s.id, s.label if clinician else s.patient_label) for s in finding.states]
    return tuple(Choice(reply=s, label=t, findings={finding.id: s}) for s, t in [*told, (DONT_KNOW, "Don't know")])


def _details(compiled: Compiled, question: Question, respondent: str) -> tuple[AskedFinding, ...]:
    if question.item is None:
        return ()
    found = [compiled.findings[f] for f in question.item.then_ask if f in compiled.findings]
    return tuple(
        AskedFinding(
            id=f.id,
            text=f.clinician_question if respondent == "clinician" else f.question,
            choices=_states(f, respondent),
        )
        for f in found
    )


def _leading(judged: Judged, audience: Audience) -> tuple[Likely, ...]:
    return tuple(_likely(judged, e, audience) for e in judged.ranked[:_LEADING])


def _likely(judged: Judged, e: Explanation, audience: Audience) -> Likely:
    low, high = judged.interval(e.id)
    return Likely(id=e.id, label=words.name(e, audience), probability=judged.probability[e.id], low=low, high=high)


def compare(first: str, second: str, *, knowledge: Compiled | None = None, most: int = 15) -> ComparisonAnswer:
    """The ``most`` findings that tell two explanations apart best. Raises `UnknownName`."""
    compiled = knowledge or shipped_compiled()
    one, two = explanation_named(compiled, first, "first"), explanation_named(compiled, second, "second")
    if one is two:
        raise InvalidValue("second", "the same explanation twice", "two explanations", "Name another one.")
    rows = comparing.compare(compiled, one.id, two.id)
    citer = Citer(compiled.knowledge)
    return ComparisonAnswer(
        first=Named(id=one.id, label=one.name),
        second=Named(id=two.id, label=two.name),
        rows=tuple(_contrast(row, citer) for row in rows[:most]),
        left_out=max(0, len(rows) - most),
        caution="Findings hang together: do not add rows up.",
        **closing(compiled, "clinician", citer),
    )


def _contrast(row: comparing.Row, citer: Citer) -> Contrast:
    return Contrast(
        finding=row.finding,
        state=row.state,
        label=row.label,
        p_first=row.p_first,
        p_second=row.p_second,
        decibans=row.decibans,
        basis=row.basis,
        cites=citer.cite(row.sources),
    )


def explain(
    case: Case | dict[str, Any],
    *,
    explanation: str | None = None,
    against: str | None = None,
    knowledge: Compiled | None = None,
    audience: Audience = "clinician",
) -> ExplanationAnswer:
    """Prior, findings and contributors of the first complaint, each with its sources.

    ``explanation`` is by default the first one, ``against`` the next. Raises `InputError`, `CannotAssess`.
    """
    compiled = knowledge or shipped_compiled()
    read = case_from(case) if isinstance(case, dict) else case
    judged = Judged(take_in(read, compiled, MedicineIndex(compiled.knowledge))[0])
    one = explanation_named(compiled, explanation) if explanation else judged.first
    other = judged.second if one.id == judged.first.id else judged.first
    two = explanation_named(compiled, against, "against") if against else other
    if one.id == two.id:
        raise InvalidValue("against", "the same explanation twice", "another explanation", "Name another one.")
    citer = Citer(compiled.knowledge)
    found = chain(judged, one.id, two.id, citer, audience)
    low, high = judged.interval(one.id)
    return ExplanationAnswer(
        explanation=Named(id=one.id, label=words.name(one, audience)),
        against=Named(id=two.id, label=words.name(two, audience)),
        probability=judged.probability[one.id],
        low=low,
        high=high,
        heading=found.heading,
        steps=tuple(
            ChainStep(label=s.label, value=s.value, other=s.other, decibans=s.decibans, basis=s.basis, cites=s.cites)
            for s in found.steps
        ),
        footing=found.footing,
        **closing(compiled, audience, citer),
    )


def entry(name: str, *, knowledge: Compiled | None = None) -> EntryAnswer:
    """What the knowledge base says of a name, former name, synonym or code. Raises `UnknownName`."""
    compiled = knowledge or shipped_compiled()
    found = find(compiled, name)
    if not found:
        known = sorted({*compiled.names.explanations, *compiled.names.findings, *compiled.names.contributors})
        raise UnknownName("name", repr(name[:60]), "something the knowledge base knows", near_names(name[:60], known))
    citer = Citer(compiled.knowledge)
    parts = tuple(
        EntryPart(kind=e.kind, id=e.id, title=e.title, fields=dict(e.fields), cites=citer.cite(e.sources))
        for e in found
    )
    return EntryAnswer(entries=parts, **closing(compiled, "clinician", citer))


def medication_review(
    case: Case | dict[str, Any],
    *,
    medicines: Iterable[Medicine | str] = (),
    knowledge: Compiled | None = None,
    audience: Audience = "clinician",
) -> MedicationAnswer:
    """Whether each medicine of the case, and of ``medicines``, may bear on the first complaint.

    A case without findings is judged by age, sex and setting alone. Raises `InputError`.
    """
    compiled = knowledge or shipped_compiled()
    read = case_from(case) if isinstance(case, dict) else case
    read = msgspec.structs.replace(read, medicines=(*read.medicines, *medicines))
    if not read.medicines:
        raise InvalidValue("medicines", "none", "at least one medicine", "Name what is taken.")
    index = MedicineIndex(compiled.knowledge)
    judged = Judged(take_in(read, compiled, index, empty=True)[0])
    citer = Citer(compiled.knowledge)
    return MedicationAnswer(
        complaint=_likely(judged, judged.first, audience),
        medications=reviewing.review(judged, index, audience, citer),
        unused=judged.presentation.unused,
        **closing(compiled, audience, citer),
    )


def closing(compiled: Compiled, audience: Audience, citer: Citer) -> dict[str, Any]:
    """The fields of `Answer`: the sources that ``citer`` numbered, the knowledge behind them and the limits."""
    return {
        "references": citer.references(),
        "knowledge_version": compiled.knowledge.version,
        "knowledge_hash": compiled.knowledge.digest,
        "review_status": "submitted",
        "review_sentence": words.review(audience, compiled.knowledge.overlay),
        "intended_use": words.INTENDED_USE[audience],
        "software_version": software_version(),
    }
