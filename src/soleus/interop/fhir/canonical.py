"""The addresses by which our FHIR artefacts are known. They are names: nothing is fetched from them."""

from __future__ import annotations

#: ``.example`` is reserved (RFC 2606): no one can come to own the names before the project has a domain of its own.
BASE = "https://soleus.example/fhir"

FINDINGS = f"{BASE}/CodeSystem/findings"
CONTRIBUTORS = f"{BASE}/CodeSystem/contributors"
EXPLANATIONS = f"{BASE}/CodeSystem/explanations"
MEDICINES = f"{BASE}/CodeSystem/medicines"
RED_FLAGS = f"{BASE}/CodeSystem/red-flags"
STATES = f"{BASE}/CodeSystem/states"
CASE = f"{BASE}/CodeSystem/case"
TIERS = f"{BASE}/CodeSystem/tiers"
CRITERIA = f"{BASE}/CodeSystem/criteria"
VERDICTS = f"{BASE}/CodeSystem/verdicts"
ERRORS = f"{BASE}/CodeSystem/errors"
REVIEW = f"{BASE}/CodeSystem/review-status"
ROLE = f"{BASE}/CodeSystem/role"  #: what a resource is to Soleus: `TOLD` or `ANSWER`, as a tag

ASSESS = f"{BASE}/OperationDefinition/assess"

TOLD = "told"  #: a fact of a case, read back literally
ANSWER = "answer"  #: what Soleus made of a case: never a fact about the person


def extension(name: str) -> str:
    """The address of an extension of ours, such as ``probability-interval``."""
    return f"{BASE}/StructureDefinition/{name}"
