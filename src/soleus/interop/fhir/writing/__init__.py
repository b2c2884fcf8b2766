"""FHIR R4 out: plain mappings, made from a case or from an assessment."""

from __future__ import annotations

from soleus.interop.fhir.writing.answers import Origin as Origin
from soleus.interop.fhir.writing.answers import answer_bundle as answer_bundle
from soleus.interop.fhir.writing.facts import case_bundle as case_bundle

__all__ = ["Origin", "answer_bundle", "case_bundle"]
