"""The number behind a figure that prose names: which record holds it, and its value, interval and unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from soleus.errors import KnowledgeError
from soleus.evidence.record import Estimate
from soleus.knowledge.loader import Knowledge, kinds
from soleus.knowledge.prose import FORMS, Figure
from soleus.knowledge.schema.care import Outcome, Ratio
from soleus.knowledge.schema.core import Contributor, Effect, Finding, Likelihood, Rate
from soleus.knowledge.schema.medicines import Fact


@dataclass(frozen=True)
class Amount:
    """A number as it was found: ``unit`` is '' for a bare one, proportion for a share, percent, ratio, or words.

    ``n``: the people it was measured in; ``count``: the cases among them; ``comparator``: the same in the other group.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int | None = None
    count: int | None = None
    comparator: float | None = None


def named(knowledge: Knowledge, figure: Figure) -> tuple[Any, Amount]:
    """The record that a figure names, and its number. Raises `KnowledgeError` for a record, field or form that is
    not there.
    """
    record, path = record_of(knowledge, figure)
    found = _amount(knowledge, record, path, figure)
    _check_form(found, figure)
    return record, found


def record_of(knowledge: Knowledge, figure: Figure) -> tuple[Any, tuple[str, ...]]:
    """The record that a figure names, by the longest id that fits, and the fields after it."""
    structure = kinds().get(figure.kind)
    if structure is not None:
        known = knowledge.by_id(structure)
        parts = figure.id.split(".")
        for end in range(len(parts), 0, -1):
            if (found := known.get(".".join(parts[:end]))) is not None:
                return found, tuple(parts[end:])
    raise _wrong(figure, "no such record", "a kind and id of the knowledge base")


def _wrong(figure: Figure, found: str, expected: str) -> KnowledgeError:
    where = f"{{{figure.kind}:{figure.id}|{figure.form}}}"
    return KnowledgeError(where, found, expected, "Correct the prose, or add the record.")


def _check_form(a: Amount, figure: Figure) -> None:
    if figure.form not in FORMS:
        raise _wrong(figure, f"form {figure.form}", f"one of {', '.join(FORMS)}")
    wanted = {"n": a.n, "count": a.count, "comparator": a.comparator}.get(figure.form, a.value)
    if figure.form == "range":
        wanted = None if a.low is None else a.high
    if wanted is None:
        raise _wrong(figure, "nothing recorded", "a figure in that form")


def _amount(knowledge: Knowledge, record: Any, path: tuple[str, ...], figure: Figure) -> Amount:
    value: Any = record
    if isinstance(record, Likelihood):
        return _likelihood(knowledge, record, path, figure)
    for field in path:
        value = _field(value, field, figure)
    match value:
        case Fact():
            return Amount(value.value, value.low, value.high, value.unit, value.n, value.count, value.comparator_value)
        case Effect():
            return Amount(value.rho, value.low, value.high, "ratio")
        case Outcome():
            return Amount(value.effect, value.low, value.high, plain_unit(value.unit), value.n)
        case Ratio():
            unit = "ratio" if path and path[-1].startswith("lr_") else "proportion"
            return Amount(value.value, value.low, value.high, unit)
        case Estimate():
            return Amount(value.value, value.low, value.high, "", value.n)
        case bool() | None:
            raise _wrong(figure, "no number there", "a field with a number")
        case int() | float():
            return Amount(float(value), unit=_bare_unit(record, path))
        case tuple() | dict():
            return Amount(float(len(value)))
    if hasattr(value, "value") and isinstance(value.value, (int, float)):
        return Amount(value.value, getattr(value, "low", None), getattr(value, "high", None))
    raise _wrong(figure, "no number there", "a record or field with a number")


def _likelihood(knowledge: Knowledge, record: Likelihood, path: tuple[str, ...], figure: Figure) -> Amount:
    """The last word names a state; several are joined by a minus: ``…quality.cramp-tight``."""
    states = [s.id for s in knowledge.by_id(Finding)[record.finding].states]
    told = path[-1].split("-") if path else []
    if not told or not set(told) <= set(states):
        raise _wrong(figure, "no such state", f"one of {', '.join(states)}")
    return Amount(sum(record.p[states.index(s)] for s in told), unit="proportion", n=record.n)


def _field(value: Any, field: str, figure: Figure) -> Any:
    try:
        if isinstance(value, tuple):
            return value[int(field)]
        return value[field] if isinstance(value, dict) else getattr(value, field)
    except (AttributeError, IndexError, KeyError, ValueError):
        names = (
            list(value) if isinstance(value, dict) else getattr(value, "__struct_fields__", ("a number of the list",))
        )
        raise _wrong(figure, f"no field {field}", f"one of {', '.join(names)}") from None


def _bare_unit(owner: Any, path: tuple[str, ...]) -> str:
    """The unit of a number that stands in a field without one."""
    if isinstance(owner, Contributor) and path[0] == "prevalence":
        return "proportion"
    if isinstance(owner, Rate) and path[0] == "per_100k":
        return "per_100000_person_years"
    if isinstance(owner, Effect) and path[0] in ("rho", "causal_rho", "low", "high"):
        return "ratio"
    if isinstance(owner, msgspec.Struct) and type(owner).__name__ in ("Source", "Term"):
        return "year"
    return ""


_RATIOS = ("ratio", "rate ratio", "risk ratio", "odds ratio", "hazard ratio", "adjusted hazard ratio")


def plain_unit(unit: str | None) -> str:
    """The unit of an outcome as it is read after the number; remarks in brackets are left to the record."""
    plain = (unit or "").split(" (")[0].split(", ")[0]
    return "ratio" if plain in _RATIOS else plain
