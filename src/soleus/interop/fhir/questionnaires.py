"""Answers to questionnaires, our own and other people's: what each says of a finding, a contributor or the person.

An item is known by its linkId (`links`) or by its codes. A grouped question of the red-flag screen is replayed as the
interview takes it: what was answered about one finding itself is never taken back by the group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from soleus.clinical.case import Person, Respondent
from soleus.clinical.timeline import duration_days
from soleus.errors import SoleusError
from soleus.interop.fhir import links
from soleus.interop.fhir.medicines import Course, best_known
from soleus.interop.fhir.observations import put_value, yes_or_no
from soleus.interop.fhir.record import NEVER, Entry, Record, Statement
from soleus.interop.fhir.replay import (
    Said,
    age_of,
    is_unknown,
    item_answers,
    question_of,
    reply_of,
    sex_of,
    yes_no_of,
)
from soleus.interop.fhir.shapes import Coding, Concept, Moment, concept, items, mapping, moment, walk, word
from soleus.interop.fhir.statements import status_of
from soleus.reasoning.interview import DONT_KNOW, Interview
from soleus.reasoning.medicines import MedicineIndex

_WHAT = "QuestionnaireResponse, answer"
_SOURCES: dict[str, Respondent] = {"Patient": "self", "RelatedPerson": "carer"}
#: Who answers our forms. In an interview nobody tells more than is asked, so that a clinician's silence says nothing.
_FORMS: dict[str, Respondent] = {
    "legs-interview-patient": "self", "legs-interview-clinician": "self", "legs-interview-carer": "carer",
    "legs-history-patient": "self", "legs-history-carer": "carer", "legs-history-clinician": "clinician",
}  # fmt: skip


@dataclass
class _Reading:
    """One response as it is read; ``said`` are the answers to questions of the knowledge base, in their order."""

    record: Record
    at: Moment
    said: list[Said] = field(default_factory=list)
    courses: list[Course] = field(default_factory=list)
    answered: set[str] = field(default_factory=set)  # findings that were answered themselves


def read_questionnaire(record: Record, entry: Entry, index: MedicineIndex) -> list[Course]:
    """Put down what the answers say, and give back the medicines among them."""
    body, where = entry.body, entry.where
    if status_of(body.get("status")) == "entered-in-error":
        record.leave(where, "QuestionnaireResponse", "entered in error")
        return []
    at = record.when(where, body, "authored")
    if record.future(at):
        record.leave(where, "QuestionnaireResponse", "dated after the day of the case")
        return []
    record.respondents.add(_respondent(body))
    if not items(body.get("item")):
        record.leave(where, "QuestionnaireResponse", "it has no answer")
    reading = _Reading(record, at or NEVER)
    for n, item in enumerate(walk(items(body.get("item")))):
        _read_item(reading, item, f"{where} item {n + 1}", index)
    _replay_screen(reading)
    return reading.courses


def form_name(body: dict[str, Any]) -> str:
    """The last part of the address of the form that was answered; an adaptive one names it in its contained form."""
    address = word(body.get("questionnaire"))
    for inner in (mapping(r) for r in items(body.get("contained"))):
        if address == f"#{word(inner.get('id'))}":
            address = next((word(d) for d in items(inner.get("derivedFrom"))), "")
    return address.split("|")[0].rstrip("/").rsplit("/", 1)[-1]


def _respondent(body: dict[str, Any]) -> Respondent:
    """Who gave the answers, by the form or by the source; without either a clinician."""
    source = word(mapping(body.get("source")).get("reference"))
    named = next((r for kind, r in _SOURCES.items() if kind in source), None)
    return _FORMS.get(form_name(body)) or named or "clinician"


def _read_item(reading: _Reading, item: dict[str, Any], where: str, index: MedicineIndex) -> None:
    record, link = reading.record, word(item.get("linkId"))
    answers = item_answers(item)
    if link in (links.CONDITION, links.MEDICINE) and not answers:
        _read_group(reading, link, item, where, index)
    elif link.startswith((*links.IDLE, f"{links.CONDITION}.", f"{links.MEDICINE}.")):
        return  # it says nothing of the person, or was read with its group
    elif not answers:
        if not items(item.get("item")):
            record.leave(where, "QuestionnaireResponse, question", "it was not answered")
    elif len(answers) > 1:
        record.leave(where, _WHAT, "more than one answer")
    else:
        _read_answer(reading, item, Said(link, *answers[0], where))


def _read_answer(reading: _Reading, item: dict[str, Any], said: Said) -> None:
    """One answer to one question."""
    record, link = reading.record, said.link
    named = record.terms.named_finding(link) if link else None
    finding = record.terms.compiled.findings.get(named or "") or record.terms.finding(_codes(item))
    if link in ("onset", "duration"):
        _read_time(record, link, said.value, said.where)
    elif link in links.PERSON:
        _read_person(record, said)
    elif link.startswith(links.SCREEN) and question_of(record.terms.compiled, link):
        reading.said.append(said)
    elif finding:
        reading.said.append(Said(finding.id, said.kind, said.value, said.where))
        reading.answered.add(finding.id)
        if is_unknown(record.terms, said):
            record.unknown.add(finding.id)
        else:
            put_value(record, finding, said.kind, said.value, reading.at, said.where, _WHAT)
    elif link in record.terms.compiled.contributors:
        reading.said.append(said)
        if is_unknown(record.terms, said):
            record.leave(said.where, _WHAT, "not known, as answered")
            return
        own = Concept((Coding("contributor", link, ""),))
        yes_or_no(record, own, said.kind, said.value, reading.at, said.where, _WHAT)
    else:
        record.leave(said.where, _WHAT, "its linkId is not a finding of this knowledge base")


def _codes(item: dict[str, Any]) -> Concept:
    return concept({"coding": items(item.get("code"))})


def _read_time(record: Record, link: str, value: Any, where: str) -> None:
    if link == "onset":
        began = moment(value)
        if began and not record.future(began):
            record.onsets.insert(0, began.day)
            return
    else:
        try:
            duration_days(word(value), where)
            record.durations.append(word(value))
            return
        except SoleusError:
            pass
    record.leave(where, f"QuestionnaireResponse, {link}", "it cannot be read, or lies after the day of the case")


# --- the person ---------------------------------------------------------------------------------------------


def _read_person(record: Record, said: Said) -> None:
    """Age, sex and pregnancy; what was answered with "don't know" stays not known."""
    try:
        if said.link == links.AGE:
            record.person["age"] = age_of(said)
        elif said.link == links.SEX:
            record.person["sex"] = sex_of(said)
        elif said.link == links.PREGNANT:
            record.person["pregnant"] = yes_no_of(record.terms, said)
    except SoleusError as error:
        record.leave(said.where, _WHAT, f"expected {error.expected}")


def completed(record: Record, person: Person) -> Person:
    """The person with what answers tell beside the Patient, whose own fields count."""
    told = record.person
    sex = person.sex or told.get("sex")
    if person.sex and told.get("sex") not in (None, person.sex):
        record.leave("QuestionnaireResponse", "sex", "the Patient says otherwise")
    pregnant = told.get("pregnant") if sex != "male" else None
    age = told.get("age") if person.birth_date is None else None
    return Person(birth_date=person.birth_date, age=age, sex=sex, pregnant=pregnant)


# --- conditions and medicines -------------------------------------------------------------------------------


def _read_group(reading: _Reading, link: str, item: dict[str, Any], where: str, index: MedicineIndex) -> None:
    told: dict[str, Any] = {}
    for inner in map(mapping, items(item.get("item"))):
        answers = item_answers(inner)
        if len(answers) > 1:
            reading.record.leave(where, f"QuestionnaireResponse, {link}", "more than one answer")
            return
        told |= {word(inner.get("linkId")): answers[0][1]} if answers else {}
    if link == links.CONDITION:
        _read_condition(reading, told, where)
    else:
        _read_medicine(reading, told, where, index)


def _read_condition(reading: _Reading, told: dict[str, Any], where: str) -> None:
    record, what = reading.record, "QuestionnaireResponse, condition"
    since = moment(told.get(links.CONDITION_SINCE))
    target = record.terms.contributor(concept(told.get(links.CONDITION_NAME)))
    if target is None:
        record.leave(where, what, "not known to change the likelihood of any explanation")
    elif record.future(since):
        record.leave(where, what, "dated after the day of the case")
    else:
        day = since.day if since else None
        record.contributors.append(Statement(target, "present", reading.at, where, what, since=day))


def _read_medicine(reading: _Reading, told: dict[str, Any], where: str, index: MedicineIndex) -> None:
    record, what = reading.record, "QuestionnaireResponse, medicine"
    found = concept(told.get(links.MEDICINE_NAME))
    start, stop = moment(told.get(links.MEDICINE_STARTED)), moment(told.get(links.MEDICINE_STOPPED))
    if not found:
        record.leave(where, what, "it does not say which medicine")
    elif record.future(start) or (start and stop and stop.day < start.day):
        record.leave(where, what, "its dates cannot be")
    else:
        name, code, system = best_known(found, index)
        ended = stop is not None and not record.future(stop)
        days = (start.day if start else None, stop.day if stop and ended else None)
        dose = word(told.get(links.MEDICINE_DOSE)) or None
        reading.courses.append(Course(name, code, system, *days, ended, where, what, dose))


# --- the red-flag screen ------------------------------------------------------------------------------------


def _replay_screen(reading: _Reading) -> None:
    """What the answers to grouped questions say of findings that were not answered themselves."""
    record = reading.record
    grouped = [s for s in reading.said if s.link.startswith(links.SCREEN)]
    if not grouped:
        return
    person = {k: v for k, v in record.person.items() if v is not None and k in ("age", "sex")}
    session = Interview(record.terms.compiled, {"person": person})
    for said in reading.said:
        _replay(record, session, said)
    where = grouped[0].where
    for finding, state in session.known()["findings"].items():
        if finding in reading.answered:
            continue
        if state == DONT_KNOW:
            record.unknown.add(finding)
        else:
            record.findings.append(Statement(finding, state, reading.at, where, _WHAT))


def _replay(record: Record, session: Interview, said: Said) -> None:
    question = question_of(record.terms.compiled, said.link)
    assert question is not None
    try:
        session.answer(question, reply_of(record.terms, question, said))
    except SoleusError as error:
        if question.item is not None:
            record.leave(said.where, _WHAT, f"expected {error.expected}")
