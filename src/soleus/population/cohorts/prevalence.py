"""How common something is, and how often it begins: by calendar year, sex and age, with the denominators.

Everybody who is under observation for a day of a year belongs to that year. Age is that on 1 July. Prevalence: of these
people, those with an era (`soleus.population.databases.spans`) on a day of the year on which they were seen. Incidence:
people whose first era ever begins while they are at risk, per person-year at risk: from ``prior_observation_days``
after a stretch of observation begins to its end or the first era, both days counted.
"""

from __future__ import annotations

import datetime
import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from soleus.population.databases.engine import Expr, Row, Table, days_between
from soleus.population.databases.source import Source
from soleus.population.databases.spans import age_on, eras, observed, people
from soleus.population.results.manifest import SMALLEST_CELL
from soleus.population.results.suppression import shown_cells
from soleus.statistics.proportions import shares
from soleus.statistics.special import normal_quantile

DAYS_PER_YEAR = 365.25
#: First ages of the bands of the knowledge base's rates.
BANDS = (0, 18, 40, 65, 80)


@dataclass(frozen=True, order=True)
class Cell:
    """What an engine counts for one year, sex and age; sex and age are None where they are not known."""

    year: int
    sex: str | None
    age: int | None
    people: int  # under observation in the year
    with_it: int  # of these, with an era in it
    days_at_risk: int
    cases: int  # first eras ever, begun at risk


@dataclass(frozen=True)
class Frequency:
    """One row of the answer. Rates are per 1,000 person-years; None where there is nobody. Intervals: 95 %."""

    year: int | None
    sex: str | None
    age: str | None
    people: int
    with_it: int
    prevalence: float | None
    prevalence_low: float | None
    prevalence_high: float | None
    person_years: float
    cases: int
    incidence: float | None
    incidence_low: float | None
    incidence_high: float | None


def count_cells(
    source: Source, concepts: Collection[int], *, gap_days: int = 30, prior_observation_days: int = 365
) -> list[Cell]:
    """Counts by year, sex and age, in this order."""
    years = calendar_years(source)
    if years is None:
        return []
    spans = eras(source, concepts, gap_days)
    seen, risk = _seen(source, years, spans), _at_risk(source, years, spans, prior_observation_days)
    rows: dict[tuple[int, str | None, int | None], Row] = defaultdict(dict)
    for part in (seen, risk):
        for row in source.engine.rows(part):
            rows[row.pop("year"), row.pop("sex"), row.pop("age")] |= row
    return sorted((_cell(key, values) for key, values in rows.items()), key=cell_order)


def _cell(key: tuple[int, str | None, int | None], values: Row) -> Cell:
    return Cell(*key, *(int(values.get(name, 0)) for name in ("people", "with_it", "days_at_risk", "cases")))


def cell_order(cell: Cell) -> tuple[int, str, int]:
    """Year, sex, age; what is not known first."""
    return cell.year, cell.sex or "", -1 if cell.age is None else cell.age


def calendar_years(source: Source) -> Table | None:
    """year, opens, closes, middle: every calendar year of which a day was observed."""
    seen = observed(source)
    span = source.engine.one(seen.aggregate(first=seen.start.min(), last=seen.end.max()))
    if span["first"] is None:
        return None
    rows = [
        (y, datetime.date(y, 1, 1), datetime.date(y, 12, 31), datetime.date(y, 7, 1))
        for y in range(span["first"].year, span["last"].year + 1)
    ]
    return source.engine.table({"year": "int", "opens": "date", "closes": "date", "middle": "date"}, rows)


def by_year(spans: Table, years: Table) -> Table:
    """Each span cut at the turns of the years: ``start`` and ``end`` within ``year``."""
    import ibis

    t = spans.inner_join(years, [spans.start <= years.closes, spans.end >= years.opens])
    return t.mutate(start=ibis.greatest(t.start, t.opens), end=ibis.least(t.end, t.closes))


def with_person(t: Table, source: Source) -> Table:
    """Sex and age in the ``middle`` of the year; 0 for those born after it."""
    import ibis

    t = t.left_join(people(source), "person_id").drop("person_id_right")
    age = age_on(t.birth_date, t.middle)
    return t.mutate(age=ibis.ifelse(age < 0, 0, age))


def _seen(source: Source, years: Table, spans: Table) -> Table:
    t = by_year(observed(source), years).select("person_id", "year", "middle", "start", "end")
    other = spans.rename(who="person_id", era_start="start", era_end="end")
    hits = t.inner_join(other, [t.person_id == other.who, other.era_start <= t.end, other.era_end >= t.start])
    hits = hits.select(hit_person="person_id", hit_year="year").distinct()
    t = t.select("person_id", "year", "middle").distinct()
    t = t.left_join(hits, [t.person_id == hits.hit_person, t.year == hits.hit_year])
    t = with_person(t, source)
    return t.group_by("year", "sex", "age").aggregate(people=t.count(), with_it=t.hit_person.count())


