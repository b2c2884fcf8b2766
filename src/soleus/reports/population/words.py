"""How figures of a database are said."""

from __future__ import annotations

from typing import TypeAlias

from soleus.population.reporting.form import FrequencyPart, Report
from soleus.reports.words import date_words, join

SEXES = {"female": "Women", "male": "Men", "unknown": "Sex not known"}
HIDDEN = "hidden"

Three: TypeAlias = tuple[float | None, float | None, float | None]


def count(number: int | None) -> str:
    """A count, or that it is hidden."""
    return HIDDEN if number is None else f"{number:,}"


def concepts(number: int) -> str:
    return "1 concept" if number == 1 else f"{number:,} concepts"


def interval(value: float | None, low: float | None, high: float | None, nothing: str = "none") -> str:
    """2.14 (1.66–2.72); ``nothing`` where there is no figure."""
    if value is None or low is None or high is None:
        return nothing
    return f"{short(value)} ({short(low)}–{short(high)})"


def short(value: float) -> str:
    """A figure in about three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def lead(report: Report) -> str:
    """The answer in a few sentences."""
    people = next((s for s in report.quality.sizes if s.table == "person"), None)
    period = next((s for s in report.quality.sizes if s.table == "period"), None)
    told = [f"{count(people.people if people else None)} people"]
    if period and period.first and period.last:
        told.append(f"seen from {date_words(str(period.first))} to {date_words(str(period.last))}")
    seen = [_told(part) for part in report.frequencies.sets if part.total]
    unseen = [part.name.lower() for part in report.frequencies.sets if not part.total]
    return (
        f"{', '.join(told)}."
        + (f" New ones in 1,000 person-years: {'; '.join(seen)}." if seen else "")
        + (f" Nobody can be seen to have {join(unseen, 'or')}." if unseen else "")
    )


def _told(part: FrequencyPart) -> str:
    total = part.total
    if total is None or total.cases is None:
        return f"{part.name.lower()} {HIDDEN}"
    rate = interval(total.incidence, total.incidence_low, total.incidence_high)
    return f"{part.name.lower()} {rate}, {count(total.cases)} people"


def meta(report: Report) -> str:
    parts = [*dict.fromkeys(v for v in report.about.values() if v), f"made on {date_words(str(report.made_on))}"]
    return " · ".join(parts)


def method(report: Report) -> tuple[str, ...]:
    """How it was made and what it cannot say."""
    made = report.made
    return (
        f"Read as {made.kind.upper()} by {made.engine}; the database was only read. Fingerprint of what was read: "
        f"{made.input[:16]}. The same database, code and knowledge give the same figures.",
        f"Counts from 1 to {made.least - 1} are hidden, others that would give them away, and what is made of them."
        if made.least > 1
        else "No count is hidden: this report is not for passing on.",
        "A record is not a diagnosis, and no record is not health: people who do not come, or whose doctor codes "
        "otherwise, are not seen. Cramps are coded far less often than people have them.",
        "Prevalence: of those under observation in a year, the share with an era in it. Incidence: first eras ever "
        "after the stated days of observation, per person-year at risk. Intervals of 95 %: Wilson for shares, Byar "
        "for rates. Over several years a person counts once in each.",
    )


def age_words(band: str | None) -> str:
    """A band of age: 18–39, 80 and over."""
    return "age not known" if band in (None, "unknown") else str(band).replace("-", "–").replace("+", " and over")


def times(factor: float, *values: float | None) -> Three:
    """A value and the ends of its interval, times a factor."""
    value, low, high = (None if v is None else factor * v for v in values)
    return value, low, high
