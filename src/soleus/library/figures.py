"""How a figure of a record is said in a sentence, and where it comes from. No number is kept here."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log10

from soleus.evidence.record import Basis
from soleus.knowledge.amounts import Amount, named, record_of
from soleus.knowledge.loader import Knowledge
from soleus.knowledge.prose import Figure
from soleus.reports.words import frequency

__all__ = ["Said", "number", "ratio", "record_of", "said", "told", "with_unit"]


@dataclass(frozen=True)
class Said:
    """A figure in words, with the record that it comes from."""

    text: str
    kind: str
    id: str
    basis: Basis | None
    sources: tuple[str, ...]


def said(knowledge: Knowledge, figure: Figure) -> Said:
    """The figure in words. Raises `KnowledgeError` for a record, field or form that is not there."""
    record, amount = named(knowledge, figure)
    basis, sources = getattr(record, "basis", None), tuple(getattr(record, "source", ()) or ())
    own = (record.id,) if figure.kind == "source" else ()
    return Said(told(amount, figure.form), figure.kind, record.id, basis, sources or own)


def told(a: Amount, form: str = "plain") -> str:
    """A number in one of the forms of `soleus.knowledge.prose`; '' where it has none in that form."""
    wanted = {"n": a.n, "count": a.count, "comparator": a.comparator}.get(form, a.value)
    if form == "range":
        return _range(a)
    if wanted is None:
        return ""
    if form in ("n", "count"):
        return f"{int(wanted):,}"
    if form == "frequency":
        return frequency(wanted).removeprefix("about ")
    if form == "number":
        return number(wanted)
    if form == "percent":
        return f"{number(wanted * 100)}%"
    text = with_unit(wanted, a.unit)
    return f"{text} ({_range(a)})" if form == "interval" and a.low is not None and a.high is not None else text


def _range(a: Amount) -> str:
    if a.low is None or a.high is None:
        return ""
    low, high = a.low, a.high
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
