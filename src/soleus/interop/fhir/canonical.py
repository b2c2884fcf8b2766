"""The addresses by which our FHIR artefacts are known. They are names: nothing is fetched from them."""

from __future__ import annotations

#: ``.example`` is reserved (RFC 2606): no one can come to own the names before the project has a domain of its own.
BASE = "https://soleus.example/fhir"

FINDINGS = f"{BASE}/CodeSystem/findings"
CONTRIBUTORS = f"{BASE}/CodeSystem/contributors"
EXPLANATIONS = f"{BASE}/CodeSystem/explanations"
MEDICINES = f"{BASE}/CodeSystem/medicines"
RED_FLAGS = f"{BASE}/CodeSystem/red-flags"


def extension(name: str) -> str:
    """The address of an extension of ours, such as ``probability-interval``."""
    return f"{BASE}/StructureDefinition/{name}"
