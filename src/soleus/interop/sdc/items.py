"""Questions as items of a Questionnaire: text, answers to choose from, the reason, and when to show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from soleus.evidence.record import Code
from soleus.interop.fhir.canonical import CONTRIBUTORS, FINDINGS, STATES
from soleus.interop.fhir.links import AGE, AGE_UNKNOWN, PREGNANT, SCREEN, SEX
from soleus.knowledge.schema.core import Contributor, Finding
from soleus.knowledge.schema.safety import ScreenItem
from soleus.reasoning.citing import SYSTEMS
from soleus.reasoning.interview import DONT_KNOW
from soleus.reasoning.questions import Question

Resource = dict[str, Any]
_CONTROL = "http://hl7.org/fhir/StructureDefinition/questionnaire-itemControl"
_CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
_HIDDEN = "http://hl7.org/fhir/StructureDefinition/questionnaire-hidden"
GENDER = "http://hl7.org/fhir/administrative-gender"
UNKNOWN: Resource = {"system": STATES, "code": DONT_KNOW, "display": "Don't know"}
YES: Resource = {"system": STATES, "code": "yes", "display": "Yes"}
NO: Resource = {"system": STATES, "code": "no", "display": "No"}
#: The answer leaves as an Observation with the codes of the item.
OBSERVED: Resource = {
    "url": "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-observationExtract",
    "valueBoolean": True,
}
HIDDEN: Resource = {"url": _HIDDEN, "valueBoolean": True}


def control(code: str) -> Resource:
    """How an item is to be shown."""
    return {"url": _CONTROL, "valueCodeableConcept": {"coding": [{"system": _CONTROLS, "code": code}]}}


def display(link: str, text: str, *extensions: Resource) -> Resource:
    """Words that ask nothing."""
    shown: Resource = {"linkId": link, "text": text, "type": "display"}
    return {**({"extension": list(extensions)} if extensions else {}), **shown}


def warning(link: str, text: str) -> Resource:
    """Words that must not be overlooked; the prefix says so without colour."""
    style = {"url": "http://hl7.org/fhir/StructureDefinition/rendering-style", "valueString": _LOUD}
    return {"linkId": link, "prefix": "Warning:", "text": text, "_text": {"extension": [style]}, "type": "display"}


_LOUD = "font-weight: bold; color: #8c1d18"


def choice(
    link: str, text: str, options: Sequence[Resource], reason: str = "", codes: Iterable[Resource] = ()
) -> Resource:
    """A question with answers of which one is chosen; the reason for asking is its help."""
    item: Resource = {"extension": [control("radio-button")], "linkId": link}
    if known := list(codes):
        item["code"] = known
        item["extension"].append(OBSERVED)
    item |= {"text": text, "type": "choice", "answerOption": [{"valueCoding": o} for o in options]}
    return with_help(item, reason)


def with_help(item: Resource, reason: str) -> Resource:
    """The item with words of help, which forms show on demand."""
    if reason:
        item["item"] = [display(f"help.{item['linkId']}", reason, control("help")), *item.get("item", ())]
    return item


def follows(item: Resource, links: Sequence[str]) -> Resource:
    """The item, shown only after a "yes" to one of these questions."""
    if links:
        item["enableWhen"] = [{"question": link, "operator": "=", "answerCoding": coded(YES)} for link in links]
        if len(links) > 1:
            item["enableBehavior"] = "any"
    return item


def coded(option: Resource) -> Resource:
    """A coding without its words."""
    return {k: option[k] for k in ("system", "code")}


# --- the questions of the knowledge base --------------------------------------------------------------------


def link_of(question: Question) -> str:
    """The linkId of a question; a grouped one may bear the name of a finding."""
    return f"{SCREEN}{question.id}" if question.item else question.id


def item_of(question: Question, respondent: str, reason: str) -> Resource:
    """A question of the interview as an item."""
    return choice(
        link_of(question), question.text(respondent), options_of(question, respondent), reason, codes_of(question)
    )


def options_of(question: Question, respondent: str) -> list[Resource]:
    """What can be answered; "don't know" always can."""
    if question.finding is None:
        return [YES, NO, UNKNOWN]
    return [*states_of(question.finding, respondent), UNKNOWN]


def states_of(finding: Finding, respondent: str) -> list[Resource]:
    if finding.kind == "yes_no":
        return [YES, NO]
    told = [(s.id, s.label if respondent == "clinician" else s.patient_label) for s in finding.states]
    return [{"system": STATES, "code": state, "display": capital(words)} for state, words in told]


def capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def codes_of(question: Question) -> list[Resource]:
    """The codes of what is asked: those that others know, then our own."""
    if question.finding is not None:
        return finding_codes(question.finding)
    return contributor_codes(question.contributor) if question.contributor is not None else []


def finding_codes(finding: Finding) -> list[Resource]:
    return [*_known(finding.codes), {"system": FINDINGS, "code": finding.id, "display": finding.name}]


def contributor_codes(contributor: Contributor) -> list[Resource]:
    """Our own code alone: codes of a diagnosis do not name the question for it."""
    return [{"system": CONTRIBUTORS, "code": contributor.id, "display": contributor.name}]


def _known(codes: Iterable[Code]) -> list[Resource]:
    found = ((SYSTEMS.get(c.system), c) for c in codes)
    return [
        {"system": system, "code": c.code} | ({"display": c.display} if c.display else {})
        for system, c in found
        if system
    ]


def help_of(item: ScreenItem) -> str:
    """What helps to answer a grouped question."""
    return " ".join(t for t in (item.help_text, item.dark_skin_text) if t)


# --- the person ---------------------------------------------------------------------------------------------

_PERSON = {
    "self": ("How old are you, in years?", "Are you female or male?", "Are you pregnant?"),
    "carer": ("How old is the person, in years?", "Is the person female or male?", "Is she pregnant?"),
    "clinician": ("Age in years?", "Sex?", "Pregnant?"),
}
_WHY_SEX = "How common a cause is depends on sex: the sex that the body had from birth."
_WHY_PREGNANT = "Some causes are commoner in pregnancy, and some medicines are not for it."
SEXES: tuple[Resource, ...] = (
    {"system": GENDER, "code": "female", "display": "Female"},
    {"system": GENDER, "code": "male", "display": "Male"},
)


def age_items(respondent: str) -> list[Resource]:
    """Age as a number, or that it is not known."""
    number = {"linkId": AGE, "text": _PERSON[respondent][0], "type": "decimal"}
    unknown = choice(AGE_UNKNOWN, "If the age is not known:", [UNKNOWN])
    unknown["enableWhen"] = [{"question": AGE, "operator": "exists", "answerBoolean": False}]
    return [with_help(number, "How common a cause is depends on age. Write 0.5 for half a year."), unknown]


def sex_item(respondent: str) -> Resource:
    return choice(SEX, _PERSON[respondent][1], [*SEXES, UNKNOWN], _WHY_SEX)


def pregnant_item(respondent: str) -> Resource:
    return choice(PREGNANT, _PERSON[respondent][2], [YES, NO, UNKNOWN], _WHY_PREGNANT)
