"""What an assessment holds: the contract that reports, services and other programs read.

Probabilities are 0-1, intervals 95 %. Ids are those of the knowledge base. Every text that a person reads stands
in the wording of ``audience``. ``references`` are numbered; other parts cite them by number in ``cites``.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from soleus.evidence.record import Basis

Audience = Literal["clinician", "patient"]
Urgency = Literal["emergency", "same_day", "urgent", "routine"]
TierName = Literal["most_likely", "other_likely", "do_not_miss", "rare"]
Truth = Literal["met", "not_met", "not_assessed"]
Cites = tuple[int, ...]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class Coded(_Part, frozen=True):
    """``system`` is the FHIR address of the code system."""

    system: str
    code: str
    display: str | None = None


class RedFlag(_Part, frozen=True):
    id: str
    label: str
    urgency: Urgency
    action: str
    because: tuple[str, ...]  # the findings that made the rule true, in words
    suggests: tuple[str, ...] = ()  # explanations
    cites: Cites = ()


class Bar(_Part, frozen=True):
    """One piece of evidence for the explanation against ``against`` in decibans; a facet or a block is one bar."""

    id: str
    label: str
    findings: tuple[str, ...]
    decibans: float
    basis: Basis
    cites: Cites = ()


class ExplanationResult(_Part, frozen=True):
    id: str
    label: str
    codes: tuple[Coded, ...]
    probability: float
    low: float
    high: float
    tier: TierName | None
    why_here: str  # why it stands in its tier
    definition: str
    rank: int
    rank_low: int  # 95 % of draws rank it between rank_low and rank_high
    rank_high: int
    first_share: float  # share of draws in which it is first
    acuity: Urgency
    must_not_miss: bool
    against: str | None = None  # the explanation that the bars compare it with
    prior_decibans: float | None = None
    supports: tuple[Bar, ...] = ()
    conflicts: tuple[Bar, ...] = ()
    excluded_by: str | None = None  # a necessary cause that is absent
    cites: Cites = ()


class Diagnosis(_Part, frozen=True):
    """An explanation with one cause, or without a cause that is known (``cause`` None)."""

    id: str
    label: str
    explanation: str
    cause: str | None
    probability: float
    low: float
    high: float


class Idiopathic(_Part, frozen=True):
    explanation: str
    probability: float
    low: float
    high: float
    sentence: str


class Cause(_Part, frozen=True):
    """A contributor judged for this person and the first explanation."""

    id: str
    label: str
    status: Literal["present", "absent", "not_known"]
    probability: float  # that the person has it
    share: float  # excess fraction of the first explanation, not a probability of causation
    share_low: float
    share_high: float
    ratio: float | None  # predictive rate ratio
    causal_ratio: float | None
    strength: str
    basis: Basis
    modifiable: bool
    belief: str | None = None  # the popular belief that it corrects
    cites: Cites = ()


class MedicineVerdict(_Part, frozen=True):
    id: str
    label: str
    as_given: str
    contributor: str | None
    verdict: Literal["likely_contributor", "possible_contributor", "unlikely", "no_signal_known", "not_recognised"]
    strength: str
    certainty: str
    timing: str
    discuss: str
    do_not: str
    warnings: tuple[str, ...] = ()  # what should not meet: other medicines of the list, states of the person
    cites: Cites = ()


class Criterion(_Part, frozen=True):
    id: str
    text: str
    state: Truth


class CriteriaResult(_Part, frozen=True):
    id: str
    label: str
    explanation: str | None
    state: Literal["met", "not_met", "undecided"]
    score: float | None = None
    reading: str | None = None
    items: tuple[Criterion, ...] = ()
    cites: Cites = ()


class NextQuestion(_Part, frozen=True):
    finding: str
    text: str
    value: float  # expected loss avoided, less the burden
    reason: str
    red_flag: bool = False


class WorkUpItem(_Part, frozen=True):
    id: str
    label: str
    advice: Literal["do", "consider", "not_worth_doing"]
    urgency: Urgency
    reason: str
    would_change: str
    codes: tuple[Coded, ...] = ()
    value: float | None = None
    cites: Cites = ()


class Step(_Part, frozen=True):
    text: str
    seconds: int | None = None
    repeats: int | None = None


class Guide(_Part, frozen=True):
    """An illustrated set of steps; ``figure`` is SVG."""

    id: str
    label: str
    steps: tuple[Step, ...]
    not_for: tuple[str, ...]
    figure: str
    cites: Cites = ()


class ManagementItem(_Part, frozen=True):
    id: str
    label: str
    advice: Literal["recommended", "consider", "check_first", "avoid"]
    text: str
    reason: str
    effect: str
    certainty: str
    harms: tuple[str, ...] = ()
    for_explanation: str | None = None
    cites: Cites = ()


class NotAssessed(_Part, frozen=True):
    finding: str
    text: str


class Conflict(_Part, frozen=True):
    """Whether the findings fit anything listed: z against ``best`` and the share of simulated cases as odd as this."""

    best: str
    z: float
    p_value: float
    sentence: str
    disagreements: tuple[str, ...] = ()  # statements of the input that disagree


class EvidenceBasis(_Part, frozen=True):
    """How much of the evidence between the first two explanations rests on expert records."""

    first: str
    second: str
    total_decibans: float  # sum of absolute bars
    expert_decibans: float
    sentence: str


class Reference(_Part, frozen=True):
    number: int
    id: str
    text: str
    url: str | None
    read: str


class Difference(_Part, frozen=True):
    """What would change the answer: the state of a finding and the explanation that would then be first."""

    finding: str
    text: str
    state: str
    becomes: str
    probability: float


class BetterEvidence(_Part, frozen=True):
    record: str
    label: str
    spread: float  # how many percentage points of the first probability hang on it


class Tiers(_Part, frozen=True):
    """Ids of `diagnoses`."""

    most_likely: tuple[str, ...] = ()
    other_likely: tuple[str, ...] = ()
    do_not_miss: tuple[str, ...] = ()
    rare: tuple[str, ...] = ()


class ComplaintAssessment(_Part, frozen=True):
    """The judgement of one complaint."""

    id: str
    label: str | None
    red_flags: tuple[RedFlag, ...]
    undecided_red_flags: tuple[RedFlag, ...]
    tiers: Tiers
    explanations: tuple[ExplanationResult, ...]
    diagnoses: tuple[Diagnosis, ...]
    idiopathic: Idiopathic | None
    causes: tuple[Cause, ...]
    medications: tuple[MedicineVerdict, ...]
    criteria: tuple[CriteriaResult, ...]
    next_questions: tuple[NextQuestion, ...]
    work_up: tuple[WorkUpItem, ...]
    management: tuple[ManagementItem, ...]
    guides: tuple[Guide, ...]
    seek_care: tuple[str, ...]
    not_assessed: tuple[NotAssessed, ...]
    what_would_change: tuple[Difference, ...]
    better_evidence: tuple[BetterEvidence, ...]
    conflict: Conflict | None
    evidence_basis: EvidenceBasis | None
    also_possible_together: str | None = None  # two complaints in one story
    stop: bool = False  # asking may stop
    stop_reason: str = ""


class LocalOverlay(_Part, frozen=True):
    """Local figures that were put on the published ones for this answer (`soleus.knowledge.overlay`)."""

    id: str  # as it stands in the version of the knowledge base and among the references
    name: str
    sites: tuple[str, ...]
    people: int | None  # of all sites together; None: not told
    numbers: int  # how many of the knowledge base it moved
    sentence: str
    cites: Cites = ()


class Assessment(_Part, frozen=True):
    """One person's judgement. The fields of the first complaint are repeated at the top level in JSON."""

    case: str
    as_of: str | None
    audience: Audience
    setting: str
    answered_by: str
    person: str  # "woman of 67"
    summary: str  # the answer in two or three sentences
    complaints: tuple[ComplaintAssessment, ...]
    references: tuple[Reference, ...]
    unused: tuple[str, ...]  # what of the input was not used, and why
    emergency_number: str
    knowledge_version: str
    knowledge_hash: str
    review_status: str  # submitted | under_review | approved: the least of what was used
    review_sentence: str  # and, where one was used, the sentence on the local overlay
    intended_use: str
    software_version: str
    local_overlay: LocalOverlay | None = None  # None: published figures alone
