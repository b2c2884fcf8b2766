"""``Questionnaire/$populate``: what a record already says, filled into a form before anyone is asked.

Our own questions are filled from the case that the record tells, with its rules for age, unit and doubt. Any other
item is filled by observation: its code, and an Observation not older than its observationLinkPeriod.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from soleus.clinical.case import Case, Condition, Medicine, Quantity
from soleus.clinical.timeline import days_between
from soleus.errors import SoleusError, UnreadableInput
from soleus.interop.fhir import links
from soleus.interop.fhir.canonical import CONTRIBUTORS, FINDINGS, STATES
from soleus.interop.fhir.reading import RecordRead, read_record
from soleus.interop.fhir.record import Entry, person_of
from soleus.interop.fhir.shapes import concept, items, mapping, moment, number_of, plain_reference, tail, value_of, word
from soleus.interop.fhir.statements import status_of
from soleus.interop.fhir.writing.elements import clean, present
from soleus.interop.sdc import items as make
from soleus.interop.sdc.adaptive import next_question
from soleus.interop.sdc.circumstances import coding, quantity
from soleus.interop.sdc.forms import INTERVIEWS, SDC, form_of
from soleus.knowledge.schema.safety import ScreenItem
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import observe
from soleus.reasoning.interview import DONT_KNOW

Resource = dict[str, Any]
_UCUM = "http://unitsofmeasure.org"
_WHEN = ("effectiveDateTime", "effectiveInstant", "issued")
_DAYS = {"d": 1.0, "wk": 7.0, "mo": 30.4375, "a": 365.25, "h": 1 / 24, "min": 1 / 1440, "s": 1 / 86400}
_MOST_DEEP = 20


def populate(questionnaire: Any, tree: Any, compiled: Compiled) -> tuple[Resource, list[Resource]]:
    """The response with what the record says, and what of the record was not used, as issues of an OperationOutcome.

    An adaptive form comes back with its next question. Raises `InputError` where there is no Questionnaire or the
    record cannot be read.
    """
    form = mapping(questionnaire)
    if form.get("resourceType") != "Questionnaire":
        raise UnreadableInput("$populate", "no Questionnaire", "a Questionnaire", "Send it, or name one of the server.")
    read = read_record(tree, compiled)
    known = _Known(read, compiled)
    issues = [_issue(u.where, f"{u.what}: {u.why}") for u in read.case.unused]
    own = form_of(word(form.get("url")))
    if own in INTERVIEWS:
        return _begun(form, known, compiled), issues
    answered = {k: v for k, v in known.answers.items() if not k.startswith(links.SCREEN)} | known.screen()
    filled = _enabled(_filled(items(form.get("item")), answered, known, 0), form)
    return _response(form, known, filled), issues


def _issue(where: str, words: str) -> Resource:
    return {"severity": "information", "code": "incomplete", "diagnostics": f"{where}: {words}"}


def _response(form: Resource, known: _Known, filled: list[Resource]) -> Resource:
    version = word(form.get("version"))
    address = clean(word(form.get("url"))) + (f"|{clean(version)}" if version else "")
    head: Resource = {"resourceType": "QuestionnaireResponse"}
    if word(form.get("url")):
        head["questionnaire"] = address
    return {**head, "status": "in-progress", **known.circumstances(), **({"item": filled} if filled else {})}


def _begun(form: Resource, known: _Known, compiled: Compiled) -> Resource:
    """An interview that begins with what is known, and its first question."""
    server = (mapping(e) for e in items(form.get("extension")))
    base = next((word(e.get("valueUrl")) for e in server if word(e.get("url")).endswith("questionnaireAdaptive")), "")
    told = [{"linkId": k, "answer": [v]} for k, v in known.said().items()]
    response = {
        "resourceType": "QuestionnaireResponse",
        "questionnaire": word(form.get("url")),
        "status": "in-progress",
        **known.circumstances(),
        **({"item": told} if told else {}),
    }
    return next_question(response, compiled, base)


# --- what is known ------------------------------------------------------------------------------------------


class _Known:
    """A case as answers: linkId -> the answer."""

    def __init__(self, read: RecordRead, compiled: Compiled) -> None:
        self.read, self.compiled = read, compiled
        self.case: Case = read.case
        self.answers: dict[str, Resource] = dict(self._answers())

    def circumstances(self) -> Resource:
        subject = {"subject": {"reference": self.read.subject}} if self.read.subject else {}
        return subject | ({"authored": self.case.as_of} if self.case.as_of else {})

    def _answers(self) -> Iterator[tuple[str, Resource]]:
        yield from self._person()
        for name, value in self.case.findings.items():
            if value != DONT_KNOW and name in self.compiled.findings:
                yield name, {"valueCoding": {"code": observe(self.compiled.findings[name], value, name).state}}
        for m in self.case.measurements:
            unit = {"unit": m.unit, "system": _UCUM, "code": m.unit} if m.unit else {}
            yield m.name, {"valueQuantity": {"value": m.value, **unit}}
        for c in self._conditions():
            if c.status != "resolved":
                yield c.name, {"valueCoding": make.YES if c.status == "present" else make.NO}
        if self.case.onset:
            yield links.ONSET, {"valueDate": self.case.onset}

    def _conditions(self) -> Iterator[Condition]:
        return (c for c in self.case.conditions if isinstance(c, Condition))

    def _person(self) -> Iterator[tuple[str, Resource]]:
        person = self.case.person
        if (age := self._age()) is not None:
            yield links.AGE, {"valueDecimal": age}
        if person.sex:
            yield links.SEX, {"valueCoding": next(s for s in make.SEXES if s["code"] == person.sex)}
        said = {c.name: c.status == "present" for c in self._conditions()}
        pregnant = person.pregnant if person.pregnant is not None else said.get("pregnancy")
        if pregnant is not None and person.sex == "female":
            yield links.PREGNANT, {"valueCoding": make.YES if pregnant else make.NO}

    def _age(self) -> float | None:
        """Whole years; of a small child to a tenth."""
        person = self.case.person
        if person.age is not None or not person.birth_date or not self.case.as_of:
            return person.age
        years = days_between(person.birth_date, self.case.as_of, "person.birth_date") / 365.25
        return int(years) if years >= 2 else round(years, 1)

    def said(self) -> dict[str, Resource]:
        """The answers to questions of an interview, where a number counts by the state that it means."""
        told = {k: v for k, v in self.answers.items() if k != links.ONSET}
        for m in self.case.measurements:
            finding = self.compiled.findings[m.name]
            seen = observe(finding, Quantity(value=m.value, unit=m.unit), m.name)
            told[m.name] = {"valueCoding": {"system": STATES, "code": seen.state}}
        return told

    def screen(self) -> dict[str, Resource]:
        """Grouped questions that are answered already: yes by one of its findings, no only by all of them."""
        out = {}
        for i in self.compiled.knowledge.all(ScreenItem):
            told = [(self.case.findings.get(f), state) for f, state in i.no_means.items()]
            if any(seen not in (None, DONT_KNOW, state) for seen, state in told):
                out[f"{links.SCREEN}{i.id}"] = {"valueCoding": make.YES}
            elif all(seen == state for seen, state in told):
                out[f"{links.SCREEN}{i.id}"] = {"valueCoding": make.NO}
        return out

    def conditions(self, options: set[str]) -> Iterator[Resource]:
        """The entries of the list of conditions."""
        for c in self._conditions():
            if c.name in options and c.status == "present":
                record = self.compiled.contributors[c.name]
                yield {
                    links.CONDITION_NAME: {"valueCoding": make.contributor_codes(record)[0]},
                    **({links.CONDITION_SINCE: {"valueDate": c.since}} if c.since else {}),
                }

    def medicines(self) -> Iterator[Resource]:
        for m in (Medicine(name=m) if isinstance(m, str) else m for m in self.case.medicines):
            told = {
                links.MEDICINE_NAME: ("valueString", m.name),
                links.MEDICINE_DOSE: ("valueString", m.dose),
                links.MEDICINE_STARTED: ("valueDate", m.started),
                links.MEDICINE_STOPPED: ("valueDate", m.stopped),
            }
            yield {link: {kind: value} for link, (kind, value) in told.items() if value}


# --- filling a form -----------------------------------------------------------------------------------------


def _filled(asked: Iterable[Any], answers: dict[str, Resource], known: _Known, depth: int) -> list[Resource]:
    """The items of a response that hold an answer."""
    out: list[Resource] = []
    for item in map(mapping, asked):
        link = word(item.get("linkId"))
        inner = items(item.get("item")) if depth < _MOST_DEEP else []
        if link in (links.CONDITION, links.MEDICINE) and item.get("type") == "group":
            out += [_group(item, _filled(inner, one, known, depth + 1)) for one in _entries(item, known)]
            continue
        answer = _fitting(item, answers.get(link)) or _by_observation(item, known)
        below = _filled(inner, answers, known, depth + 1)
        if answer:
            held = answer | ({"item": below} if below else {})
            out.append({**_head(item), "answer": [held]})
        elif below:
            out.append(_group(item, below))
    return out


def _entries(item: Resource, known: _Known) -> list[Resource]:
    if item["linkId"] == links.MEDICINE:
        return list(known.medicines())
    name = next((mapping(i) for i in items(item.get("item")) if mapping(i).get("linkId") == links.CONDITION_NAME), {})
    options = {word(mapping(mapping(o).get("valueCoding")).get("code")) for o in items(name.get("answerOption"))}
    return list(known.conditions(options))


def _head(item: Resource) -> Resource:
    return {"linkId": clean(word(item.get("linkId"))), **present(text=clean(word(item.get("text"))))}


def _group(item: Resource, below: list[Resource]) -> Resource:
    return {**_head(item), "item": below}


def _fitting(item: Resource, answer: Resource | None) -> Resource | None:
    """The answer in the form that the item has: one of its options, a number, a word."""
    if answer is None or item.get("type") in ("group", "display"):
        return None
    if "valueCoding" not in answer:
        return answer
    options = (mapping(mapping(o).get("valueCoding")) for o in items(item.get("answerOption")))
    chosen = next((o for o in options if o.get("code") == answer["valueCoding"]["code"]), None)
    return _told(valueCoding=coding(chosen)) if chosen else None


def _enabled(filled: list[Resource], form: Resource) -> list[Resource]:
    """Without the answers of items that would not be shown; gates to further questions stand open where needed."""
    written = {word(i.get("linkId")): i for i in _each(items(form.get("item")))}
    gates = {i["linkId"]: {**_head(i), "answer": [{"valueBoolean": True}]} for i in _gates(filled, written)}
    answers = {word(i.get("linkId")): mapping(items(i.get("answer"))[0]) for i in _each(filled) if i.get("answer")}
    answers |= {link: {"valueBoolean": True} for link in gates}
    out: list[Resource] = []
    for item in _shown(filled, written, answers):
        opened = [g for g in gates.values() if _asks(written[item["linkId"]], g["linkId"])]
        out += [*opened, item]
    return out


def _gates(filled: list[Resource], written: dict[str, Resource]) -> list[Resource]:
    groups = (written[i["linkId"]] for i in filled if i["linkId"] in written)
    gates = (word(mapping(w).get("question")) for g in groups for w in items(g.get("enableWhen")))
    return [written[g] for g in gates if g.startswith(links.MORE) and g in written]


def _asks(item: Resource, link: str) -> bool:
    return any(mapping(w).get("question") == link for w in items(item.get("enableWhen")))


def _each(found: Iterable[Any], depth: int = 0) -> Iterator[Resource]:
    for item in map(mapping, found):
        yield item
        if depth < _MOST_DEEP:
            yield from _each(items(item.get("item")), depth + 1)


def _shown(filled: list[Resource], written: dict[str, Resource], answers: dict[str, Resource]) -> list[Resource]:
    out = []
    for item in filled:
        if _holds(written.get(word(item.get("linkId")), {}), answers):
            below = _shown(items(item.get("item")), written, answers)
            if below or item.get("answer"):
                out.append({**item, **({"item": below} if below else {})})
    return out


def _holds(item: Resource, answers: dict[str, Resource]) -> bool:
    """Whether an item is shown, by its enableWhen."""
    held = [_meets(mapping(w), answers.get(word(mapping(w).get("question")))) for w in items(item.get("enableWhen"))]
    return not held or (any(held) if item.get("enableBehavior") == "any" else all(held))


def _meets(when: Resource, answer: Resource | None) -> bool:
    if when.get("operator") == "exists":
        return when.get("answerBoolean") is (answer is not None)
    wanted, given = next((v for k, v in when.items() if k.startswith("answer")), None), value_of(answer or {})[1]
    if isinstance(wanted, dict):
        given = {k: mapping(given).get(k) for k in wanted}
    return bool((given == wanted) == (when.get("operator") == "="))


# --- by observation -----------------------------------------------------------------------------------------


def _by_observation(item: Resource, known: _Known) -> Resource | None:
    """The latest Observation of an item that is linked by code; not for our own questions, which the case answers."""
    period = next((mapping(e) for e in items(item.get("extension")) if _is_link_period(e)), None)
    codes = {(word(mapping(c).get("system")), word(mapping(c).get("code"))) for c in items(item.get("code"))}
    if period is None or not codes or any(s in (FINDINGS, CONTRIBUTORS) for s, _ in codes):
        return None
    oldest = _days(mapping(period.get("valueDuration")))
    for entry in _latest_first(known.read):
        found = {(word(mapping(c).get("system")), word(mapping(c).get("code")))
                 for c in items(mapping(entry.body.get("code")).get("coding"))}  # fmt: skip
        if codes & found and _recent(entry, known.case.as_of, oldest):
            return _as_answer(item, *value_of(entry.body))
    return None


def _is_link_period(extension: Any) -> bool:
    return mapping(extension).get("url") == f"{SDC}/sdc-questionnaire-observationLinkPeriod"


def _days(duration: Resource) -> float | None:
    number, factor = number_of(duration.get("value")), _DAYS.get(word(duration.get("code") or duration.get("unit")))
    return number * factor if number is not None and factor else None


def _when(entry: Entry) -> str:
    found = (moment(entry.body.get(name)) for name in _WHEN)
    return next((m.key for m in found if m), "")


def _latest_first(read: RecordRead) -> list[Entry]:
    """The Observations of the person that hold, the latest first."""
    own = ("", tail(plain_reference(read.subject or "")))
    fit = [e for e in read.entries if e.kind == "Observation" and status_of(e.body.get("status")) in _VALID]
    return sorted((e for e in fit if person_of(e.body) in own), key=_when, reverse=True)


_VALID = ("final", "amended", "corrected", "preliminary", "registered")


def _recent(entry: Entry, as_of: str | None, oldest: float | None) -> bool:
    when = _when(entry)[:10]
    if oldest is None or not as_of or not when:
        return False
    try:
        return 0 <= days_between(when, as_of, "effective") <= oldest
    except SoleusError:
        return False


def _as_answer(item: Resource, kind: str, value: Any) -> Resource | None:
    """A value of an Observation as an answer of an item's type; None where it has another."""
    asked = item.get("type")
    if asked == "quantity" and kind == "Quantity":
        return _told(valueQuantity=quantity(value))
    if asked in ("decimal", "integer") and kind in ("Quantity", "Integer"):
        number = number_of(mapping(value).get("value") if kind == "Quantity" else value)
        if number is None or (asked == "integer" and number != int(number)):
            return None
        return {"valueDecimal": number} if asked == "decimal" else {"valueInteger": int(number)}
    if asked in ("choice", "open-choice") and kind == "CodeableConcept":
        codes = [c for c in map(coding, items(mapping(value).get("coding"))) if c.get("code")]
        fitting = (
            _fitting(item, {"valueCoding": c}) if item.get("answerOption") else _told(valueCoding=c) for c in codes
        )
        return next((a for a in fitting if a), None)
    if asked in ("string", "text") and kind in ("String", "CodeableConcept"):
        return _told(valueString=clean(next(iter(concept(value).names), "")))
    return {"valueBoolean": value} if asked == "boolean" and isinstance(value, bool) else None


def _told(**value: Any) -> Resource | None:
    return present(**value) or None
