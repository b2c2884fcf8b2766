"""How a figure of a record is said in a sentence, and where it comes from. No number is kept here."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10
from typing import Any

import msgspec

from soleus.errors import KnowledgeError
from soleus.evidence.record import Basis, Estimate
from soleus.knowledge.loader import Knowledge, kinds
from soleus.knowledge.prose import FORMS, Figure
from soleus.knowledge.schema.care import Outcome, Ratio
from soleus.knowledge.schema.core import Contributor, Effect, Finding, Likelihood, Rate
from soleus.knowledge.schema.medicines import Fact
from soleus.reports.words import frequency


@dataclass(frozen=True)
class Said:
    """A figure in words, with the record that it comes from."""

    text: str
    kind: str
    id: str
    basis: Basis | None
    sources: tuple[str, ...]


@dataclass(frozen=True)
class _Amount:
    """A number as it was found: ``unit`` is '' for a bare one, proportion for a share, percent, ratio, or words."""

    value: float | None
    low: float | None = None
    high: float | None = None
    unit: str = ""
    n: int | None = None
    count: int | None = None
    comparator: float | None = None


def said(knowledge: Knowledge, figure: Figure) -> Said:
    """The figure in words. Raises `KnowledgeError` for a record, field or form that is not there."""
    record, path = record_of(knowledge, figure)
    text = _told(_amount(knowledge, record, path, figure), figure)
    basis, sources = getattr(record, "basis", None), tuple(getattr(record, "source", ()) or ())
    return Said(text, figure.kind, record.id, basis, sources or ((record.id,) if figure.kind == "source" else ()))


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


def _amount(knowledge: Knowledge, record: Any, path: tuple[str, ...], figure: Figure) -> _Amount:
    value: Any = record
    if isinstance(record, Likelihood):
        return _likelihood(knowledge, record, path, figure)
    for field in path:
        value = _field(value, field, figure)
    owner = record if path else None
    match value:
        case Fact():
            unit = "ratio" if value.unit == "ratio" else value.unit
            return _Amount(value.value, value.low, value.high, unit, value.n, value.count, value.comparator_value)
        case Effect():
            return _Amount(value.rho, value.low, value.high, "ratio")
        case Outcome():
            return _Amount(value.effect, value.low, value.high, _unit(value.unit), value.n)
        case Ratio():
            unit = "ratio" if path and path[-1].startswith("lr_") else "proportion"
            return _Amount(value.value, value.low, value.high, unit)
        case Estimate():
            return _Amount(value.value, value.low, value.high, "", value.n)
        case bool() | None:
            raise _wrong(figure, "no number there", "a field with a number")
        case int() | float():
            return _Amount(float(value), unit=_bare_unit(owner, path))
        case tuple() | dict():
            return _Amount(float(len(value)))
    if hasattr(value, "value") and isinstance(value.value, (int, float)):
        return _Amount(value.value, getattr(value, "low", None), getattr(value, "high", None))
    raise _wrong(figure, "no number there", "a record or field with a number")


def _likelihood(knowledge: Knowledge, record: Likelihood, path: tuple[str, ...], figure: Figure) -> _Amount:
    """The last word names a state; several are joined by a minus: ``…quality.cramp-tight``."""
    states = [s.id for s in knowledge.by_id(Finding)[record.finding].states]
    named = path[-1].split("-") if path else []
    if not named or not set(named) <= set(states):
        raise _wrong(figure, "no such state", f"one of {', '.join(states)}")
    return _Amount(sum(record.p[states.index(s)] for s in named), unit="proportion", n=record.n)


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
    if isinstance(owner, Contributor) and path[0] == "prevalence":
        return "proportion"
    if isinstance(owner, Rate) and path[0] == "per_100k":
        return "per_100000_person_years"
    if isinstance(owner, Effect) and path[0] in ("rho", "causal_rho", "low", "high"):
        return "ratio"
    if isinstance(owner, msgspec.Struct) and type(owner).__name__ in ("Source", "Term"):
        return "year"
    return ""


_PLAIN_UNITS = ("ratio", "rate ratio", "risk ratio", "odds ratio", "hazard ratio", "adjusted hazard ratio")


def _unit(unit: str | None) -> str:
    """The unit of an outcome as it is read after the number; remarks in brackets are left to the record."""
    plain = (unit or "").split(" (")[0].split(", ")[0]
    return "ratio" if plain in _PLAIN_UNITS else plain


def _told(a: _Amount, figure: Figure) -> str:
    if figure.form not in FORMS:
        raise _wrong(figure, f"form {figure.form}", f"one of {', '.join(FORMS)}")
    wanted = {"n": a.n, "count": a.count, "comparator": a.comparator}.get(figure.form, a.value)
    if wanted is None or (figure.form == "range" and (a.low is None or a.high is None)):
        raise _wrong(figure, "nothing recorded", "a figure in that form")
    if figure.form in ("n", "count"):
        return f"{int(wanted):,}"
    if figure.form == "frequency":
        return frequency(wanted).removeprefix("about ")
    if figure.form == "number":
        return number(wanted)
    if figure.form == "percent":
        return f"{number(wanted * 100)}%"
    if figure.form == "range":
        return _range(a)
    told = with_unit(wanted, a.unit)
    return f"{told} ({_range(a)})" if figure.form == "interval" and a.low is not None and a.high is not None else told


def _range(a: _Amount) -> str:
    low, high = a.low or 0.0, a.high or 0.0
    if a.unit == "proportion":
        return f"{number(low * 100)} to {number(high * 100)}%"
    say = ratio if a.unit == "ratio" else number
    return f"{say(low)} to {say(high)}"


def with_unit(value: float, unit: str) -> str:
    """A number with its unit in words: 0.22 of proportion is 22%."""
    if unit == "proportion":
        return f"{number(value * 100)}%"
    if unit == "year":
        return str(int(value))
    if unit == "ratio":
        return ratio(value)
    if unit in ("", "none", "proportion_of_variance", "fraction_of_mean"):
        return number(value)
    if unit == "percent":
        return f"{number(value)}%"
    return f"{number(value)} {_WORDS.get(unit, unit.replace('_', ' '))}"


_WORDS = {
    "per_100000_person_years": "per 100,000 a year",
    "per_1000_person_years": "per 1,000 a year",
    "per_week": "a week",
    "cramps_per_day": "cramps a day",
    "cramps/day": "cramps a day",
    "cramps/night": "cramps a night",
    "cramps/week": "cramps a week",
    "cramps_per_4_weeks": "cramps in four weeks",
    "cramps/4 weeks": "cramps in four weeks",
    "score_0_10": "of 10",
    "score_1_10": "of 10",
    "score_0_100": "of 100",
    "mm_vas_0_100": "of 100",
    "minutes_maximum": "minutes",
    "ng_per_mL": "ng/mL",
    "mEq_per_L": "mEq/L",
    "mg/day": "mg a day",
    "min": "minutes",
}


def ratio(value: float) -> str:
    """Two decimals below ten, because a ratio of 1.04 is not one of 1."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if 0.095 <= value < 9.995 else number(value)


def number(value: float) -> str:
    """Two significant figures, whole from ten on, three from a thousand on; never an exponent."""
    size = abs(value)
    if size == 0:
        return "0"
    digits = 2 if size < 1000 else 3
    places = max(0, digits - 1 - floor(log10(size)))
    rounded = round(size, digits - 1 - floor(log10(size))) if size >= 1000 else round(size, places)
    text = f"{rounded:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"−{text}" if value < 0 else text
