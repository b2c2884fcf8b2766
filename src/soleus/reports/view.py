"""What every report shows of a complaint, and in which order: the ranking, the tiers, the bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from soleus.reasoning.assessment import (
    Assessment,
    Bar,
    Cause,
    ComplaintAssessment,
    CriteriaResult,
    Diagnosis,
    ExplanationResult,
    ManagementItem,
    MedicineVerdict,
    RedFlag,
    TierName,
    Urgency,
    WorkUpItem,
)

#: Sizes of the page, not judgements: how many entries stand open before the rest is folded away.
MOST_RANKED = 6
LEAST_RANKED = 3
LEAST_SHOWN = 0.01  # what rounds to less is counted among the rest
MOST_NOT_ASSESSED = 12
MOST_BARS = 12
MOST_CAUSES = 8
MOST_UNDECIDED = 4

URGENCIES: tuple[Urgency, ...] = ("emergency", "same_day", "urgent", "routine")
TIER_NAMES: tuple[TierName, ...] = ("most_likely", "other_likely", "do_not_miss", "rare")


Advice = TypeVar("Advice", ManagementItem, WorkUpItem)


class TierEntry(NamedTuple):
    """A diagnosis in its tier; ``why`` is '' for a further cause of an explanation that stands elsewhere."""

    diagnosis: Diagnosis
    explanation: ExplanationResult | None
    why: str
    further: bool  # another cause of an explanation that stands in another tier
    short: str  # without the explanation's name where it is a further cause


class Ranking(NamedTuple):
    shown: tuple[ExplanationResult, ...]
    rest: float  # probability of all that is not shown
    rest_count: int


def by_urgency(flags: Iterable[RedFlag]) -> list[RedFlag]:
    """The most urgent first, otherwise in the order given."""
    return sorted(flags, key=lambda flag: URGENCIES.index(flag.urgency))


def flags_of(assessment: Assessment) -> list[RedFlag]:
    """The red flags of all complaints, each once, the most urgent first."""
    flags = {flag.id: flag for complaint in assessment.complaints for flag in complaint.red_flags}
    return by_urgency(flags.values())


def pressing(flags: Iterable[RedFlag]) -> list[RedFlag]:
    """Flags that stand above everything else: all but those that can wait for the next visit."""
    return [flag for flag in flags if flag.urgency != "routine"]


def can_wait(flags: Sequence[RedFlag], audience: str) -> list[RedFlag]:
    """Flags that are worth acting on at the next visit; in an emergency patients are not sent to that visit too."""
    if audience == "patient" and any(flag.urgency == "emergency" for flag in flags):
        return []
    return [flag for flag in flags if flag.urgency == "routine"]


def warned(assessment: Assessment) -> list[MedicineVerdict]:
    """The medicines with warnings, each once."""
    return list({m.id: m for c in assessment.complaints for m in c.medications if m.warnings}.values())


def because(flag: RedFlag) -> str:
    """What made a flag fire, each reason once and none empty: ``always the same leg; the calf``."""
    reasons = dict.fromkeys(text.strip() for text in flag.because)
    return "; ".join(text for text in reasons if text)


def some(flags: Sequence[RedFlag], most: int = MOST_UNDECIDED) -> str:
    """The names of red flags in one phrase, the first few in full."""
    names = "; ".join(flag.label for flag in flags[:most])
    return names + (f"; and {len(flags) - most} more" if len(flags) > most else "")


def first(complaint: ComplaintAssessment) -> ExplanationResult | None:
    """The most probable explanation; None if none was judged."""
    return min(complaint.explanations, key=lambda e: e.rank, default=None)


def ranking(complaint: ComplaintAssessment, most: int = MOST_RANKED) -> Ranking:
    """The most probable explanations in their order, and what is left for all others together."""
    ordered = sorted(complaint.explanations, key=lambda e: e.rank)
    telling = [e for i, e in enumerate(ordered[:most]) if i < LEAST_RANKED or e.probability >= LEAST_SHOWN]
    shown = tuple(telling)
    rest = max(0.0, 1 - sum(e.probability for e in shown))
    return Ranking(shown, rest, len(ordered) - len(shown))


def _entry(complaint: ComplaintAssessment, diagnosis: Diagnosis, tier: TierName) -> TierEntry:
    explanation = next((e for e in complaint.explanations if e.id == diagnosis.explanation), None)
    own = explanation is not None and explanation.tier == tier
    why = explanation.why_here if explanation is not None and own else ""
    further = explanation is not None and not own
    cause = diagnosis.label.removeprefix(explanation.label).strip(" ,") if explanation and further else ""
    short = cause or ("no cause that is known" if further and diagnosis.cause is None else diagnosis.label)
    return TierEntry(diagnosis, explanation, why, further, short)


def tiers(complaint: ComplaintAssessment) -> list[tuple[TierName, list[TierEntry]]]:
    """The four tiers in their order with their entries; a tier may be empty."""
    known = {d.id: d for d in complaint.diagnoses}
    ids = {name: getattr(complaint.tiers, name) for name in TIER_NAMES}
    return [(name, [_entry(complaint, known[i], name) for i in ids[name] if i in known]) for name in TIER_NAMES]


def bars(explanation: ExplanationResult, most: int = MOST_BARS) -> list[Bar]:
    """Bars for the explanation, strongest first, then those against it, weakest first."""
    strongest = sorted((*explanation.supports, *explanation.conflicts), key=lambda b: -abs(b.decibans))[:most]
    return sorted(strongest, key=lambda b: -b.decibans)


def longest(shown: Iterable[Bar], prior: float | None = None) -> float:
    """The greatest absolute number of decibans: the scale of the chart. At least 1."""
    return max([1.0, abs(prior or 0.0), *(abs(bar.decibans) for bar in shown)])


def causes(complaint: ComplaintAssessment) -> list[Cause]:
    """Causes that are present first, then by share, the greatest first."""
    return sorted(complaint.causes, key=lambda c: (c.status != "present", -c.share))


#: Advice of which a page may leave some out; what is recommended or to be avoided is always shown.
OPTIONAL = ("consider", "check_first")


def place(items: Sequence[Advice], item: Advice) -> int:
    """The place of ``item`` among those with the same advice, from 1."""
    return [i.id for i in items if i.advice == item.advice].index(item.id) + 1


def left_out(items: Sequence[ManagementItem], most: int) -> int:
    """How many optional measures a page leaves out that shows ``most`` of each advice."""
    counts = Counter(i.advice for i in items if i.advice in OPTIONAL)
    return sum(max(0, n - most) for n in counts.values())


def says_without_cause(complaint: ComplaintAssessment) -> bool:
    """Whether the tiers hold the first explanation without a known cause, so that its chance is told there."""
    held = {i for name in TIER_NAMES for i in getattr(complaint.tiers, name)}
    best = first(complaint)
    return best is not None and any(
        d.id in held and d.cause is None and d.explanation == best.id for d in complaint.diagnoses
    )


def name_of(complaint: ComplaintAssessment, id: str | None) -> str:
    """The label of an explanation, or its id as words."""
    found = next((e.label for e in complaint.explanations if e.id == id), None)
    return found or (id or "").replace("_", " ")


def count_met(criteria: CriteriaResult) -> str:
    """``3 of 4 met, 1 not assessed``."""
    met = sum(item.state == "met" for item in criteria.items)
    open_ = sum(item.state == "not_assessed" for item in criteria.items)
    return f"{met} of {len(criteria.items)} met" + (f", {open_} not assessed" if open_ else "")
