"""What was told, in words: for the letter, and beside the code that hands the case over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from soleus.clinical.case import Case, Medicine
from soleus.reasoning import words
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import Presentation, take_in
from soleus.reasoning.medicines import medicine_index


@dataclass(frozen=True)
class Sayings:
    """``there``: what is felt or seen; ``not_there``: what was denied; conditions and medicines as they were named."""

    person: str
    there: tuple[str, ...]
    not_there: tuple[str, ...]
    conditions: tuple[str, ...]
    no_conditions: tuple[str, ...]
    medicines: tuple[str, ...]


def sayings(case: Case, compiled: Compiled, *, patient: bool = True) -> Sayings:
    """What a case tells, each thing once. Raises `InputError` for what cannot be read."""
    taken = take_in(case, compiled, medicine_index(compiled.knowledge), empty=True)
    return Sayings(
        person=words.person(taken[0]),
        there=_once(_observed(p, patient, denied=False) for p in taken),
        not_there=_once(_observed(p, patient, denied=True) for p in taken),
        conditions=_once(_said(p, patient, present=True) for p in taken),
        no_conditions=_once(_said(p, patient, present=False) for p in taken),
        medicines=tuple(dict.fromkeys(map(_medicine, case.medicines))),
    )


def _once(parts: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(said for part in parts for said in part))


def _observed(p: Presentation, patient: bool, *, denied: bool) -> Iterable[str]:
    for f, seen in p.observations.items():
        record = p.compiled.findings[f]
        if (seen.state == record.absent) is denied:
            yield words.lower_first(record.name) if denied else words.observed(record, seen.state, patient)


def _said(p: Presentation, patient: bool, *, present: bool) -> Iterable[str]:
    by_medicine = {c for m in p.medicines for c in (*m.contributors, *m.after_stopping)}
    for c, so in p.said.items():
        if so is present and c not in by_medicine:
            record = p.compiled.contributors[c]
            yield record.patient_name if patient else record.name


def _medicine(given: Medicine | str) -> str:
    if isinstance(given, str):
        return given
    parts = (given.name, given.dose, f"(stopped {given.stopped})" if given.stopped else None)
    return " ".join(p for p in parts if p)
