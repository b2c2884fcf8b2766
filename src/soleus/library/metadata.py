"""What machines read of an entry: schema.org as JSON-LD, Highwire and Dublin Core names for reference managers.

Nothing here says that somebody reviewed an entry unless every record of it was approved as it stands.
"""

from __future__ import annotations

import json
from typing import Any

from soleus.library.citing import LICENCE, WORK, released, version
from soleus.library.model import Coded, Entry, Section

_CONTEXT = "https://schema.org"
_TYPES = {
    "explanation": "MedicalCondition",
    "contributor": "MedicalRiskFactor",
    "medicine": "Drug",
    "finding": "MedicalSignOrSymptom",
    "treatment": "MedicalTherapy",
    "work_up": "MedicalTest",
    "short_entry": "MedicalCondition",
    "common_question": "Question",
}
_MOST = 12  # signs, causes and references that are listed


def json_ld(entry: Entry, address: str) -> str:
    """The page and what it is about, safe inside a script element."""
    page: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "MedicalWebPage",
        "@id": address,
        "url": address,
        "name": entry.title,
        "inLanguage": "en-GB",
        "audience": _audience(entry),
        "about": _about(entry),
        "isPartOf": {"@type": "WebSite", "name": WORK},
        "author": {"@type": "Organization", "name": entry.standing.author},
        "datePublished": entry.standing.first_released,
        "dateModified": entry.standing.last_reviewed,
        "version": version(entry),
        "license": LICENCE,
        "creativeWorkStatus": entry.standing.status.replace("_", " "),
        "citation": [r.url for r in entry.references if r.url][:_MOST],
    }
    if entry.standing.status == "approved":
        page |= {"lastReviewed": entry.standing.last_reviewed, "reviewedBy": _person(entry.standing.reviewer)}
    return _safe(_filled(page))


def _audience(entry: Entry) -> dict[str, Any]:
    who = "Clinician" if entry.audience == "clinician" else "Patient"
    return {"@type": "MedicalAudience", "audienceType": who}


def _person(name: str | None) -> dict[str, Any] | None:
    return {"@type": "Person", "name": name} if name else None


def _about(entry: Entry) -> dict[str, Any]:
    thing: dict[str, Any] = {"@type": _TYPES[entry.kind], "name": entry.title}
    if entry.kind == "common_question":
        answer = " ".join(p.text for s in entry.sections if s.part == "answer" for p in s.paragraphs)
        return thing | {"text": entry.title, "acceptedAnswer": {"@type": "Answer", "text": answer}}
    others = (entry.other_title, *entry.names, *(f.name for f in entry.former_names))
    thing |= {
        "alternateName": [n for n in dict.fromkeys(others) if n != entry.title],
        "description": entry.definition.text or None,
        "code": [_code(c) for c in entry.codes],
    }
    if _TYPES[entry.kind] == "MedicalCondition":
        thing |= {
            "signOrSymptom": _rows(entry, "features", "features", "MedicalSignOrSymptom"),
            "riskFactor": _rows(entry, "causes", "causes", "MedicalRiskFactor"),
            "differentialDiagnosis": _differential(entry),
        }
    return _filled(thing)


def _code(c: Coded) -> dict[str, Any]:
    return {"@type": "MedicalCode", "codeValue": c.code, "codingSystem": c.system}


def _rows(entry: Entry, part: str, table: str, kind: str) -> list[dict[str, Any]]:
    """What the rows of a table are about, each once."""
    sections: tuple[Section, ...] = tuple(s for s in entry.sections if s.part == part)
    labels = dict.fromkeys(r.label for s in sections for t in s.tables if t.id == table for r in t.rows)
    return [{"@type": kind, "name": label} for label in list(labels)[:_MOST]]


def _differential(entry: Entry) -> dict[str, Any] | None:
    if not entry.confused_with:
        return None
    return {
        "@type": "DDxElement",
        "diagnosis": [{"@type": "MedicalCondition", "name": n.label} for n in entry.confused_with],
    }


def _filled(thing: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in thing.items() if value not in (None, "", [], {})}


def _safe(thing: dict[str, Any]) -> str:
    """JSON in which nothing can end the element that holds it."""
    text = json.dumps(thing, ensure_ascii=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def names(entry: Entry, address: str) -> tuple[tuple[str, str], ...]:
    """(name, content) of the meta elements for reference managers: Highwire, then Dublin Core."""
    day = released(entry)
    told = (
        ("citation_title", entry.title),
        ("citation_author", entry.standing.author),
        ("citation_publication_date", day.replace("-", "/")),
        ("citation_inbook_title", WORK),
        ("citation_language", "en"),
        ("citation_public_url", address),
        ("DC.title", entry.title),
        ("DC.creator", entry.standing.author),
        ("DC.date", day),
        ("DC.identifier", address),
        ("DC.publisher", WORK),
        ("DC.type", "Text"),
        ("DC.language", "en-GB"),
        ("DC.rights", LICENCE),
        ("DC.relation", version(entry)),
    )
    return tuple((name, content) for name, content in told if content)
