"""Code systems of databases in our words, and numbers for codes that have none."""

from __future__ import annotations

import hashlib

#: Names of vocabularies in OMOP -> the system of `soleus.evidence.record.Code`; the others keep their own name.
VOCABULARIES = {
    "SNOMED": "snomed", "RxNorm": "rxnorm", "RxNorm Extension": "rxnorm extension", "ATC": "atc", "LOINC": "loinc",
    "ICD10CM": "icd10cm", "ICD10": "icd10", "ICD9CM": "icd9cm",
}  # fmt: skip
_ADDRESSES = (
    ("icd-10-cm", "icd10cm"), ("2.16.840.1.113883.6.90", "icd10cm"), ("icd-10", "icd10"),
    ("2.16.840.1.113883.6.3", "icd10"), ("icd-9-cm", "icd9cm"), ("id.who.int/icd", "icd11"),
    ("snomed.info", "snomed"), ("2.16.840.1.113883.6.96", "snomed"), ("loinc.org", "loinc"), ("rxnorm", "rxnorm"),
    ("2.16.840.1.113883.6.88", "rxnorm"), ("whocc.no", "atc"), ("/atc", "atc"), ("2.16.840.1.113883.6.73", "atc"),
)  # fmt: skip


def system_of_address(address: str) -> str:
    """The system behind an address of FHIR; an unknown one stays as it is."""
    return next((name for part, name in _ADDRESSES if part in address.lower()), address)


def concept_number(system: str, code: str) -> int:
    """The number of a code that has no concept_id: the same on every machine, above every concept_id of OMOP."""
    return number_of(f"{system}|{code}") | 1 << 62


def number_of(text: str) -> int:
    """A positive int64 for a text, such as the id of a person.

    Among 10^8 people two share one with a chance of about 1 in 2,000.
    """
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big") >> 1
