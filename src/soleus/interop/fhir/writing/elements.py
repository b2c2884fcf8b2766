"""The parts that FHIR resources are made of: codes, narratives, tags, addresses that follow from the content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any
from uuid import UUID, uuid5

import msgspec

from soleus.evidence.record import Code
from soleus.interop.fhir import canonical
from soleus.reasoning.assessment import Coded
from soleus.reasoning.citing import SYSTEMS

Resource = dict[str, Any]

_NAMESPACE = UUID("f6a3c9de-6f1d-5a0e-9d0b-2f9a4d1c7b60")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$")
DATA_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
PERCENT: Resource = {"unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
_SHOWN = {"submitted": "Not reviewed by a clinician", "under_review": "Under review", "approved": "Approved"}


def clean(words: str) -> str:
    """Text that may stand in JSON and XML: without control characters and half characters."""
    return words.strip() if words.isprintable() else _NOT_XML.sub(" ", words).strip()


def present(**fields: Any) -> Resource:
    """The fields that hold something: FHIR knows no null and no empty list, object or text."""
    return {k: v for k, v in fields.items() if v or isinstance(v, (int, float))}


def coding(system: str | None, code: str, display: str | None = None) -> Resource:
    return present(system=system, code=clean(code), display=clean(display or ""))


def own(system: str, code: str, text: str, others: Iterable[Code | Coded] = ()) -> Resource:
    """A concept of ours with its name, and the codes that others know it by."""
    known = [coding(SYSTEMS.get(c.system, c.system), c.code, c.display) for c in others]
    return {"coding": [*known, coding(system, code)], "text": clean(text) or code}


def text_only(words: str) -> Resource:
    return {"text": clean(words)}


def extension(name: str, **value: Any) -> Resource:
    """``extension("tier", valueCode="rare")``."""
    return {"url": canonical.extension(name), **value}


def narrative(title: str, lines: Iterable[str], closing: str = "") -> Resource:
    """The text of a resource as XHTML; whatever comes in is escaped."""
    told = "".join(f"<li>{_shown(line)}</li>" for line in lines if clean(line))
    inner = f"<p><b>{_shown(title)}</b></p>" + (f"<ul>{told}</ul>" if told else "")
    inner += f"<p>{_shown(closing)}</p>" if closing else ""
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'}


def _shown(words: str) -> str:
    return escape(clean(words), quote=True)


def tags(role: str, review_status: str) -> Resource:
    """Whether the content was reviewed, and what the resource is to us."""
    review = coding(canonical.REVIEW, review_status, _SHOWN[review_status])
    return {"tag": [review, coding(canonical.ROLE, role)]}


def unknown_subject() -> Resource:
    """FHIR demands a subject here and none was given: an id is not made up."""
    return {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}


def instant(day: str | None) -> str | None:
    """The beginning of a day in UTC; None for a date without a day, which FHIR's instant cannot hold."""
    return f"{day}T00:00:00Z" if day and _DATE.match(day) else None


def with_id(kind: str, body: Resource) -> Resource:
    """The resource with an id that follows from its content: the same content has the same id on every machine."""
    made = uuid5(_NAMESPACE, msgspec.json.encode({"resourceType": kind, **body}, order="sorted").decode())
    return {"resourceType": kind, "id": str(made), **body}


def address(resource: Resource) -> str:
    """What other resources of the same bundle call it."""
    return f"urn:uuid:{resource['id']}"


def refer(resource: Resource) -> Resource:
    return {"reference": address(resource)}


def collection(resources: Sequence[Resource], day: str | None, **more: Any) -> Resource:
    """A bundle of resources; the same resource twice stands in it once."""
    different = {r["id"]: r for r in resources}.values()
    body = present(
        type="collection",
        timestamp=instant(day),
        entry=[{"fullUrl": address(r), "resource": r} for r in different],
        **more,
    )
    return {"resourceType": "Bundle", **body} if "id" in body else with_id("Bundle", body)
