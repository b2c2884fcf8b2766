"""Who it is about: age, sex, country, pregnancy, medicines and conditions. All of it may stay unknown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from soleus.clinical.case import Condition
from soleus.errors import InputError
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.schema.core import Contributor
from soleus.knowledge.schema.medicines import Medicine
from soleus.knowledge.schema.safety import EmergencyNumber
from soleus.reasoning import interview
from soleus.reasoning.compiled import Compiled
from soleus.reasoning.intake import find_contributor
from soleus.reasoning.medicines import medicine_index
from soleus.web.catalogue import text, texts
from soleus.web.form import Form, Visit

MOST_LINES, MOST_LINE = 60, 120
_OLDEST = 120  # as `case.Age`
SEXES = ("female", "male")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a field, in words for its reader."""

    field: str
    message: str


# --- age, sex, country ------------------------------------------------------------------------------------------------


def countries(compiled: Compiled) -> tuple[tuple[str, str], ...]:
    """(code, name) of every country whose emergency number is known, by name."""
    known = [n.country for n in compiled.knowledge.all(EmergencyNumber) if n.country]
    named = [(c, texts().get(f"country.{c}", c)) for c in known]
    return tuple(sorted(named, key=lambda pair: pair[1]))


def read_person(visit: Visit, form: Form, compiled: Compiled) -> tuple[Visit, tuple[Fault, ...]]:
    """The visit with the person that a form tells of; faults where it cannot be."""
    told, years = form.typed("age").strip().replace(",", "."), None
    if told:
        years = _years(told)
        if years is None:
            return visit, (Fault("age", text("interview.age_fault", most=_OLDEST)),)
    person = {k: v for k, v in visit.state.case.get("person", {}).items() if k not in ("age", "birth_date", "sex")}
    person |= {"age": years} if years is not None else {}
    person |= {"sex": form.one("sex")} if form.one("sex") in SEXES else {}
    if not may_be_pregnant(person, compiled):
        person = {k: v for k, v in person.items() if k in ("age", "sex")}
    case = {k: v for k, v in visit.state.case.items() if k != "country"}
    if form.one("country") in dict(countries(compiled)):
        case["country"] = form.one("country")
    return visit.with_state(case={**case, "person": person}), ()


def _years(told: str) -> float | None:
    if not re.fullmatch(r"\d{1,3}(\.\d{1,2})?", told, re.ASCII):
        return None
    years = float(told)
    if years > _OLDEST:
        return None
    return int(years) if years.is_integer() else years


def may_be_pregnant(person: dict[str, Any], compiled: Compiled) -> bool:
    """Whether it makes sense to ask: a girl or woman of an age that the knowledge base names, or not known."""
    return interview.may_be_pregnant(compiled, person.get("age"), person.get("sex"))


def read_pregnant(visit: Visit, form: Form) -> Visit:
    """The visit with the answer about pregnancy; anything but yes and no is not known."""
    person = {k: v for k, v in visit.state.case.get("person", {}).items() if k != "pregnant"}
    answer = {"yes": True, "no": False}.get(form.one("reply"))
    person |= {"pregnant": answer} if answer is not None else {}
    return visit.with_state(case={**visit.state.case, "person": person})


# --- medicines and conditions -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """What was written and what it was taken for; ``known`` is empty where it was not recognised."""

    written: str
    known: tuple[str, ...]


@dataclass(frozen=True)
class Health:
    """The lists as they were written, and line by line."""

    medicines: tuple[Line, ...]
    conditions: tuple[Line, ...]

    @property
    def all(self) -> tuple[Line, ...]:
        return (*self.medicines, *self.conditions)


def lines(written: str) -> tuple[str, ...]:
    """One thing a line, each once; commas part things too."""
    parts = (" ".join(p.split())[:MOST_LINE] for p in re.split(r"[\n;]|,(?!\d)", written))
    return tuple(dict.fromkeys(p for p in parts if p))[:MOST_LINES]


def health(compiled: Compiled, medicines: tuple[str, ...], conditions: tuple[str, ...]) -> Health:
    """What the lines were taken for."""
    index = medicine_index(compiled.knowledge)
    drugs = tuple(Line(m, tuple(r.name for r in index.find_all(m))) for m in medicines)
    return Health(drugs, tuple(Line(c, _condition(compiled, c)) for c in conditions))


def _condition(compiled: Compiled, written: str) -> tuple[str, ...]:
    found = find_contributor(compiled, Condition(name=written))
    return (compiled.contributors[found].patient_name,) if found else ()


def written(visit: Visit, name: str) -> tuple[str, ...]:
    """The names of a list of the case."""
    listed = visit.state.case.get(name, ())
    return tuple(str(x["name"] if isinstance(x, dict) else x) for x in listed)


def read_health(visit: Visit, form: Form, compiled: Compiled) -> tuple[Visit, tuple[Fault, ...]]:
    """The visit with both lists; what a list cannot hold together with what was told is a fault."""
    case = dict(visit.state.case)
    for name in ("medicines", "conditions"):
        case[name] = _merged(case.get(name, ()), lines(form.typed(name)))
    found = visit.with_state(case=case)
    try:
        found.interview(compiled).judged()
    except InputError as error:
        return visit, (Fault("conditions", f"{error.expected[:1].upper()}{error.expected[1:]}. {error.repair}"),)
    return found, ()


def _merged(before: Any, now: tuple[str, ...]) -> list[Any]:
    """The new list; an entry that was there already keeps its dates and codes."""
    rich = {x["name"]: x for x in before if isinstance(x, dict)}
    return [rich.get(name, name) for name in now]


def names(compiled: Compiled) -> dict[str, list[str]]:
    """Names to choose from while typing."""
    return compiled.knowledge.once(_names)


def _names(knowledge: Knowledge) -> dict[str, list[str]]:
    drugs = {n for m in knowledge.all(Medicine) for n in (m.name, *m.names)}
    listed = [c for c in knowledge.all(Contributor) if c.kind != "medicine"]
    told = {c.patient_name for c in listed} | {s for c in listed for s in c.synonyms}
    return {"medicines": sorted(drugs, key=str.casefold), "conditions": sorted(told, key=str.casefold)}
