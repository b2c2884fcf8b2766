"""Sentences that an assessment is put into. No number stands here that was not computed or read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from soleus.clinical.rules import Rule, subject
from soleus.inference.decisions import Stop
from soleus.knowledge.overlay import Overlay, site_words
from soleus.knowledge.schema.core import Explanation, Finding
from soleus.reasoning.assessment import Audience, ComplaintAssessment
from soleus.reasoning.criteria import CriteriaOutcome
from soleus.reasoning.intake import Presentation
from soleus.reasoning.judging import Judged

if TYPE_CHECKING:
    from soleus.reasoning.evidence_bars import Bars

_WORTH_NAMING = 3.0  # decibans: a factor of two in the odds
REVIEW: dict[Audience, str] = {
    "clinician": "Submitted, not reviewed: no clinician has reviewed the content behind this answer yet.",
    "patient": "No doctor has checked the content behind this answer yet.",
}
INTENDED_USE: dict[Audience, str] = {
    "clinician": "Decision support for clinicians, who can check every step; not a medical device, not a diagnosis.",
    "patient": (
        "Information to talk over with a doctor, nurse or pharmacist. It is not a diagnosis and not a medical device."
    ),
}


def review(audience: Audience, overlay: Overlay | None) -> str:
    """Who has reviewed what is behind an answer, and whether local figures are."""
    return REVIEW[audience] if overlay is None else f"{REVIEW[audience]} {local_figures(overlay, audience)}"


def local_figures(overlay: Overlay, audience: Audience) -> str:
    """That local figures were used, whose they are, and that nobody has reviewed them."""
    sites = listed([site_words(s) for s in overlay.sites])
    if audience == "patient":
        return f"Some numbers behind it were fitted to the records of {sites}; no doctor has checked those either."
    count = len(overlay.entries)
    return (
        f"A local overlay was used: {overlay.id} moves {count} number{'' if count == 1 else 's'} of knowledge "
        f"{overlay.knowledge.version} towards the records of {sites}; nobody has reviewed it."
    )


def listed(words: Sequence[str]) -> str:
    """Words as a list is read: a, b and c."""
    return " and ".join([*([", ".join(words[:-1])] if words[:-1] else []), *words[-1:]])


def person(p: Presentation) -> str:
    """Who it is, without a name: "woman of 67"."""
    noun = {("female", True): "girl", ("male", True): "boy", ("female", False): "woman", ("male", False): "man"}
    child = p.age is not None and p.age < 18
    word = noun.get((p.sex or "", child), "child" if child else "person")
    age = "" if p.age is None else f" of {p.age:g}" if p.age < 2 else f" of {int(p.age)}"
    return f"{'pregnant ' if p.pregnant else ''}{word}{age}"


def name(explanation: Explanation, audience: Audience) -> str:
    """The name for this audience."""
    return explanation.patient_name if audience == "patient" else explanation.name


def chance(p: float, low: float, high: float) -> str:
    """A probability no finer than its interval allows."""
    if p < 0.01:
        return "less than 1 %"
    if p > 0.99:
        return "more than 99 %"
    step = 5 if high - low > 0.1 else 1
    shown = min(max(round(p * 100 / step) * step, 1), 99)
    return f"about {shown} %" if step > 1 else f"{shown} %"


def span(low: float, high: float) -> str:
    """An interval, with its ends no nearer to 0 or 1 than one in a hundred."""
    ends = ["under 1 %" if x < 0.01 else "over 99 %" if x > 0.99 else f"{x:.0%}" for x in (low, high)]
    return ends[0] if ends[0] == ends[1] else f"{ends[0]} to {ends[1]}"


def with_interval(p: float, low: float, high: float) -> str:
    """A probability with its 95 % interval."""
    return f"{chance(p, low, high)} (95 % interval {span(low, high)})"


def summary(c: ComplaintAssessment) -> str:
    """The answer in two or three sentences; a red flag comes first."""
    first = c.explanations[0]
    leading = next(d for d in c.diagnoses if d.id == c.tiers.most_likely[0])
    named = first.label if leading.cause else leading.label
    sentences = []
    if c.red_flags and c.red_flags[0].urgency != "routine":
        sentences.append(f"{c.red_flags[0].label}: {c.red_flags[0].action}")
    sentences.append(f"Most likely: {named} ({chance(first.probability, first.low, first.high)}).")
    if leading.cause:
        sentences.append(f"Leading cause: {leading.label} ({chance(leading.probability, leading.low, leading.high)}).")
    missed = [e.label for e in c.explanations if e.tier == "do_not_miss"]
    if missed:
        sentences.append(f"Not to be missed: {', '.join(missed[:4])}.")
    return " ".join(sentences)


def diagnosis(judged: Judged, explanation: str, cause: str | None, audience: Audience) -> str:
    """An explanation with its cause: "nocturnal leg cramp with a long-acting beta-agonist"."""
    label = name(judged.compiled.explanations[explanation], audience)
    if cause is None:
        return label
    record = judged.compiled.contributors[cause]
    cause_name = record.patient_name if audience == "patient" else record.name
    link = "with" if record.kind != "medicine" else "linked to"
    return f"{label} {link} {lower_first(cause_name)}"


def idiopathic(label: str, p: float, low: float, high: float, audience: Audience) -> str:
    """How much of the first explanation no known cause explains."""
    share = chance(p, low, high)
    if audience == "patient":
        return f"If this is {lower_first(label)}, the chance that it has no cause that can be named is {share}."
    return (
        f"If it is {label}, {share} of such cases (95 % interval {span(low, high)}) would have come without any "
        "cause listed; the rest are excess fractions, not probabilities of causation."
    )


def reason(judged: Judged, leaf: Rule, audience: Audience = "clinician") -> str:
    """A condition of a rule that held, in words; never empty."""
    kind, thing_id = subject(leaf)
    if kind == "pregnant" and judged.presentation.pregnant and "pregnancy" in judged.compiled.contributors:
        return thing(judged, "pregnancy", audience)
    if kind in ("age", "sex", "pregnant"):
        return _of_the_person(judged.presentation, kind)
    observation = judged.presentation.observations.get(thing_id)
    record = judged.compiled.findings.get(thing_id)
    if kind not in ("finding", "number") or observation is None or record is None:
        return thing(judged, thing_id, audience)
    if observation.number is None or record.kind != "numeric":
        return observed(record, observation.state, audience == "patient")
    bare = re.sub(r" \(.*?\)", "", record.name)
    label = lower_first(bare) if audience == "patient" else bare
    return f"{label} {observation.number:g} {_unit(record)}".strip()


def _of_the_person(p: Presentation, kind: str) -> str:
    if kind == "age":
        return "age" if p.age is None else f"age {p.age:g}" if p.age < 2 else f"age {int(p.age)}"
    return (p.sex or "sex") if kind == "sex" else "pregnant" if p.pregnant else "not pregnant"


def lower_first(text: str) -> str:
    """With a small first letter, unless it begins with an abbreviation."""
    return text[0].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


def _unit(record: Finding) -> str:
    """The unit as it is read, taken from the words of the lowest state: "Below 1 times the upper limit"."""
    lowest = re.match(r"below [\d.,]+ ?(.*)", record.states[0].patient_label, flags=re.IGNORECASE)
    if lowest:
        return lowest[1]
    return "" if record.unit in (None, "1") else re.sub(r"\{.*?\}", "", record.unit or "").strip("/ ")


def observed(record: Finding, state: str, patient: bool) -> str:
    """An answer in words: "Swelling: one leg"; for patients a phrase, "swelling: one leg", "always the same leg"."""
    found = next(s for s in record.states if s.id == state)
    if not patient:
        return f"{record.name}: {found.label}"
    if record.kind == "yes_no":
        return _told(record, state == "yes")
    return _state_phrase(record, found.patient_label)


def _state_phrase(record: Finding, label: str) -> str:
    """The patient's words of a state; the finding's name leads where the state alone would not be understood."""
    said = lower_first(label.removeprefix("Yes, "))
    if said.endswith(" ago"):
        return f"it began {said}"
    alone = record.absent is None and record.kind != "numeric" and not said[:1].isdigit()
    name_ = re.sub(r" \(.*?\)", "", lower_first(record.name))
    return said if alone else f"{name_}: {said}"


#: How a question begins, and how its statement begins.
_STATEMENTS = (
    ("Do you have ", ""),
    ("Is there ", ""),
    ("Are there ", ""),
    ("Have you ", "you have "),
    ("Are you ", "you are "),
    ("Do you ", "you "),
    ("Do your ", "your "),
    ("Is it ", "it is "),
)
#: A second question inside the first does not turn into a statement with it.
_ASKS = re.compile(r"\b(?:do|does|did|are|is|was|were|has|have) (?:you|your|it|the|a|one)\b")


def _told(record: Finding, yes: bool) -> str:
    """A yes as a statement where the question turns into one; otherwise a plain name, or the answer as it was given.

    The names of the core findings are plain; other names may hold words that only clinicians know.
    """
    asked = record.question.partition("?")[0]
    for start, statement in _STATEMENTS if yes else ():
        rest = asked.removeprefix(start)
        if rest != asked and not _ASKS.search(rest):
            return statement + rest
    if record.core:
        return f"{'' if yes else 'no: '}{lower_first(record.name)}"
    return f"{'yes' if yes else 'no'} to “{asked}?”"


def thing(judged: Judged, thing_id: str, audience: Audience = "clinician") -> str:
    """The name of a finding, contributor or medicine."""
    if audience == "patient" and thing_id in judged.compiled.contributors:
        return judged.compiled.contributors[thing_id].patient_name
    if audience == "patient" and thing_id in judged.compiled.findings:
        return judged.compiled.findings[thing_id].question
    for table in (judged.compiled.findings, judged.compiled.contributors):
        if thing_id in table:
            return str(table[thing_id].name)
    return thing_id.replace("_", " ")


def criteria_reading(outcome: CriteriaOutcome, patient: bool) -> str | None:
    """What a score means, or why the set does not apply."""
    if not outcome.valid:
        return outcome.criteria.not_valid_text
    found = outcome.interpretation
    return None if found is None else found.patient_label if patient else found.label


def why_here(why: str, tier: str, bars: Bars | None) -> str:
    """Why an explanation stands in its tier, with what speaks most for and against it."""
    if bars is None or tier in ("do_not_miss", "rare"):
        return why
    parts = [why]
    if bars.supports and bars.supports[0].decibans >= _WORTH_NAMING:
        parts.append(f"Most for it: {lower_first(bars.supports[0].label)}.")
    if bars.conflicts and bars.conflicts[0].decibans <= -_WORTH_NAMING:
        parts.append(f"Most against it: {lower_first(bars.conflicts[0].label)}.")
    return " ".join(parts)


def stop(found: Stop | None, screen_open: bool) -> str:
    """Why asking may stop or should go on; None where that was not asked because the red-flag screen is open."""
    if screen_open or found is None:
        return "Questions about warning signs are still open."
    if found.stop:
        return "No further question could change what to do by more than it costs to ask."
    return "Further answers could still change what to do."


def fit(best: str, p_value: float) -> str:
    """Whether the findings fit anything listed."""
    if p_value < 0.01:
        return (
            f"The findings fit nothing listed well: fewer than 1 in 100 people with {best} would answer in so unusual "
            "a way. Think of something else, of two complaints, or of an answer that was misunderstood."
        )
    if p_value < 0.05:
        return f"The findings are unusual even for {best} (about {p_value:.0%} of such cases are as unusual)."
    return f"The findings are not unusual for {best}."
