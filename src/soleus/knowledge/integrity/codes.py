"""Codes have the form of their system, so that a slip of the pen is seen."""

from __future__ import annotations

import re
from collections.abc import Iterator

from soleus.evidence.record import Code
from soleus.knowledge.integrity.base import Base, Found, rule

_ICD10CM = r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?"
_FORMS = {
    "icd10cm": re.compile(rf"{_ICD10CM}(-{_ICD10CM})?"),
    "icd10": re.compile(r"[A-Z][0-9]{2}(\.[0-9]{1,2})?(-[A-Z][0-9]{2}(\.[0-9]{1,2})?)?"),
    "icd11": re.compile(r"[0-9A-Z][A-HJ-NP-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,2})?"),
    "icd9cm": re.compile(r"([0-9]{3}|V[0-9]{2}|E[0-9]{3})(\.[0-9]{1,2})?"),
    "snomed": re.compile(r"[1-9][0-9]{5,17}"),
    "loinc": re.compile(r"(LA)?[0-9]{1,7}-[0-9]"),
    "rxnorm": re.compile(r"[1-9][0-9]{0,7}"),
    "atc": re.compile(r"[A-DGHJLMNPRSV]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?"),
}


@rule
def codes_have_their_form(base: Base) -> Iterator[Found]:
    """ICD, LOINC, SNOMED CT, RxNorm and ATC codes look like codes of their system."""
    for kind, id, code in base.parts:
        if isinstance(code, Code) and not _FORMS[code.system].fullmatch(code.code):
            yield Found(kind, id, "codes", f"{code.code!r} is not of the form of {code.system}.", "Check the code.")


@rule
def check_digits_agree(base: Base) -> Iterator[Found]:
    """SNOMED CT codes and LOINC's codes of observations carry a check digit."""
    for kind, id, code in base.parts:
        if isinstance(code, Code) and not _agrees(code):
            yield Found(kind, id, "codes", f"The check digit of {code.code!r} is wrong.", "Look the code up again.")


def _agrees(code: Code) -> bool:
    digits = code.code.replace("-", "")
    return code.system not in _CHECKS or not digits.isdigit() or _CHECKS[code.system](digits)


def luhn(digits: str) -> bool:
    """The check digit of LOINC: doubled from the right, tens and units added."""
    doubled = [int(d) * (2 if n % 2 else 1) for n, d in enumerate(reversed(digits))]
    return sum(d // 10 + d % 10 for d in doubled) % 10 == 0


_TIMES = ((0, 1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 5, 7, 6, 2, 8, 3, 0, 9, 4))
_DIHEDRAL = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip


def verhoeff(digits: str) -> bool:
    """The check digit of SNOMED CT, by the dihedral group of ten elements."""
    at = 0
    for n, d in enumerate(reversed(digits)):
        value = int(d)
        for _ in range(n % 8):
            value = _TIMES[1][value]
        at = int(_DIHEDRAL[at][value])
    return at == 0


_CHECKS = {"loinc": luhn, "snomed": verhoeff}
