"""Recognising medicines by brand, generic name, salt, class or code, and placing them in time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from soleus.clinical.case import Medicine as Given
from soleus.clinical.timeline import days_between
from soleus.errors import InvalidValue
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Finding
from soleus.knowledge.schema.medicines import Judgement, Medicine
from soleus.reasoning.compiled import normal_form


@dataclass(frozen=True)
class Recognised:
    """A medicine of the case, matched or not, with its place in time.

    ``counts``: taken now and not begun after the complaint, so that it can bear on it. ``days_before_onset`` is
    from its start to the complaint (negative: begun after), None where a date is missing.
    """

    given: Given
    record: Medicine | None
    classes: frozenset[str]
    contributors: tuple[str, ...]
    current: bool
    new: bool
    days_before_onset: float | None
    after_stopping: tuple[str, ...] = ()  # contributors of somebody who stopped it a short while ago

    @property
    def counts(self) -> bool:
        return self.current and not (self.days_before_onset is not None and self.days_before_onset < 0)


class MedicineIndex:
    """The medicines of a knowledge base by every name and code."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.records = knowledge.by_id(Medicine)
        self._names = knowledge.once(_names)
        self._codes = knowledge.once(_codes)
        self._new_days = knowledge.once(_new_days)

    def find(self, name: str, code: str | None = None, system: str | None = None) -> Medicine | None:
        """The medicine of a name such as "Seretide 250 inhaler" or of a code; the longest name inside wins."""
        target = self._codes.get((system or "", code)) if code else None
        if target is None and code and system == "atc":
            target = self._by_atc(code)
        target = target or self._names.get(normal_form(name)) or self._inside(normal_form(name).split())
        return self.records[target] if target else None

    def find_all(self, name: str, code: str | None = None, system: str | None = None) -> tuple[Medicine, ...]:
        """Every medicine in a name with several ingredients: "lisinopril 10 MG / hydrochlorothiazide 12.5 MG"."""
        whole = self.find(name, code, system)
        if whole is not None and (code or normal_form(name) in self._names):
            return (whole,)
        parts = re.split(r"\s*[/+]\s*(?=[A-Za-z])|\s+(?:and|with)\s+", name)
        found = [m for part in parts if (m := self.find(part)) is not None]
        return tuple({m.id: m for m in found}.values()) or ((whole,) if whole else ())

    def _by_atc(self, code: str) -> str | None:
        fits = [(len(c), m) for (s, c), m in self._codes.items() if s == "atc" and code.startswith(c)]
        return max(fits)[1] if fits else None

    def _inside(self, words: list[str]) -> str | None:
        for size in range(min(len(words), 5), 0, -1):
            for start in range(len(words) - size + 1):
                part = " ".join(words[start : start + size])
                if len(part) > 3 and part in self._names:
                    return self._names[part]
        return None

    def lineage(self, medicine: Medicine) -> Iterator[Medicine]:
        """The medicine and its classes, the closest first."""
        yield medicine
        for parent in medicine.member_of:
            if parent in self.records:
                yield from self.lineage(self.records[parent])

    def contributors(self, medicine: Medicine) -> tuple[str, ...]:
        """Contributors of the medicine, or of the first class that has some."""
        return next((m.contributors for m in self.lineage(medicine) if m.contributors), ())

    def judgement(self, medicine: Medicine, symptom: str) -> Judgement | None:
        """What is known of the medicine and ``cramp`` or ``restless_legs``, its own or the first class's."""
        return next((j for m in self.lineage(medicine) if (j := getattr(m, symptom)) is not None), None)

    def field(self, medicine: Medicine, name: str) -> object:
        """The value of a field that falls back on the classes."""
        return next((v for m in self.lineage(medicine) if (v := getattr(m, name))), None)

    def recognise(self, given: Given, as_of: str | None, onset: str | None, where: str) -> Recognised:
        """The medicine as matched; dates decide whether it is current and new."""
        records = self.find_all(given.name, given.code, given.system)
        record = records[0] if records else None
        if given.started and given.stopped and days_between(given.started, given.stopped, f"{where}.stopped") < 0:
            raise InvalidValue(where, "stopped before it was started", "dates in order", "Correct them.")
        current = given.stopped is None or (as_of is not None and given.stopped > as_of)
        before = _signed_days(given.started, onset)
        age_days = days_between(given.started, as_of, f"{where}.started") if given.started and as_of else None
        lead = before if before is not None else age_days
        return Recognised(
            given=given,
            record=record,
            classes=frozenset(m.id for r in records for m in self.lineage(r)),
            contributors=tuple(dict.fromkeys(c for r in records for c in self.contributors(r))),
            current=current,
            new=self._new_days is not None and lead is not None and 0 <= lead < self._new_days,
            days_before_onset=before,
            after_stopping=self._after_stopping(record, given.stopped, as_of) if not current else (),
        )

    def _after_stopping(self, record: Medicine | None, stopped: str | None, as_of: str | None) -> tuple[str, ...]:
        """The contributors that stopping the medicine brings, while they last."""
        if record is None or not stopped or not as_of:
            return ()
        source = next((m for m in self.lineage(record) if m.stopping), None)
        if source is None or source.stopping_days is None:
            return ()
        return source.stopping if days_between(stopped, as_of, "medicines") <= source.stopping_days else ()


def _names(knowledge: Knowledge) -> dict[str, str]:
    """Every name of a medicine in normal form -> the medicine; the first that bears it."""
    out: dict[str, str] = {}
    for m in knowledge.all(Medicine):
        for name in (m.id, m.name, *m.names):
            out.setdefault(normal_form(name), m.id)
    return out


def _codes(knowledge: Knowledge) -> dict[tuple[str, str], str]:
    return {(c.system, c.code): m.id for m in knowledge.all(Medicine) for c in m.codes}


def _new_days(knowledge: Knowledge) -> float | None:
    """Days for which a medicine counts as new."""
    record = knowledge.by_id(Finding).get("new_medicine")
    return next((s.below for s in record.states if s.below), None) if record else None


def medicine_index(knowledge: Knowledge) -> MedicineIndex:
    """The index of a knowledge base, made once."""
    return knowledge.once(MedicineIndex)


def _signed_days(started: str | None, onset: str | None) -> float | None:
    if not started or not onset:
        return None
    if started == onset or onset.startswith(started) or started.startswith(onset):
        return 0.0
    if started < onset:
        return days_between(started, onset, "medicines")
    return -days_between(onset, started, "medicines")