def _at_risk(source: Source, years: Table, spans: Table, prior_days: int) -> Table:
    import ibis

    first = spans.group_by("person_id").aggregate(began=spans.start.min())
    t = observed(source).left_join(first, "person_id").drop("person_id_right")
    t = t.mutate(
        start=(t.start + ibis.interval(days=prior_days)).cast("date"),
        end=ibis.least(t.end, ibis.coalesce(t.began, t.end)),
    )
    t = with_person(by_year(t.filter(t.start <= t.end), years), source)
    case: Expr = (t.began >= t.start) & (t.began <= t.end)
    return t.group_by("year", "sex", "age").aggregate(
        days_at_risk=(days_between(t.end, t.start) + 1).sum(), cases=case.fill_null(False).cast("int64").sum()
    )


# ----------------------------------------------------------------------------------------- answers


def frequencies(
    cells: Sequence[Cell], *, by: Collection[str] = ("year", "sex", "age"), bands: Sequence[int] = BANDS
) -> list[Frequency]:
    """The cells added up over what is not in ``by``; ages in bands that begin at ``bands``.

    Over several years a person counts once in each of them: people are then person-years of calendar time.
    """
    sums: dict[tuple[int | None, str | None, str | None], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    named = _band_of(bands)
    for c in cells:
        key = (
            c.year if "year" in by else None,
            (c.sex or "unknown") if "sex" in by else None,
            named(c.age) if "age" in by else None,
        )
        sums[key] = [a + b for a, b in zip(sums[key], (c.people, c.with_it, c.days_at_risk, c.cases), strict=True)]
    order = sorted(sums, key=lambda k: (k[0] or 0, k[1] or "", _place(k[2])))
    return [_frequency(key, *sums[key]) for key in order]


def _place(band: str | None) -> int:
    digits = (band or "").rstrip("+").partition("-")[0]
    return int(digits) if digits.isdigit() else 1000


def _band_of(bands: Sequence[int]) -> Callable[[int | None], str]:
    starts = sorted(bands)

    def name(age: int | None) -> str:
        if age is None or age < starts[0]:
            return "unknown" if age is None else f"under {starts[0]}"
        n = max(k for k, start in enumerate(starts) if start <= age)
        return f"{starts[n]}+" if n + 1 == len(starts) else f"{starts[n]}-{starts[n + 1] - 1}"

    return name


def _frequency(
    key: tuple[int | None, str | None, str | None], people: int, with_it: int, days: int, cases: int
) -> Frequency:
    found = shares(with_it, people)
    prevalence, low, high = (float(v) if people else None for v in (found.share, found.low, found.high))
    years = days / DAYS_PER_YEAR
    year, sex, age = key
    return Frequency(year, sex, age, people, with_it, prevalence, low, high, years, cases, *_rate(cases, years))


def _rate(cases: int, years: float) -> tuple[float | None, float | None, float | None]:
    """Per 1,000 person-years, with Byar's approximation of the Poisson interval (Breslow and Day 1987)."""
    if years <= 0:
        return None, None, None
    z = float(normal_quantile(0.975))
    low = cases * (1 - 1 / (9 * cases) - z / (3 * math.sqrt(cases))) ** 3 if cases else 0.0
    more = cases + 1
    high = more * (1 - 1 / (9 * more) + z / (3 * math.sqrt(more))) ** 3
    return 1000 * cases / years, 1000 * low / years, 1000 * high / years


def totals(cells: Iterable[Cell]) -> Frequency | None:
    """All cells as one row; None for no cells."""
    rows = frequencies(list(cells), by=())
    return rows[0] if rows else None


# ------------------------------------------------------------------------------------ small cells

#: Count -> what is made of it and hidden with it.
MADE = {
    "people": ("with_it", "prevalence", "prevalence_low", "prevalence_high"),
    "with_it": ("prevalence", "prevalence_low", "prevalence_high"),
    "cases": ("incidence", "incidence_low", "incidence_high"),
}


def hidden_frequencies(
    cells: Sequence[Cell], tables: Sequence[Sequence[str]], least: int = SMALLEST_CELL, *, totals: bool = True
) -> list[list[Row]]:
    """`frequencies` by each of these as rows, with small cells hidden, and what would tell them in any of the tables
    or, with ``totals``, in a total of one that is told elsewhere."""
    told = {by for table in tables for by in (_subsets(table) if totals else [tuple(sorted(table))])}
    every = sorted({name for table in tables for name in table})
    shown_by, finest = sorted(told | {tuple(every)}), frequencies(cells, by=every)
    rows = {by: [asdict(f) for f in frequencies(cells, by=by)] for by in shown_by}
    place = {by: {_key(row, by): n for n, row in enumerate(found)} for by, found in rows.items()}
    parts = {by: [list[int]() for _ in found] for by, found in rows.items()}
    for n, cell in enumerate(finest):
        for by in shown_by:
            parts[by][place[by][_key(asdict(cell), by)]].append(n)
    published = np.array([by in told for by in shown_by for _ in rows[by]], bool)
    for count, made in MADE.items():
        sums = [group for by in shown_by for group in parts[by]]
        shown = iter(shown_cells([getattr(cell, count) for cell in finest], sums, least, published))
        for row in (row for by in shown_by for row in rows[by]):
            if not next(shown):
                row.update(dict.fromkeys((count, *made)))
    return [rows[tuple(sorted(table))] for table in tables]


def _subsets(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for size in range(len(names) + 1):
        yield from itertools.combinations(sorted(names), size)


def _key(row: Row, by: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in by)
