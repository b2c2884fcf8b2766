"""The Questionnaires that can be found: the whole history at once, and the interview that asks one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from soleus.interop.fhir import links
from soleus.interop.sdc import items as make
from soleus.interop.sdc.forms import HISTORIES, INTERVIEWS, SDC, Form, form_of
from soleus.interop.sdc.templates import condition_template, extracted_by, medication_template
from soleus.knowledge.schema.core import Contributor, Finding
from soleus.knowledge.schema.safety import EmergencyNumber, ScreenItem
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.questions import Question

Resource = dict[str, Any]
_UNITS = "http://unitsofmeasure.org"
_LISTED = ("disease", "deficiency")  # kinds of contributor that are chosen from a list
_ASKED = ("event", "habit", "family", "physiological")  # kinds that are asked one by one


def all_(base_url: str, compiled: Compiled) -> tuple[Resource, ...]:
    """Every Questionnaire: for each respondent the interview (adaptive, without items) and the whole history."""
    return (*(interview(f, base_url, compiled) for f in INTERVIEWS), *(history(f, compiled) for f in HISTORIES))


def questionnaire(address: str, base_url: str, compiled: Compiled) -> Resource | None:
    """The Questionnaire of an id or canonical address, with or without its version; None where it is none of ours."""
    form = form_of(address)
    if form is None:
        return None
    return interview(form, base_url, compiled) if form in INTERVIEWS else history(form, compiled)


def interview(form: Form, base_url: str, compiled: Compiled) -> Resource:
    """The adaptive form as it is found by a search."""
    adaptive = {"url": f"{SDC}/sdc-questionnaire-questionnaireAdaptive", "valueUrl": base_url.rstrip("/")}
    return _head(form, compiled, "sdc-questionnaire-adapt-srch", [adaptive])


def history(form: Form, compiled: Compiled) -> Resource:
    """The whole history: person, complaint, red-flag screen, further questions, conditions, medicines, results."""
    launch = {
        "url": f"{SDC}/sdc-questionnaire-launchContext",
        "extension": [
            {"url": "name", "valueCoding": {"system": _LAUNCH, "code": "patient"}},
            {"url": "type", "valueCode": "Patient"},
        ],
    }
    body = _History(form, compiled)
    found = body.items()
    queries = {"url": f"{SDC}/sdc-questionnaire-sourceQueries", "valueReference": {"reference": f"#{_RESULTS}"}}
    head = _head(form, compiled, "sdc-questionnaire-extr-template", [launch, queries])
    contained = [condition_template(form), medication_template(), body.queries()]
    return {**head, "contained": contained, "item": found}


_RESULTS = "results"  # the contained searches for results, by which an independent $populate finds them
_LAUNCH = "http://hl7.org/fhir/uv/sdc/CodeSystem/launchContext"


def _head(form: Form, compiled: Compiled, profile: str, extensions: list[Resource]) -> Resource:
    return {
        "resourceType": "Questionnaire",
        "id": form.id,
        "meta": {"profile": [f"{SDC}/{profile}"]},
        "extension": extensions,
        "url": form.url,
        "version": compiled.knowledge.version,
        "name": "".join(part.capitalize() for part in form.id.split("-")),
        "title": form.title,
        "status": "draft",
        "experimental": True,
        "subjectType": ["Patient"],
        "publisher": "Soleus",
        "description": form.limits,
    }


class _History:
    """The items of one history; a finding stands where it is first asked."""

    def __init__(self, form: Form, compiled: Compiled) -> None:
        self.form, self.compiled = form, compiled
        self._searches: list[str] = []
        self._placed: set[str] = set()
        self._days = compiled.parameter("record_oldest_days")
        self._screen = sorted(compiled.knowledge.all(ScreenItem), key=lambda i: i.position)

    def items(self) -> list[Resource]:
        asked = self._findings(lambda f: f.group in self.form.groups and f.kind != "numeric")
        return [
            make.display("about", self.form.limits),
            _group("person", "The person", self._person()),
            _group("complaint", "The complaint", [*self._places(lambda f: f.opening), _onset(self.form)]),
            _group("screen", "Warning signs", [self._alarm(), *(i for s in self._screen for i in self._screened(s))]),
            _group("bedside", "First questions", self._places(lambda f: f.bedside)),
            _group("core", "More about it", [i for f in asked if f.core for i in self._once(f)]),
            *self._further("signs", "Further signs", [f for f in asked if not f.core]),
            *self._further("tests", "Further tests", self._tests()),
            _group("circumstances", "Habits and events", self._contributors(_ASKED)),
            self._conditions(),
            _medicines(self.form),
            _group("results", "Results of tests", self._results()),
        ]

    def _person(self) -> list[Resource]:
        respondent = self.form.respondent
        pregnant = make.pregnant_item(respondent)
        pregnant["enableWhen"] = [{"question": links.SEX, "operator": "=", "answerCoding": make.coded(make.SEXES[0])}]
        self._placed.add("pregnancy")
        return [*make.age_items(respondent), _initial(make.sex_item(respondent), "%patient.gender"), pregnant]

    def _findings(self, wanted: Callable[[Finding], bool]) -> list[Finding]:
        return [f for f in self.compiled.findings.values() if wanted(f) and f.id in self.compiled.network.finding_index]

    def _tests(self) -> list[Finding]:
        """Tests whose result is a word; only a clinician can tell them."""
        clinician = self.form.respondent == "clinician"
        return self._findings(lambda f: clinician and f.group == "test" and f.kind != "numeric")

    def _places(self, place: Callable[[Finding], int | None]) -> list[Resource]:
        found = [(p, f) for f in self.compiled.findings.values() if (p := place(f)) is not None]
        return [i for _, f in sorted(found, key=lambda pair: pair[0]) for i in self._once(f)]

    def _once(self, finding: Finding) -> list[Resource]:
        return [] if finding.id in self._placed else [self._finding(finding)]

    def _finding(self, finding: Finding) -> Resource:
        self._placed.add(finding.id)
        question = Question("value", finding.id, 0.0, 0.0, "", finding=finding)
        item = make.item_of(question, self.form.respondent, finding.why_asked or "")
        item["extension"] = [*item["extension"], self._linked()]
        return item

    def _linked(self) -> Resource:
        """How old an Observation may be to be taken for the answer."""
        period = {"value": self._days, "unit": "d", "system": _UNITS, "code": "d"}
        return {"url": f"{SDC}/sdc-questionnaire-observationLinkPeriod", "valueDuration": period}

    def _alarm(self) -> Resource:
        """A form that is filled at once can warn only beforehand."""
        number = self.compiled.knowledge.by_id(EmergencyNumber)["default"].sentence
        said = "A yes here could mean something that must not wait. If so, do not finish the form first."
        return make.warning("red_flag.number", f"{said} {number}")

    def _screened(self, item: ScreenItem) -> list[Resource]:
        """The grouped question, and what a "yes" to it leads to."""
        question = Question("red_flag", item.id, 0.0, 0.0, "", item=item)
        asked = make.item_of(question, self.form.respondent, make.help_of(item))
        return [asked, *(i for f in item.then_ask if f in self.compiled.findings for i in self._led(f))]

    def _led(self, finding: str) -> list[Resource]:
        """A finding that is asked after a "yes"; what no "no" would answer is asked of everyone, in its own place."""
        record = self.compiled.findings[finding]
        everyone = record.core and not any(finding in s.no_means for s in self._screen)
        if finding in self._placed or record.kind == "numeric" or everyone:
            return []
        led = [f"{links.SCREEN}{s.id}" for s in self._screen if finding in s.then_ask]
        return [make.follows(self._finding(record), led)]

    def _further(self, name: str, title: str, findings: Iterable[Finding]) -> list[Resource]:
        """Less common questions, asked only of those who want to go on to them."""
        asked = [i for f in findings for i in self._once(f)]
        if not asked:
            return []
        gate: Resource = {"linkId": f"{links.MORE}{name}", "text": f"{title}: go through them too?", "type": "boolean"}
        when = [{"question": gate["linkId"], "operator": "=", "answerBoolean": True}]
        return [gate, {**_group(name, title, asked), "enableWhen": when}]

    def _contributors(self, kinds: tuple[str, ...]) -> list[Resource]:
        return [self._contributor(c) for c in self._of_kind(kinds) if c.question and c.id not in self._placed]

    def _of_kind(self, kinds: tuple[str, ...]) -> list[Contributor]:
        return [c for c in self.compiled.contributors.values() if c.kind in kinds]

    def _contributor(self, contributor: Contributor) -> Resource:
        question = Question("value", contributor.id, 0.0, 0.0, "", contributor=contributor)
        item = make.item_of(question, self.form.respondent, "")
        item["extension"] = [*item["extension"], self._linked()]
        return item

    def _conditions(self) -> Resource:
        """Diagnoses, one after another; the names that are known here can be chosen."""
        patient = self.form.audience == "patient"
        named = [(make.capital(c.patient_name if patient else c.name), c) for c in self._of_kind(_LISTED)]
        options = [{**make.contributor_codes(c)[0], "display": n} for n, c in sorted(named, key=lambda pair: pair[0])]
        name = {
            "extension": [make.control("autocomplete")],
            "linkId": links.CONDITION_NAME,
            "text": "Name",
            "type": "open-choice",
            "answerOption": [{"valueCoding": o} for o in options],
        }
        since = {"linkId": links.CONDITION_SINCE, "text": "Since", "type": "date"}
        title = "Conditions that a doctor has named" if patient else "Known conditions"
        group = _repeating(links.CONDITION, title, [name, since])
        return {"extension": [extracted_by("condition")], **group}  # the template, by its id

    def _results(self) -> list[Resource]:
        found = [f for f in self.compiled.findings.values() if f.kind == "numeric"]
        return [self._result(f) for f in found if f.group == "test" or self.form.respondent == "clinician"]

    def _result(self, finding: Finding) -> Resource:
        """A number with its unit. Without an answer it is not known."""
        self._placed.add(finding.id)
        item: Resource = {
            "extension": [*(_unit_option(u) for u in _units_of(finding)), make.OBSERVED, self._linked()],
            "linkId": finding.id,
            "code": make.finding_codes(finding),
            "text": finding.name,
            "type": "quantity",
        }
        known = [c for c in finding.codes if c.system == "loinc"]
        if known:
            self._searches.append(_search([f"http://loinc.org|{c.code}" for c in known]))
            found = f"%{_RESULTS}.entry[{len(self._searches) - 1}].resource.entry.resource"
            fresh = f"effective.toString().substring(0, 10).toDate() >= today() - {self._days:g} days"
            item = _initial(item, f"{found}.where({fresh}).value")
        return make.with_help(item, finding.why_asked or "")

    def queries(self) -> Resource:
        """The searches for results as a batch."""
        entries = [{"request": {"method": "GET", "url": url}} for url in self._searches]
        return {"resourceType": "Bundle", "id": _RESULTS, "type": "batch", "entry": entries}


def _search(tokens: list[str]) -> str:
    """The latest result with one of these codes; its date is looked at where it is taken over."""
    return f"Observation?code={','.join(tokens)}&patient={{{{%patient.id}}}}&_sort=-date&_count=1"


def _initial(item: Resource, path: str) -> Resource:
    """The item, filled at first from a FHIRPath expression by whoever populates it."""
    expression = {"language": "text/fhirpath", "expression": path}
    shown = {"url": f"{SDC}/sdc-questionnaire-initialExpression", "valueExpression": expression}
    return {**item, "extension": [*item.get("extension", ()), shown]}


def _units_of(finding: Finding) -> list[str]:
    """The unit of the finding, and one spelling of each other scale; UCUM's where it is told by its brackets."""
    scales: dict[float | tuple[float, float], str] = {1.0: finding.unit or "1"}
    for unit, scale in sorted(finding.other_units.items(), key=lambda pair: _oddity(pair[0])):
        scales.setdefault(scale, unit)
    return list(scales.values())


