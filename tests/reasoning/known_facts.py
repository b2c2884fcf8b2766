"""Facts for tests: what is written is known, everything else is not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from soleus.knowledge.loader import DATA, read_folder

_PERSON = ("age", "sex", "pregnant", "has", "lacks", "takes")


@cache
def _all() -> dict[str, tuple[Any, ...]]:
    return read_folder(DATA)


def records(kind: str) -> tuple[Any, ...]:
    """The records of a kind in the shipped data files."""
    return _all()[kind]


@cache
def findings() -> dict[str, Any]:
    return {f.id: f for f in records("finding")}


class KnownFacts:
    """Rules' facts from a flat mapping: finding ids, and age, sex, pregnant, has, lacks, takes."""

    setting = "primary_care"

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = {k: v for k, v in known.items() if k not in _PERSON}
        self.age: float | None = known.get("age")
        self.sex: str | None = known.get("sex")
        self.pregnant: bool | None = known.get("pregnant")
        self._has: Iterable[str] = known.get("has", ())
        self._lacks: Iterable[str] = known.get("lacks", ())
        self._takes: Iterable[str] | None = known.get("takes")

    def state(self, finding: str) -> str | None:
        value = self._known.get(finding)
        return value if isinstance(value, str) else None

    def absent_state(self, finding: str) -> str | None:
        absent = findings()[finding].absent
        return None if absent is None else str(absent)

    def number(self, finding: str) -> float | None:
        value = self._known.get(finding)
        return float(value) if isinstance(value, int | float) else None

    def has(self, contributor: str) -> bool | None:
        return True if contributor in self._has else False if contributor in self._lacks else None

    def takes(self, medicine: str) -> bool | None:
        return None if self._takes is None else medicine in self._takes

    def probability(self, explanation: str) -> float | None:
        raise AssertionError(f"a red flag or criterion asked for the probability of {explanation}")
