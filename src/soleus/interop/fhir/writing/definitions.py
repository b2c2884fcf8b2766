"""What the service says of itself: CapabilityStatement, OperationDefinition, and the definitions of what is our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, get_args

from soleus.errors import SoleusError
from soleus.evidence.record import ReviewStatus
from soleus.interop.fhir import canonical
from soleus.interop.fhir.writing.elements import Resource, clean, narrative, present
from soleus.knowledge.schema.safety import CriteriaSet
from soleus.knowledge.schema.safety import RedFlag as RedFlagRecord
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.interview import DONT_KNOW
from soleus.reasoning.medicines import MedicineIndex

_SDC = "http://hl7.org/fhir/uv/sdc/OperationDefinition"
_NOT_REVIEWED = "Decision support for clinicians. No clinician has reviewed the content; it is not a medical device."
_DATE = "2026-11-21"


def capability(base_url: str, version: str, date: str) -> Resource:
    """What the FHIR service at ``base_url`` can do: metadata, `$assess`, and questionnaires per SDC.

    ``version`` is that of the software, ``date`` the ISO date from which the statement holds.
    """
    return {
        "resourceType": "CapabilityStatement",
        "id": "soleus",
        "text": narrative("Soleus: what it can be asked", ["$assess", "Questionnaire", *(n for n, _, _ in _QUESTIONS)]),
        "url": f"{canonical.BASE}/CapabilityStatement/soleus",
        "version": version,
        "name": "Soleus",
        "title": "Soleus: legs that cramp, hurt or will not keep still at night",
        "status": "active",
        "experimental": True,
        "date": date,
        "publisher": "Soleus maintainers",
        "description": _NOT_REVIEWED,
        "kind": "instance",
        "software": {"name": "Soleus", "version": version},
        "implementation": {"description": "Soleus", "url": base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        "rest": [
            {
                "mode": "server",
                "documentation": "Nothing that is handed over is stored.",
                "resource": [
                    _served("Questionnaire", ["read", "search-type"], _QUESTIONS[:2], ["_id", "url"]),
                    _served("QuestionnaireResponse", [], _QUESTIONS[2:]),
                    *(_served(kind, ["read"]) for kind in ("CodeSystem", "OperationDefinition", "StructureDefinition")),
                ],
                "operation": [{"name": "assess", "definition": canonical.ASSESS}],
            }
        ],
    }


_QUESTIONS = (
    ("next-question", f"{_SDC}/Questionnaire-next-question", "Questionnaire"),
    ("populate", f"{_SDC}/Questionnaire-populate", "Questionnaire"),
    ("extract", f"{_SDC}/QuestionnaireResponse-extract", "QuestionnaireResponse"),
)


def _served(
    kind: str, does: list[str], operations: Iterable[tuple[str, str, str]] = (), found_by: Iterable[str] = ()
) -> Resource:
    types = {"_id": "token", "url": "uri"}
    return present(
        type=kind,
        interaction=[{"code": d} for d in does],
        searchParam=[{"name": n, "type": types[n]} for n in found_by],
        operation=[{"name": name, "definition": definition} for name, definition, _ in operations],
    )


def _defined(type_: str, id: str, title: str, **body: Any) -> Resource:
    words = "".join(w.capitalize() for w in id.split("-"))
    return {
        "resourceType": type_,
        "id": id,
        "text": narrative(title, [], _NOT_REVIEWED),
        "url": f"{canonical.BASE}/{type_}/{id}",
        "version": "1",
        "name": f"Soleus{words}",
        "title": title,
        "status": "active",
        "experimental": True,
        "date": _DATE,
        "publisher": "Soleus maintainers",
        **body,
    }


def operation_definitions() -> tuple[Resource, ...]:
    """`$assess`; the operations of SDC are defined by SDC."""
    return (
        _defined(
            "OperationDefinition",
            "assess",
            "Judge a complaint of the legs",
            kind="operation",
            description=f"From the record of one person to a ranked differential with proposals. {_NOT_REVIEWED}",
            affectsState=False,
            code="assess",
            system=True,
            type=False,
            instance=False,
            parameter=[_parameter(*p) for p in _PARAMETERS],
        ),
    )


_PARAMETERS = (
    (
        "resource", "in", 1, "*", "Resource",
        "A Bundle or resource of the record; several are read together. A Bundle may also be posted as it is.",
    ),
    ("as-of", "in", 0, "1", "date", "The day of the case; else the Bundle's timestamp, or the latest date in it."),
    ("audience", "in", 0, "1", "code", "clinician (default) or patient: the wording."),
    ("setting", "in", 0, "1", "code", "Where the person is seen, such as primary_care."),
    ("draws", "in", 0, "1", "integer", "Draws behind the intervals, 50 to 2000; 500 by default."),
    (
        "return", "out", 1, "1", "Bundle",
        "DiagnosticReport, RiskAssessment, Conditions, DetectedIssues, Observations of criteria, ServiceRequests and"
        " MedicationRequests with intent proposal, Device and Provenance.",
    ),
)  # fmt: skip


def _parameter(name: str, use: str, least: int, most: str, kind: str, words: str) -> Resource:
    return {"name": name, "use": use, "min": least, "max": most, "documentation": words, "type": kind}


#: extension -> (title, where it may stand, type of the value)
_EXTENSIONS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "probability-interval": (
        "95 % interval of a probability, in percent",
        ("RiskAssessment.prediction", "Condition"),
        "Range",
    ),
    "rank": ("Place in the ranking, from 1", ("RiskAssessment.prediction",), "positiveInt"),
    "tier": ("Tier: most_likely, other_likely, do_not_miss or rare", ("Condition",), "code"),
    "urgency": ("Urgency: emergency, same_day, urgent or routine", ("DetectedIssue",), "code"),
    "advice": (
        "Advice: do, consider, recommended, check_first or avoid",
        ("ServiceRequest", "MedicationRequest"),
        "code",
    ),
    "related": ("Red flags and probabilities that belong to a report", ("DiagnosticReport",), "Reference"),
    "input-not-used": ("What of the input was not used, and why", ("DiagnosticReport",), "string"),
    "complaint": ("Which of several complaints an observation belongs to", ("Observation",), "string"),
}


def structure_definitions() -> tuple[Resource, ...]:
    """Our extensions."""
    return tuple(_extension(name, *about) for name, about in _EXTENSIONS.items())


def _extension(name: str, title: str, contexts: tuple[str, ...], kind: str) -> Resource:
    url = canonical.extension(name)
    return _defined(
        "StructureDefinition",
        name,
        title,
        description=f"{title}.",
        fhirVersion="4.0.1",
        kind="complex-type",
        abstract=False,
        context=[{"type": "element", "expression": c} for c in contexts],
        type="Extension",
        baseDefinition="http://hl7.org/fhir/StructureDefinition/Extension",
        derivation="constraint",
        differential={
            "element": [
                {"id": "Extension", "path": "Extension", "short": title},
                {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
                {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
                {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": kind}]},
            ]
        },
    )


def code_systems(compiled: Compiled) -> tuple[Resource, ...]:
    """Our code systems, with what the knowledge base holds."""
    return tuple(_system(address, title, compiled, concepts) for address, title, concepts in _systems(compiled))


def _system(address: str, title: str, compiled: Compiled, concepts: dict[str, str]) -> Resource:
    body = _defined(
        "CodeSystem",
        address.rsplit("/", 1)[1],
        title,
        description=f"{title} of Soleus.",
        caseSensitive=True,
        content="complete",
        count=len(concepts),
        concept=[present(code=code, display=clean(name)) for code, name in concepts.items()],
    )
    return body | {"version": compiled.knowledge.version}


def _systems(compiled: Compiled) -> Iterator[tuple[str, str, dict[str, str]]]:
    k = compiled.knowledge
    yield canonical.FINDINGS, "Findings", {f.id: f.name for f in compiled.findings.values()}
    yield canonical.STATES, "States of findings", _states(compiled)
    yield canonical.CONTRIBUTORS, "Contributors", {c.id: c.name for c in compiled.contributors.values()}
    yield canonical.EXPLANATIONS, "Explanations", {e.id: e.name for e in compiled.explanations.values()}
    yield canonical.MEDICINES, "Medicines", {m.id: m.name for m in MedicineIndex(k).records.values()}
    yield canonical.RED_FLAGS, "Red flags", {f.id: f.name for f in k.all(RedFlagRecord)}
    criteria = {c.id: c.name for c in k.all(CriteriaSet)}
    yield canonical.CRITERIA, "Sets of criteria and their results", criteria | _named(_RESULTS)
    yield canonical.TIERS, "Tiers", _named(("most_likely", "other_likely", "do_not_miss", "rare"))
    yield canonical.VERDICTS, "Verdicts on medicines", _named(_VERDICTS)
    yield canonical.REVIEW, "Status of the review", _named(get_args(ReviewStatus))
    yield canonical.ROLE, "What a resource is to Soleus", _named((canonical.TOLD, canonical.ANSWER))
    yield canonical.ERRORS, "Errors", _named(("defect", *sorted({kind.code for kind in _errors(SoleusError)})))
    yield canonical.CASE, "Circumstances of a case", _named(_CIRCUMSTANCES)


def _states(compiled: Compiled) -> dict[str, str]:
    """The states of all findings, and the answer that it is not known."""
    return {s.id: s.id for f in compiled.findings.values() for s in f.states} | {DONT_KNOW: "Don't know"}


_RESULTS = ("met", "not_met", "undecided", "not_assessed")
_VERDICTS = ("likely_contributor", "possible_contributor", "unlikely", "no_signal_known", "not_recognised")
_CIRCUMSTANCES = (
    "case", "complaint", "measurement", "setting", "answered_by", "as_of", "onset", "duration", "age", "pregnant",
    "weeks_pregnant", "weeks_since_birth", "list", "number", "label",
)  # fmt: skip


def _errors(kind: type[SoleusError]) -> Iterator[type[SoleusError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _errors(child)


def _named(words: Iterable[str]) -> dict[str, str]:
    return {w: w.replace("_", " ") for w in words}


def artefact(kind: str, id: str, compiled: Compiled) -> Resource | None:
    """One of our definitions by type and id, as ``/fhir/CodeSystem/findings`` asks for it."""
    made: dict[str, Callable[[], tuple[Resource, ...]]] = {
        "OperationDefinition": operation_definitions,
        "StructureDefinition": structure_definitions,
        "CodeSystem": partial(code_systems, compiled),
    }
    return next((r for r in made[kind]() if r["id"] == id), None) if kind in made else None