def _oddity(unit: str) -> tuple[bool, bool, bool, str]:
    """How far a spelling is from the one to show."""
    return "[" not in unit, "%" in unit, unit.startswith("mc"), unit


def _unit_option(unit: str) -> Resource:
    """A unit by its UCUM code, with words that a report would use."""
    words = _UNIT_WORDS.get(unit) or re.sub(r"[{}\[\]]", "", unit).replace("*", "^")
    if words.startswith(("ug", "umol", "uIU")):
        words = f"µ{words[1:]}"
    shown = {"system": _UNITS, "code": unit, "display": words.replace("_m2", " m²")}
    return {"url": "http://hl7.org/fhir/StructureDefinition/questionnaire-unitOption", "valueCoding": shown}


_UNIT_WORDS = {"1": "ratio", "Cel": "°C", "[degF]": "°F", "{xULN}": "times the upper limit"}


def _group(name: str, title: str, inner: list[Resource]) -> Resource:
    return {"linkId": f"{links.GROUP}{name}", "text": title, "type": "group", "item": inner}


def _repeating(link: str, title: str, inner: list[Resource]) -> Resource:
    return {"linkId": link, "text": title, "type": "group", "repeats": True, "item": inner}


def _onset(form: Form) -> Resource:
    text = "Date of onset" if form.respondent == "clinician" else "On what day did it begin, if you know?"
    return {"linkId": links.ONSET, "text": text, "type": "date"}


def _medicines(form: Form) -> Resource:
    clinician = form.respondent == "clinician"
    group = _repeating(links.MEDICINE, "Medicines" if clinician else "Medicines, also those without a prescription", [
        {"linkId": links.MEDICINE_NAME, "text": "Name", "type": "string"},
        {"linkId": links.MEDICINE_DOSE, "text": "Dose", "type": "string"},
        {"linkId": links.MEDICINE_STARTED, "text": "Begun on", "type": "date"},
        {"linkId": links.MEDICINE_STOPPED, "text": "Stopped on", "type": "date"},
    ])  # fmt: skip
    return {"extension": [extracted_by("medicine")], **group}
