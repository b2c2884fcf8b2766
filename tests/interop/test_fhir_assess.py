"""`$assess`: what leaves for what comes in."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.errors import CannotAssess, InputError, InvalidValue, SoleusError, UnknownName, UnreadableInput
from soleus.interop.fhir import canonical
from soleus.interop.fhir.operations import assess
from soleus.interop.fhir.outcomes import expression, outcome
from soleus.interop.fhir.reading import case_of
from soleus.interop.fhir.writing import case_bundle
from soleus.interop.fhir.writing.definitions import artefact, capability, operation_definitions, structure_definitions
from soleus.interop.reading import read_any
from soleus.knowledge.schema.care import Treatment
from soleus.reasoning.assess import assess as judge
from soleus.reasoning.assessment import Assessment
from soleus.reasoning.compiled import shipped_compiled
from tests.interop.bundles import (
    AS_OF,
    Resource,
    answers,
    bundle,
    coded,
    condition,
    legs,
    observation,
    patient,
    potassium,
    request,
    text,
)
from tests.interop.test_fhir_fuzz import KINDS, NAMES, WORDS, elements
from tests.reasoning.people import EXAMPLES, case
from tests.reasoning.people import NAMES as PEOPLE

COMPILED = shipped_compiled()
RECORD = bundle(
    patient(), {**legs(), "id": "q"}, potassium(3.2, id="k"), {**request("furosemide"), "id": "f"},
    condition(text("diabetes")),
)  # fmt: skip


def answered(tree: Any, **more: Any) -> list[Resource]:
    return [e["resource"] for e in assess(tree, COMPILED, **{"draws": 50, **more})["entry"]]


def of(resources: list[Resource], kind: str) -> list[Resource]:
    return [r for r in resources if r["resourceType"] == kind]


def told(findings: Any = None, **more: Any) -> Resource:
    """The plain cramp of the tests, or another case, as a bundle of facts."""
    from soleus.clinical.reading import case_from

    return case_bundle(case_from(case(findings, **more)), COMPILED)


def extension(element: Resource, name: str) -> Any:
    (found,) = [e for e in element["extension"] if e["url"] == canonical.extension(name)]
    return next(v for k, v in found.items() if k != "url")


@pytest.mark.parametrize("name", PEOPLE)
@pytest.mark.parametrize("audience", ["clinician", "patient"])
def test_the_probabilities_are_those_of_the_judgement(name: str, audience: Any) -> None:
    """A decimal probability is a percentage in R4: 0.83 leaves as 83. All explanations leave and add to 100."""
    read = read_any(EXAMPLES / name, COMPILED)
    here = judge(read, audience=audience, draws=50).complaints[0].explanations
    (risk,) = of(answered(case_bundle(read, COMPILED), audience=audience), "RiskAssessment")
    there = risk["prediction"]
    assert [p["outcome"]["coding"][-1]["code"] for p in there] == [e.id for e in here]
    assert all(abs(p["probabilityDecimal"] - 100 * e.probability) < 1e-9 for p, e in zip(there, here, strict=True))
    assert sum(p["probabilityDecimal"] for p in there) == pytest.approx(100)
    assert [extension(p, "rank") for p in there] == list(range(1, len(there) + 1))
    for p in there:
        ends = extension(p, "probability-interval")
        assert 0 <= ends["low"]["value"] <= p["probabilityDecimal"] <= ends["high"]["value"] <= 100
        assert ends["low"]["code"] == ends["high"]["code"] == "%"
        assert p["outcome"]["text"]


@pytest.mark.parametrize("name", PEOPLE)
def test_only_the_first_condition_is_provisional(name: str) -> None:
    resources = answered(case_bundle(read_any(EXAMPLES / name, COMPILED), COMPILED))
    statuses = [c["verificationStatus"]["coding"][0]["code"] for c in of(resources, "Condition")]
    assert statuses == ["provisional", *["differential"] * (len(statuses) - 1)]
    assert of(resources, "Condition")[0]["code"] == of(resources, "RiskAssessment")[0]["prediction"][0]["outcome"]


def test_red_flags_stand_first_and_are_issues_of_their_own() -> None:
    resources = answered(case_bundle(read_any(EXAMPLES / "dvt-told-as-cramp.yaml", COMPILED), COMPILED))
    report = resources[0]
    assert report["resourceType"] == "DiagnosticReport"
    assert report["conclusion"].startswith("RED FLAG (same day): One-leg pain of days with a risk of clots.")
    assert report["conclusion"].index("RED FLAG") < report["conclusion"].index("Most likely")
    assert "Red flag" in report["text"]["div"].split("</li>")[0]
    issue = of(resources, "DetectedIssue")[0]
    assert issue["severity"] == "high"
    assert issue["code"]["coding"][0] == {"system": canonical.RED_FLAGS, "code": "dvt_pain_with_risk"}
    related = [
        e["valueReference"]["reference"] for e in report["extension"] if e["url"] == canonical.extension("related")
    ]
    assert f"urn:uuid:{issue['id']}" in related
    assert {r["priority"] for r in of(resources, "ServiceRequest") if "priority" in r} & {"stat", "asap"}


def test_everything_is_a_proposal_and_nothing_to_avoid_is_a_plain_request() -> None:
    """Every treatment of every example: the advice "avoid" always bears ``doNotPerform``, and no other does."""
    kinds = {t.id: t.kind for t in COMPILED.knowledge.all(Treatment)}
    avoided = 0
    for name in PEOPLE:
        read = read_any(EXAMPLES / name, COMPILED)
        items = judge(read, draws=50).complaints[0].management
        resources = answered(case_bundle(read, COMPILED))
        requests = [*of(resources, "MedicationRequest"), *of(resources, "ServiceRequest")]
        assert {(r["intent"], r["status"]) for r in requests} <= {("proposal", "draft")}
        for r in requests:
            assert (extension(r, "advice") == "avoid") == (r.get("doNotPerform") is True)
        medicines = {r["medicationCodeableConcept"]["text"] for r in of(resources, "MedicationRequest")}
        assert medicines == {m.label for m in items if kinds.get(m.id) in ("medicine", "supplement")}
        avoided += sum(r.get("doNotPerform", False) for r in of(resources, "MedicationRequest"))
    assert avoided > 5


def test_what_is_to_be_stopped_is_never_a_plain_medication_request() -> None:
    """A person on quinine: the advice to stop it is a request for a service, and quinine itself is not to be given."""
    resources = answered(told(medicines=["quinine"], onset="2020"))
    quinine = [r for r in of(resources, "MedicationRequest") if "uinine" in r["medicationCodeableConcept"]["text"]]
    assert quinine
    assert all(r["doNotPerform"] is True for r in quinine)
    assert any(r["code"]["text"] == "Stopping long-term quinine" for r in of(resources, "ServiceRequest"))


@pytest.mark.parametrize("name", PEOPLE)
def test_every_resource_says_that_nobody_reviewed_it_and_is_told_apart_from_facts(name: str) -> None:
    for r in answered(case_bundle(read_any(EXAMPLES / name, COMPILED), COMPILED)):
        tags = {(t["system"], t["code"]) for t in r["meta"]["tag"]}
        assert tags == {(canonical.REVIEW, "submitted"), (canonical.ROLE, "answer")}
        assert "no clinician has reviewed" in r["text"]["div"]
        assert r["text"]["status"] == "generated"


def test_an_answer_that_comes_back_tells_nothing() -> None:
    """A differential that Soleus wrote is never read as a diagnosis of the person, nor its notes as a note."""
    out = assess(RECORD, COMPILED, draws=50)
    again = case_of({**RECORD, "entry": [*RECORD["entry"], *out["entry"]]}, COMPILED)
    before = case_of(RECORD, COMPILED)
    assert (again.findings, again.conditions, again.medicines, again.measurements, again.lists) == (
        before.findings, before.conditions, before.medicines, before.measurements, before.lists,
    )  # fmt: skip
    with pytest.raises(CannotAssess):
        assess(out, COMPILED)


def test_an_answer_without_its_tags_tells_nothing_either() -> None:
    """A server may drop tags. The first condition is an explanation, the others are one of several."""
    out = assess(case_bundle(read_any(EXAMPLES / "dvt-told-as-cramp.yaml", COMPILED), COMPILED), COMPILED, draws=50)
    found = [
        {k: v for k, v in r.items() if k not in ("meta", "note")}
        for r in of([e["resource"] for e in out["entry"]], "Condition")
    ]
    assert len(found) > 2
    read = case_of(bundle(legs(), *found), COMPILED)
    assert read.conditions == ()
    assert {u.why for u in read.unused} == {
        "a diagnosis already made is not evidence; give it as pretest",
        "one of several that are considered, not a fact",
    }


def test_what_a_text_told_is_named_too() -> None:
    words = {"resourceType": "Communication", "id": "c", "status": "completed", "sent": AS_OF,
             "payload": [{"contentString": "Calf cramps at night in bed."}]}  # fmt: skip
    (risk,) = of(answered(bundle(patient(), words)), "RiskAssessment")
    assert [b["reference"] for b in risk["basis"]] == ["Communication/c"]


def test_a_fact_says_its_value_in_words() -> None:
    facts = told({"quality": "cramp", "swelling": "not_assessed", "potassium": {"value": 3.25, "unit": "mmol/L"}})
    divs = " ".join(e["resource"]["text"]["div"] for e in facts["entry"])
    for words in ("<li>cramp</li>", "<li>not known</li>", "<li>3.25 mmol/L</li>", "setting: primary_care", "age: 67 a"):
        assert words in divs


def test_basis_and_provenance_name_what_was_used() -> None:
    out = answered(RECORD)
    (risk,), (origin,), (device,) = of(out, "RiskAssessment"), of(out, "Provenance"), of(out, "Device")
    used = [b["reference"] for b in risk["basis"]]
    assert used == ["QuestionnaireResponse/q", "Observation/k", "MedicationRequest/f"]  # the condition has no id
    answer = judge(case_of(RECORD, COMPILED), draws=50)
    assert origin["entity"][0]["what"]["identifier"]["value"] == f"{answer.knowledge_version}|{answer.knowledge_hash}"
    assert [e["what"]["reference"] for e in origin["entity"][1:]] == used
    assert [v["value"] for v in device["version"]] == [
        answer.software_version, answer.knowledge_version, answer.knowledge_hash,
    ]  # fmt: skip
    targets = {t["reference"] for t in origin["target"]}
    assert targets == {f"urn:uuid:{r['id']}" for r in out if r is not origin}
    assert origin["recorded"] == f"{AS_OF}T00:00:00Z"
    (verdict,) = [i for i in of(out, "DetectedIssue") if "Furosemide" in i["code"]["text"]]
    assert verdict["implicated"] == [{"reference": "MedicationRequest/f", "type": "MedicationRequest"}]


def test_a_time_that_is_not_known_is_not_made_up() -> None:
    out = answered(told(as_of=None))
    assert of(out, "Provenance") == []
    assert "occurrenceDateTime" not in of(out, "RiskAssessment")[0]
    recorded = answered(told(as_of=None), recorded="2026-11-22T08:00:00Z")
    assert of(recorded, "Provenance")[0]["recorded"] == "2026-11-22T08:00:00Z"


@pytest.mark.parametrize(
    ("given", "named", "expected"),
    [
        (patient(), None, "Patient/p"),
        (patient(), "Patient/p", "Patient/p"),
        (patient(), "https://ehr.example.org/fhir/Patient/p", "https://ehr.example.org/fhir/Patient/p"),
        (None, "urn:uuid:0a0a0a0a-0000-4000-8000-000000000001", "urn:uuid:0a0a0a0a-0000-4000-8000-000000000001"),
        (patient(id="a.B-9"), None, "Patient/a.B-9"),
        ({**patient(), "id": None}, None, None),
        (None, None, None),
        (None, "Patient?identifier=a|b", None),
        (None, "<script>", None),
    ],
)
def test_the_person_is_named_as_in_the_record(given: Any, named: str | None, expected: str | None) -> None:
    subject = {"subject": {"reference": named}} if named else {}
    out = answered(bundle(*([given] if given else []), {**legs(), **subject}))
    (risk,), report = of(out, "RiskAssessment"), out[0]
    assert report.get("subject", {}).get("reference") == expected
    assert risk["subject"].get("reference") == expected
    if expected is None:  # demanded by FHIR, and not made up
        assert risk["subject"]["extension"][0]["valueCode"] == "unknown"


def test_several_complaints_have_each_a_report() -> None:
    both = {"complaints": [{"id": "calf", "findings": {"quality": "cramp", "site": "calf"}},
                           {"id": "restless", "findings": {"urge_to_move": "yes", "at_rest": "present"}}]}  # fmt: skip
    out = answered(told({}, **both))
    assert len(of(out, "DiagnosticReport")) == len(of(out, "RiskAssessment")) == 2
    assert len({r["id"] for r in out}) == len(out)


def test_the_same_record_gives_the_same_bundle() -> None:
    assert assess(RECORD, COMPILED, draws=50) == assess(copy.deepcopy(RECORD), COMPILED, draws=50)
    other = assess(bundle(*(e["resource"] for e in RECORD["entry"]), potassium(3.3)), COMPILED, draws=50)
    assert other["id"] != assess(RECORD, COMPILED, draws=50)["id"]


def test_references_lead_to_resources_of_the_bundle_or_of_the_record() -> None:
    out = assess(RECORD, COMPILED, draws=50)
    of_record = {"Patient/p", "QuestionnaireResponse/q", "Observation/k", "MedicationRequest/f"}
    known = {e["fullUrl"] for e in out["entry"]}
    assert {r for e in out["entry"] for r in _references(e["resource"])} <= known | of_record


def _references(tree: Any) -> list[str]:
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    own = [tree["reference"]] if isinstance(tree, dict) and isinstance(tree.get("reference"), str) else []
    return own + [r for value in inner for r in _references(value)]


# ---- in: Bundle, resource, list or Parameters ----


def parameters(*parts: Resource) -> Resource:
    return {"resourceType": "Parameters", "parameter": list(parts)}


def test_parameters_with_one_or_several_resources() -> None:
    plain = answered(RECORD)
    assert answered(parameters({"name": "resource", "resource": RECORD})) == plain
    parts = [{"name": "resource", "resource": e["resource"]} for e in RECORD["entry"]]
    split = answered(parameters(*parts, {"name": "as-of", "valueDate": AS_OF}))
    assert [p["probabilityDecimal"] for p in of(split, "RiskAssessment")[0]["prediction"]] == [
        p["probabilityDecimal"] for p in of(plain, "RiskAssessment")[0]["prediction"]
    ]


def test_options_of_parameters_go_before_the_arguments() -> None:
    asked = parameters(
        {"name": "resource", "resource": RECORD},
        {"name": "as-of", "valueDate": "2026-12-01"},
        {"name": "audience", "valueCode": "patient"},
        {"name": "setting", "valueCode": "sleep_clinic"},
        {"name": "draws", "valueInteger": 60},
    )
    assert answered(asked) == answered(RECORD, as_of="2026-12-01", audience="patient", setting="sleep_clinic", draws=60)
    assert answered(asked, as_of="2020-01-01", audience="clinician") == answered(asked)


def test_a_parameter_that_is_not_known_is_named_in_the_report() -> None:
    report = answered(parameters({"name": "resource", "resource": RECORD}, {"name": "colour", "valueCode": "red"}))[0]
    left = [e["valueString"] for e in report["extension"] if e["url"] == canonical.extension("input-not-used")]
    assert any(x.startswith("Parameters.parameter[1]") for x in left)
    assert "red" not in "".join(left)


@pytest.mark.parametrize(
    ("part", "place"),
    [
        ({"name": "as-of", "valueDate": "yesterday"}, "Parameters.parameter[1]"),
        ({"name": "as-of"}, "Parameters.parameter[1]"),
        ({"name": "draws", "valueInteger": True}, "Parameters.parameter[1]"),
        ({"name": "draws", "valueInteger": 10**9}, "draws"),
        ({"name": "audience", "valueCode": "nurse"}, "audience"),
        ({"name": "setting", "valueCode": "moon"}, "setting"),
    ],
)
def test_options_that_cannot_be_are_refused(part: Resource, place: str) -> None:
    with pytest.raises(InputError) as caught:
        assess(parameters({"name": "resource", "resource": RECORD}, part), COMPILED)
    assert caught.value.where == place


@pytest.mark.parametrize("tree", [None, [], {}, "x", 7, parameters(), {"resourceType": "Parameters", "parameter": 3},
                                  parameters({"name": "resource", "resource": 7}), bundle()])  # fmt: skip
def test_nothing_to_assess(tree: Any) -> None:
    with pytest.raises(UnreadableInput):
        assess(tree, COMPILED)


def test_a_tree_too_deep_or_too_large_is_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(UnreadableInput, match="too deep"):
        assess({**RECORD, "meta": deep}, COMPILED)
    row = [0] * 1500
    with pytest.raises(UnreadableInput, match="too large"):
        assess({**RECORD, "meta": [row] * 1500}, COMPILED)


def test_a_record_without_a_complaint_cannot_be_assessed() -> None:
    with pytest.raises(CannotAssess):
        assess(bundle(patient(), potassium(3.2)), COMPILED)


# ---- markup ----

EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"xmlns"}


def test_markup_in_any_name_comes_back_as_text() -> None:
    tree = bundle(
        patient(id="p", name=[{"text": EVIL}]),
        legs(),
        request(EVIL),
        request(f"furosemide {EVIL}"),
        condition(text(EVIL)),
        observation(text(EVIL), valueString=EVIL),
        observation(
            {"coding": [{"system": EVIL, "code": EVIL, "display": EVIL}]}, valueQuantity={"value": 1, "unit": EVIL}
        ),
        {"resourceType": EVIL},
        {"resourceType": "DocumentReference", "status": "current", "note": [{"text": EVIL}]},
    )
    divs = [r["text"]["div"] for r in answered(tree)]
    divs += [e["resource"]["text"]["div"] for e in told(medicines=[EVIL], conditions=[{"name": EVIL}])["entry"]]
    assert any("&lt;script&gt;" in d for d in divs)
    for div in divs:
        ElementTree.fromstring(div)  # well-formed
        seen = _Tags()
        seen.feed(div)
        assert seen.tags <= {"div", "p", "b", "ul", "li"}


# ---- errors ----


def test_an_error_as_an_outcome() -> None:
    (issue,) = outcome(InvalidValue("entry[2].valueQuantity", "'Zanzibar'", "a number", "Give it."), status=422)[
        "issue"
    ]
    assert issue["code"] == "value"
    assert issue["severity"] == "error"
    assert issue["expression"] == ["Bundle.entry[2].resource.valueQuantity"]
    assert issue["details"]["coding"] == [{"system": canonical.ERRORS, "code": "invalid_value"}]
    assert issue["diagnostics"] == "Found a word that is not shown; expected a number. Give it."


def test_the_codes_of_errors_are_defined() -> None:
    defined = artefact("CodeSystem", "errors", COMPILED) or {}
    known = {c["code"] for c in defined["concept"]}
    assert {"defect", "error", "invalid_value", "unknown_name", "cannot_assess", "unreadable_input"} <= known


def test_a_fault_of_ours_is_fatal_and_names_no_element() -> None:
    (issue,) = outcome(SoleusError("soleus", "a defect", "an answer", "Report it."), status=500)["issue"]
    assert (issue["severity"], issue["code"], "expression" in issue) == ("fatal", "exception", False)


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ("bundle", "Bundle"),
        ("entry[3]", "Bundle.entry[3].resource"),
        ("entry[3].component[0]", "Bundle.entry[3].resource.component[0]"),
        ("entry[3] item 4", "Bundle.entry[3].resource"),
        ("Parameters.parameter[0].valueCode", "Parameters.parameter[0].valueCode"),
        ("findings.potassium", None),
        ("measurements[0] kalium", None),
        ("<script>", None),
    ],
)
def test_places_as_expressions(where: str, path: str | None) -> None:
    assert expression(where) == path


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 415, 422, 429, 500, 503])
@pytest.mark.parametrize("kind", [InputError, UnknownName, CannotAssess, SoleusError])
def test_no_word_of_the_input_is_in_an_outcome(kind: type[SoleusError], status: int) -> None:
    assert "Zanzibar" not in json.dumps(outcome(kind("x 'Zanzibar'", "'Zanzibar'", "y", "z"), status=status))


# ---- what the service says of itself ----


def test_every_extension_and_code_system_that_leaves_is_defined() -> None:
    used, systems = set(), set()
    for name in PEOPLE:
        facts = case_bundle(read_any(EXAMPLES / name, COMPILED), COMPILED)
        for r in [*(e["resource"] for e in facts["entry"]), *answered(facts)]:
            used |= {u for u in _values(r, "url") if u.startswith(canonical.BASE)}
            systems |= {s for s in _values(r, "system") if s.startswith(f"{canonical.BASE}/CodeSystem/")}
    assert used
    assert used <= {d["url"] for d in structure_definitions()}
    for system in systems:
        found = artefact("CodeSystem", system.rsplit("/", 1)[1], COMPILED)
        assert found is not None
        assert found["url"] == system
    assert artefact("CodeSystem", "nothing", COMPILED) is artefact("Spaceship", "findings", COMPILED) is None


def _values(tree: Any, name: str) -> list[str]:
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    own = [tree[name]] if isinstance(tree, dict) and isinstance(tree.get(name), str) else []
    return own + [v for value in inner for v in _values(value, name)]


def test_every_code_that_leaves_is_in_its_code_system() -> None:
    known = {}
    for name in PEOPLE:
        facts = case_bundle(read_any(EXAMPLES / name, COMPILED), COMPILED)
        for r in [*(e["resource"] for e in facts["entry"]), *answered(facts)]:
            for system, code in _codings(r):
                if system.startswith(f"{canonical.BASE}/CodeSystem/"):
                    if system not in known:
                        defined = artefact("CodeSystem", system.rsplit("/", 1)[1], COMPILED) or {}
                        known[system] = {c["code"] for c in defined["concept"]}
                    assert code in known[system], (system, code)


def _codings(tree: Any) -> list[tuple[str, str]]:
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    own = [(tree["system"], tree["code"])] if isinstance(tree, dict) and {"system", "code"} <= tree.keys() else []
    return own + [c for value in inner for c in _codings(value)]


def test_the_capability_statement_tells_of_each_operation() -> None:
    says = capability("https://x.example/fhir", "1.2.3", AS_OF)
    (rest,) = says["rest"]
    names = {o["name"] for o in rest["operation"]} | {
        o["name"] for r in rest["resource"] for o in r.get("operation", ())
    }
    assert names == {"assess", "next-question", "populate", "extract"}
    assert says["fhirVersion"] == "4.0.1"
    (definition,) = operation_definitions()
    assert definition["url"] == rest["operation"][0]["definition"] == canonical.ASSESS
    assert {p["name"] for p in definition["parameter"]} == {
        "resource",
        "as-of",
        "audience",
        "setting",
        "draws",
        "return",
    }


# ---- whatever comes ----

MORE = ["DocumentReference", "Communication", "DiagnosticReport", "MedicationStatement", *KINDS]
TAGS = [{"tag": [{"system": canonical.ROLE, "code": code}]} for code in (canonical.TOLD, canonical.ANSWER)]
FIELDS = [
    *NAMES, "content", "attachment", "data", "contentType", "payload", "contentString", "presentedForm", "note", "url",
    "valueDateTime", "valueRange", "extension", "number", "age", "dosage", "verificationStatus", "date",
]  # fmt: skip
systems = st.sampled_from(
    [canonical.CASE, canonical.FINDINGS, canonical.CONTRIBUTORS, canonical.STATES, canonical.EXPLANATIONS]
)
own_codes = st.builds(
    lambda system, code: {"coding": [{"system": system, "code": code}]},
    systems,
    st.sampled_from(
        ["quality", "cramp", "diabetes", "case", "complaint", "age", "onset", "as_of", "list", "setting", "potassium"]
    ),
)
bodies = st.dictionaries(st.sampled_from(FIELDS), elements | own_codes | st.sampled_from(WORDS), max_size=7)


def _resource(kind: Any, body: Resource, meta: Any, code: Any) -> Resource:
    return {**body, **({"meta": meta} if meta else {}), **({"code": code} if code else {}), "resourceType": kind}


resources = st.builds(_resource, st.sampled_from(MORE), bodies, st.sampled_from([None, *TAGS]), st.none() | own_codes)


@given(st.lists(resources, max_size=5), st.booleans())
@settings(max_examples=300, deadline=None)
def test_whatever_is_sent_there_is_an_answer_or_a_clear_error(found: list[Any], good: bool) -> None:
    tree = bundle(*([patient(), legs()] if good else []), *found)
    try:
        out = assess(tree, COMPILED, draws=50)
    except SoleusError as error:
        told = json.dumps(outcome(error, status=422))
        assert len(told) < 4000
        return
    for r in (e["resource"] for e in out["entry"]):
        ElementTree.fromstring(r["text"]["div"])
    json.dumps(out).encode()


@given(elements)
@settings(max_examples=200, deadline=None)
def test_any_parameters(value: Any) -> None:
    part = {"name": "as-of", "valueDate": value}
    for tree in (value, parameters(value), {"resourceType": "Parameters", "parameter": value}, parameters(part)):
        with suppress(SoleusError):
            assert assess(tree, COMPILED, draws=50)["resourceType"] == "Bundle"


def test_the_command_python_and_the_operation_agree(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(RECORD), encoding="utf-8")
    here: Assessment = judge(read_any(path, COMPILED), draws=500)
    (risk,) = of(answered(RECORD, draws=500), "RiskAssessment")
    first = here.complaints[0].explanations[0]
    assert risk["prediction"][0]["probabilityDecimal"] == round(100 * first.probability, 10)
    interval = extension(risk["prediction"][0], "probability-interval")
    assert interval["low"]["value"] == round(100 * min(first.low, first.probability), 10)


def test_codes_of_others_go_before_ours() -> None:
    """A reader takes the first coding that it knows: ICD or SNOMED CT where the knowledge base has them."""
    first = of(answered(RECORD), "Condition")[0]["code"]["coding"]
    assert first[-1]["system"] == canonical.EXPLANATIONS
    assert len(first) > 1
    assert coded(first[0]["system"], first[0]["code"])["coding"]


def test_answers_to_a_form_are_used_too() -> None:
    assert of(answered(bundle(patient(), answers(quality={"valueString": "cramp"}))), "RiskAssessment")
