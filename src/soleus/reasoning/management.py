"""Treatment and prevention graded for one person: recommended, consider, check first, avoid; each with
its reason.

A plan never outruns safety: with an emergency red flag, or where the first explanation is an emergency, it
holds the emergency action and nothing else. A contraindication known to be there turns an item into "avoid";
one that is not known, into "check first". Nothing here is a prescription.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from msgspec import structs

from soleus.clinical.rules import Facts, evaluate, leaves, subject
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.care import Avoid, CareNote, CarePolicy, Place, Treatment
from soleus.knowledge.schema.care import Guide as GuideRecord
from soleus.knowledge.schema.safety import RedFlag
from soleus.reasoning.assessment import Audience, Guide, ManagementItem, Step
from soleus.reasoning.citing import Citer

Advice = Literal["recommended", "consider", "check_first", "avoid"]

_ADVICE: dict[Place, Advice] = {
    "first_step": "recommended",
    "first_line": "recommended",
    "may_try": "consider",
    "uncertain": "consider",
    "specialist_only": "consider",
    "last_resort": "avoid",
    "not_standard": "avoid",
    "popular_not_supported": "avoid",
    "not_recommended": "avoid",
    "avoid": "avoid",
    "comparator_only": "avoid",
}
_PLACE_WORDS: dict[Place, tuple[str, str]] = {  # for the clinician, for the patient
    "first_step": ("First step.", "This comes first."),
    "first_line": ("Reasonable first measure.", "A good first thing to try."),
    "may_try": ("Optional: little harm, thin evidence.", "You may try it. It does little harm."),
    "uncertain": ("Evidence too weak or conflicting to advise.", "No one knows yet whether it helps."),
    "specialist_only": ("For a specialist to decide.", "A specialist decides about this."),
    "last_resort": ("Last resort under conditions; not to be started on this advice.", "Not advised."),
    "not_standard": ("No longer standard.", "No longer advised as a first choice."),
    "popular_not_supported": (
        "Widely believed, not borne out.",
        "Many people believe it, but it is not shown.",
    ),
    "not_recommended": ("Evidence against, or harm outweighs.", "Not advised."),
    "avoid": ("Do not.", "Do not."),
    "comparator_only": ("Comparison arm of a trial.", "Not a treatment."),
}
_BASIS_WORDS = {
    "measured": "studies, not graded by a body",
    "derived": "computed from studies, not graded by a body",
    "qualitative": "described in the source, not graded",
    "guideline": "guideline recommendation",
    "expert": "expert advice; no study",
}
_PLAIN_BASIS = {
    "measured": "From studies, not yet sure.",
    "derived": "Worked out from studies, not yet sure.",
    "qualitative": "Described by experts, not well tested.",
    "guideline": "From guidelines.",
    "expert": "Advice from experts, not tested.",
}
_ORDER: tuple[Advice, ...] = ("recommended", "check_first", "consider", "avoid")
_PLACES: tuple[Place, ...] = tuple(_ADVICE)
_URGENT = ("emergency", "same_day")


@dataclass(frozen=True)
class Care:
    """The records a plan is made from."""

    treatments: tuple[Treatment, ...]
    notes: tuple[CareNote, ...]
    guides: tuple[GuideRecord, ...]
    policy: CarePolicy
    figures: Mapping[str, str]  # name -> SVG text

    @classmethod
    def of(cls, knowledge: Knowledge, figures: Mapping[str, str] | None = None) -> Care:
        """The records of a knowledge base; ``figures`` are its drawings."""
        return cls(
            treatments=knowledge.all(Treatment),
            notes=knowledge.all(CareNote),
            guides=knowledge.all(GuideRecord),
            policy=knowledge.all(CarePolicy)[0],
            figures=figures or {},
        )

    @cached_property
    def sources_of(self) -> dict[str, tuple[str, ...]]:
        """Option -> the sources of all its rows, those of the headline first."""
        found: dict[str, list[str]] = {}
        for row in sorted(self.treatments, key=lambda t: not t.headline):
            found.setdefault(row.option, []).extend(row.source)
        return {option: tuple(dict.fromkeys(s)) for option, s in found.items()}


@dataclass(frozen=True)
class Management:
    """The plan. ``emergency``: only the emergency action is in it."""

    items: tuple[ManagementItem, ...]
    emergency: bool
    planned_for: tuple[str, ...]


@dataclass(frozen=True)
class _View:
    """Whom the plan is for, and in which words."""

    facts: Facts
    audience: Audience
    citer: Citer | None
    country: str | None
    adult_from: float = 18.0  # years: the age band from which trials of medicines in adults speak

    @property
    def plain(self) -> bool:
        return self.audience == "patient"

    def cite(self, sources: Sequence[str]) -> tuple[int, ...]:
        return self.citer.cite(sources) if self.citer else ()

    def choose(self, clinician: str, patient: str | None) -> str:
        return patient if self.plain and patient else clinician


def plan(
    care: Care,
    facts: Facts,
    ranked: Mapping[str, float],
    audience: Audience,
    *,
    flags: Sequence[RedFlag] = (),
    citer: Citer | None = None,
    country: str | None = None,
) -> Management:
    """What to do, best first. ``ranked``: explanation -> probability, most probable first."""
    view = _View(facts, audience, citer, country)
    emergencies = tuple(f for f in flags if f.urgency == "emergency")
    if emergencies:
        return Management(tuple(_flag_item(f, care.policy, view) for f in emergencies), True, ())
    chosen = _first_things(planned_for(care, ranked), flags, ranked, care.policy)
    notes = [(n, e) for e in chosen for n in care.notes if e in n.explanations]
    if notes and notes[0][0].urgency == "emergency":
        return Management(_cited([_note_item(*notes[0], view)], care, view), True, chosen[:1])
    items = [_flag_item(f, care.policy, view) for f in flags if f.urgency == "same_day"]
    items += [_note_item(n, e, view) for n, e in notes if n.urgency in _URGENT]
    items += _treatments(care, chosen, view)
    items += [_note_item(n, e, view) for n, e in notes if n.urgency not in _URGENT]
    return Management(_cited(_cut(items, care.policy.most_items), care, view), False, chosen)


def planned_for(care: Care, ranked: Mapping[str, float]) -> tuple[str, ...]:
    """The explanations that are planned for: the first, those near it, and dangerous ones that are not unlikely."""
    policy, first = care.policy, next(iter(ranked.values()), 0.0)
    urgent = {e for n in care.notes if n.urgency in _URGENT for e in n.explanations}
    near = [e for e, p in ranked.items() if p >= policy.plan_floor and (p >= policy.plan_share * first or e in urgent)]
    chosen = dict.fromkeys([*list(ranked)[:1], *near])
    return tuple(list(chosen)[: policy.most_explanations])


def _first_things(
    chosen: tuple[str, ...], flags: Sequence[RedFlag], ranked: Mapping[str, float], policy: CarePolicy
) -> tuple[str, ...]:
    """With a flag of the same day, only what it points to is planned for: nothing routine stands beside it."""
    soon = [f for f in flags if f.urgency in _URGENT]
    pointed = {s for f in soon for s in f.suggests}
    if not soon:
        return chosen
    likely = [s for s, p in ranked.items() if s in pointed and p >= policy.plan_floor]
    return tuple(likely[: policy.most_explanations]) or tuple(s for s in ranked if s in pointed)[:1] or chosen[:1]


def _treatments(care: Care, chosen: Sequence[str], view: _View) -> list[ManagementItem]:
    """One item per option, for the first planned explanation that it serves."""
    found: dict[str, tuple[tuple[int, bool, int, int, str], ManagementItem]] = {}
    for rank, explanation in enumerate(chosen):
        for row in care.treatments:
            if row.option not in found and _applies(row, explanation, view):
                item = _item(row, explanation, view)
                place = _PLACES.index(row.places.get(explanation, row.place))
                general = row.only_when is None and not row.causes  # what was chosen for this person stands first
                found[row.option] = ((_ORDER.index(item.advice), general, rank, place, row.id), item)
    return [item for _, item in sorted(found.values(), key=lambda pair: pair[0])]


def _applies(row: Treatment, explanation: str, view: _View) -> bool:
    if not row.headline or explanation not in row.explanations or (view.plain and not row.patient_text):
        return False
    if row.countries and view.country not in row.countries:
        return False
    if row.causes and not any(view.facts.has(c) for c in row.causes):
        return False
    if _needs_specialist_view(row, view):
        return False
    if row.unless is not None and evaluate(row.unless, view.facts) is True:
        return False
    if row.only_when is None:
        return True
    indicated = evaluate(row.only_when, view.facts)
    return indicated is True or (indicated is None and row.indication_check is not None)


def _needs_specialist_view(row: Treatment, view: _View) -> bool:
    """In pregnancy and childhood no medicine is offered that is not a first step or meant for them."""
    special = view.facts.pregnant is True or (view.facts.age is not None and view.facts.age < view.adult_from)
    offered = row.place not in ("first_step", "first_line", "not_recommended", "avoid", "popular_not_supported")
    asks = {subject(leaf)[0] for leaf in leaves(row.only_when)} if row.only_when else set()
    meant = "pregnancy" in row.causes or bool(asks & {"pregnant", "age"})
    return special and offered and not meant and row.kind in ("medicine", "supplement", "procedure", "device")


def _item(row: Treatment, explanation: str, view: _View) -> ManagementItem:
    place = row.places.get(explanation, row.place)
    advice, reason = grade(row, place, view)
    return ManagementItem(
        id=row.id,
        label=row.patient_name if view.plain else row.name,
        advice=advice,
        text=view.choose(row.clinician_text, row.patient_text),
        reason=reason,
        effect=view.choose(row.effect_text or "", row.patient_effect_text),
        certainty=_certainty(row, view),
        harms=row.patient_harms if view.plain and row.patient_harms else row.harms,
        for_explanation=explanation,
    )


def _certainty(row: Treatment, view: _View) -> str:
    """The rating as issued, or what kind of evidence it is; for clinicians also what is label knowledge."""
    if view.plain:
        return (row.certainty and row.certainty.patient_level) or _PLAIN_BASIS[row.basis]
    rating = row.certainty.level if row.certainty else _BASIS_WORDS[row.basis]
    label = row.kind in ("medicine", "supplement") and row.safety_confirmed is False
    return f"{rating}; check harms and contraindications against a current label" if label else rating


def grade(row: Treatment, place: Place, view: _View) -> tuple[Advice, str]:
    """The advice for this person and its reason: contraindications first, then what is not known, then
    its place.
    """
    truth = [(a, None if a.when is None else evaluate(a.when, view.facts)) for a in row.avoid_when]
    against = [a for a, t in truth if t is True and a.level == "avoid"]
    careful = [a for a, t in truth if t is True and a.level == "caution"]
    unknown = [a for a, t in truth if t is None and a.level == "avoid" and a.ask]
    base = _ADVICE[place]
    words = _PLACE_WORDS[place][view.plain]
    if against:
        return "avoid", " ".join([*(_why(a, view) for a in against), *([words] if base == "avoid" else [])])
    if base == "avoid":
        return "avoid", words
    checks = [*_indication(row, view), *(view.choose(a.check, a.patient_check) for a in unknown)]
    notes = [words, *(_why(a, view) for a in careful)]
    if checks:
        return "check_first", " ".join([f"Check first: {'; '.join(dict.fromkeys(checks))}.", *notes])
    return ("consider" if careful else base), " ".join(notes)


def _why(reason: Avoid, view: _View) -> str:
    return view.choose(reason.reason, reason.patient_reason)


def _indication(row: Treatment, view: _View) -> list[str]:
    if row.only_when is None or row.indication_check is None or evaluate(row.only_when, view.facts) is True:
        return []
    return [view.choose(row.indication_check, row.patient_indication_check)]


def _note_item(note: CareNote, explanation: str, view: _View) -> ManagementItem:
    meanwhile = view.choose(note.meanwhile or "", note.patient_meanwhile)
    return ManagementItem(
        id=note.id,
        label=view.choose(note.see, note.patient_see),
        advice="recommended",
        text=view.choose(note.clinician_text, note.patient_text),
        reason=f"Until then: {meanwhile}" if meanwhile else "",
        effect="",
        certainty=view.choose(_BASIS_WORDS[note.basis], _PLAIN_BASIS[note.basis]),
        for_explanation=explanation,
    )


def _flag_item(flag: RedFlag, policy: CarePolicy, view: _View) -> ManagementItem:
    return ManagementItem(
        id=flag.id,
        label=view.choose(flag.name, flag.patient_name),
        advice="recommended",
        text=view.choose(flag.action, flag.patient_action),
        reason=view.choose(policy.emergency_text, policy.patient_emergency_text) if flag.urgency == "emergency" else "",
        effect="",
        certainty=view.choose(_BASIS_WORDS[flag.basis], _PLAIN_BASIS[flag.basis]),
        cites=view.cite(flag.source),
    )


def _cut(items: Sequence[ManagementItem], most: int) -> tuple[ManagementItem, ...]:
    """At most ``most`` items; the weakest "consider" go first, what to do and what to avoid stays."""
    spare = [i for i in items if i.advice == "consider"]
    drop = {i.id for i in spare[max(0, len(spare) - max(0, len(items) - most)) :]}
    return tuple(i for i in items if i.id not in drop)


def _cited(items: Sequence[ManagementItem], care: Care, view: _View) -> tuple[ManagementItem, ...]:
    """The items with their references, numbered only now: what was cut is not cited."""
    sources = {t.id: care.sources_of[t.option] for t in care.treatments} | {n.id: n.source for n in care.notes}
    return tuple(structs.replace(i, cites=view.cite(sources[i.id])) if i.id in sources else i for i in items)


def guides(
    care: Care, facts: Facts, planned: Sequence[str], *, emergency: bool = False, citer: Citer | None = None
) -> tuple[Guide, ...]:
    """The illustrated steps for the planned explanations; in an emergency only when to seek care."""
    rows = sorted(care.guides, key=lambda g: (g.position, g.id))
    return tuple(_guide(g, care, citer) for g in rows if _guide_applies(g, facts, planned, emergency))


def _guide_applies(guide: GuideRecord, facts: Facts, planned: Sequence[str], emergency: bool) -> bool:
    if guide.purpose == "seek_care":
        return True
    if emergency or not set(planned) & set(guide.explanations):
        return False
    if guide.shown_when is not None and evaluate(guide.shown_when, facts) is False:
        return False
    return not any(n.when is not None and evaluate(n.when, facts) is True for n in guide.not_for)


def _guide(guide: GuideRecord, care: Care, citer: Citer | None) -> Guide:
    return Guide(
        id=guide.id,
        label=guide.patient_name,
        steps=tuple(
            Step(text=f"{s.position}. {s.text}" if s.position else s.text, seconds=s.seconds, repeats=s.repeats)
            for s in guide.steps
        ),
        not_for=tuple(n.text for n in guide.not_for),
        figure=care.figures.get(guide.figure, ""),
        cites=citer.cite(guide.source) if citer else (),
    )


def seek_care(care: Care) -> tuple[str, ...]:
    """When to seek care, in plain words: the steps of the guide that says so."""
    return tuple(s.text for g in care.guides if g.purpose == "seek_care" for s in g.steps)
