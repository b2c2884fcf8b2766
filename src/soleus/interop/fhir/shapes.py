"""FHIR's elements as they come: a value of the wrong type is as good as none, and nothing here raises."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from soleus.evidence.record import SYSTEM_NAMES
from soleus.interop.fhir import canonical
from soleus.reasoning.citing import SYSTEMS

_DATE = re.compile(
    r"^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|[+-]\d{2}:?\d{2})?)?$"
)
_SYSTEMS = (
    ("icd-10-cm", "icd10cm"), ("2.16.840.1.113883.6.90", "icd10cm"), ("icd-10", "icd10"),
    ("2.16.840.1.113883.6.3", "icd10"), ("icd-9-cm", "icd9cm"), ("id.who.int/icd", "icd11"),
    ("snomed.info", "snomed"), ("2.16.840.1.113883.6.96", "snomed"), ("loinc.org", "loinc"),
    ("2.16.840.1.113883.6.1", "loinc"), ("rxnorm", "rxnorm"), ("2.16.840.1.113883.6.88", "rxnorm"),
    ("whocc.no", "atc"), ("/atc", "atc"), ("2.16.840.1.113883.6.73", "atc"),
)  # fmt: skip
#: our own code systems, for resources that were made with the codes of the knowledge base
OWN = {
    canonical.FINDINGS: "finding", canonical.CONTRIBUTORS: "contributor", canonical.EXPLANATIONS: "explanation",
    canonical.MEDICINES: "medicine", canonical.STATES: "state",
}  # fmt: skip
SYSTEM_OF = {address: name for name, address in SYSTEMS.items()}
_NUMBER = re.compile(r"^[+-]?\d{1,12}(\.\d{1,12})?$")


@dataclass(frozen=True)
class Coding:
    """A code with the system in our words (empty: some other system)."""

    system: str
    code: str
    display: str


@dataclass(frozen=True)
class Concept:
    """What a CodeableConcept says: its codes, and its names (text first, then displays)."""

    codings: tuple[Coding, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def coded_in(self) -> str:
        """The code systems, or "text": all that is told of what was not used."""
        systems = sorted({SYSTEM_NAMES.get(c.system, "another code system") for c in self.codings if c.code})
        return " and ".join(systems) or ("text" if self.names else "no code and no text")

    def __bool__(self) -> bool:
        return bool(self.codings or self.names)


@dataclass(frozen=True, order=True)
class Moment:
    """A date or time: ``key`` orders (in UTC where a time zone is given), ``day`` is the date as written."""

    key: str
    day: str


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: Any) -> list[Any]:
    """The elements of a list; a single element where a list should be is taken as a list of one."""
    if isinstance(value, list):
        return [v for v in value if v is not None]
    return [] if value is None else [value]


def word(value: Any) -> str:
    """The text without blanks around it; an empty one for anything but text. Half characters become question marks."""
    return value.encode("utf-8", "replace").decode().strip() if isinstance(value, str) else ""


def coding(value: Any) -> Coding | None:
    """One coding; None where it has neither a code nor a display."""
    found = mapping(value)
    system = word(found.get("system"))
    known = OWN.get(system) or next((name for part, name in _SYSTEMS if part in system.lower()), "")
    code = found.get("code")
    code = str(code) if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 10**20 else word(code)
    display = word(found.get("display"))
    return Coding(known, code, display) if code or display else None


def concept(value: Any) -> Concept:
    """A CodeableConcept, a CodeableReference's concept (R5), a Coding or plain text."""
    if isinstance(value, str):
        return Concept((), (word(value),) if word(value) else ())
    found = mapping(value)
    if "concept" in found:
        found = mapping(found["concept"])
    written = items(found.get("coding")) or ([found] if "code" in found else [])
    codings = tuple(c for v in written if (c := coding(v)))
    names = (word(found.get("text")), *(c.display for c in codings))
    return Concept(codings, tuple(dict.fromkeys(n for n in names if n)))


def moment(value: Any) -> Moment | None:
    """A FHIR date, dateTime or instant; None for anything else, and for a day that does not exist."""
    text = word(value)
    parts = _DATE.match(text)
    if not parts:
        return None
    year, month, dom, time, zone = parts.groups()
    try:
        datetime.date(int(year), int(month or 1), int(dom or 1))
        day = "-".join(p for p in (year, month, dom) if p)
        return Moment(_key(day, time, zone) if dom and time else day, day)
    except (ValueError, OverflowError):
        return None


def _key(day: str, time: str, zone: str | None) -> str:
    written = datetime.datetime.fromisoformat(f"{day}T{time[:8]}")
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        written -= sign * datetime.timedelta(hours=hours, minutes=minutes)
    return written.isoformat()


def period(value: Any) -> tuple[Any, Any]:
    """Start and end of a Period."""
    found = mapping(value)
    return found.get("start"), found.get("end")


def reference(value: Any) -> str:
    """A reference without its server and version: ``Patient/1``, ``#med``, or the uuid."""
    found = mapping(value).get("reference")
    if isinstance(found, dict):  # CodeableReference (R5)
        found = found.get("reference")
    return plain_reference(word(found))


def plain_reference(text: str) -> str:
    """The last two steps of an address, or the uuid of an urn."""
    text = text.split("/_history/")[0]
    if text.startswith(("urn:uuid:", "urn:oid:")):
        return text.split(":", 2)[2]
    return "/".join(text.rstrip("/").split("/")[-2:])


def tail(text: str) -> str:
    """The id of a plain reference."""
    return text.rsplit("/", 1)[-1]


def number_of(value: Any) -> float | None:
    """A number, also where it was written as text; None for anything else."""
    if isinstance(value, str):
        return float(value) if _NUMBER.match(value.strip()) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def value_of(element: dict[str, Any]) -> tuple[str, Any]:
    """The name after "value" and the value of a choice element; empty where there is none."""
    for key, found in element.items():
        if key.startswith("value") and found is not None and key[5:6].isupper():
            return key[5:], found
    return "", None


def walk(found: list[Any], most: int = 10_000) -> Iterator[dict[str, Any]]:
    """Every item of a questionnaire response, inner ones too, without recursion."""
    waiting = list(reversed(found))
    while waiting and most:
        item = mapping(waiting.pop())
        most -= 1
        inner = items(item.get("item"))
        for answer in items(item.get("answer")):
            inner += items(mapping(answer).get("item"))
        waiting.extend(reversed(inner))
        yield item
