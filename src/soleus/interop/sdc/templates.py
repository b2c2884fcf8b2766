"""Template-based extraction: a contained resource whose elements say by FHIRPath where their values come from.

Only the few forms of FHIRPath that our templates use are read; any other is an error. docs: SDC 4.0, extraction.
"""

from __future__ import annotations

import re
from typing import Any

from soleus.interop.fhir import links
from soleus.interop.sdc.forms import SDC, Form

Resource = dict[str, Any]
_VALUE = f"{SDC}/sdc-questionnaire-templateExtractValue"
_CONTEXT = f"{SDC}/sdc-questionnaire-templateExtractContext"
_EXTRACT = f"{SDC}/sdc-questionnaire-templateExtract"
_STEP = re.compile(r"(?:^|\.)(%\w+|\w+\('?[^')]*'?\)|where\(\w+ ?= ?'[^']*'\)|\w+)")


def extracted_by(template: str) -> Resource:
    """That each occurrence of an item becomes a resource after a contained template."""
    inner = [{"url": "template", "valueReference": {"reference": f"#{template}"}}]
    return {"url": _EXTRACT, "extension": inner}


def condition_template(form: Form) -> Resource:
    """A Condition out of one entry of the list; told by the person it is unconfirmed."""
    answer = f"item.where(linkId = '{links.CONDITION_NAME}').answer.value"
    certain = "confirmed" if form.respondent == "clinician" else "unconfirmed"
    terminology = "http://terminology.hl7.org/CodeSystem"
    coding = {
        "extension": [_says(_CONTEXT, f"{answer}.ofType(Coding)")],
        "_system": _filled("system"),
        "_code": _filled("code"),
        "_display": _filled("display"),
    }
    return {
        "resourceType": "Condition",
        "id": "condition",
        "clinicalStatus": {"coding": [{"system": f"{terminology}/condition-clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{terminology}/condition-ver-status", "code": certain}]},
        "code": {"coding": [coding], "_text": _filled(f"{answer}.ofType(string) | {answer}.ofType(Coding).display")},
        "subject": {"_reference": _filled("%resource.subject.reference")},
        "_onsetDateTime": _filled(f"item.where(linkId = '{links.CONDITION_SINCE}').answer.value"),
        "_recordedDate": _filled("%resource.authored"),
    }


def _says(url: str, path: str) -> Resource:
    return {"url": url, "valueString": path}


def _filled(path: str) -> Resource:
    return {"extension": [_says(_VALUE, path)]}
