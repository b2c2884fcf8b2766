"""The slow, plain engine: lists in memory and loops that say what is meant. It judges the fast ones and stays slow.

Every function here has its twin on an engine: `observed`, `eras` (`soleus.population.databases.spans`), `members`
(`soleus.population.cohorts.members`), `count_cells` (`soleus.population.cohorts.prevalence`).
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from soleus.population.cohorts.cohort import Cohort, Step, Timed, labels
from soleus.population.cohorts.prevalence import Cell, cell_order
from soleus.population.databases.engine import Engine
from soleus.population.databases.source import SHAPE, Source
from soleus.population.databases.spans import TOUCHING, age_of

Day = datetime.date
ONE = datetime.timedelta(days=1)


class Person(NamedTuple):
    person_id: int
    birth_date: Day | None
    sex: str | None


class Span(NamedTuple):
    """A stretch of a person's time, both ends included."""

    person_id: int
    start: Day
    end: Day


class Exposure(NamedTuple):
    person_id: int
    concept: int
    start: Day | None
    end: Day | None


class Happening(NamedTuple):
    person_id: int
    concept: int
    date: Day | None


class Result(NamedTuple):
    person_id: int
    concept: int
    date: Day | None
    value: float | None
    unit: str | None


@dataclass(frozen=True)
class Database:
    """A whole database as lists, in the shape of `soleus.population.databases.source`."""

    person: list[Person] = field(default_factory=list)
    period: list[tuple[int, Day | None, Day | None]] = field(default_factory=list)
    exposure: list[Exposure] = field(default_factory=list)
    event: list[Happening] = field(default_factory=list)
    result: list[Result] = field(default_factory=list)
    death: list[tuple[int, Day | None]] = field(default_factory=list)
    concept: list[tuple[int, str | None, str | None, str | None]] = field(default_factory=list)
    descends: list[tuple[int, int]] = field(default_factory=list)
    maps: list[tuple[int, int]] = field(default_factory=list)

    def on(self, engine: Engine) -> Source:
        """The same database on an engine."""
        tables = {name: engine.table(columns, getattr(self, name)) for name, columns in SHAPE.items()}
        return Source(engine, "plain", "memory", tables)


# ----------------------------------------------------------------------------------------------- spans


def people(database: Database) -> dict[int, Person]:
    """One of each, with the earliest birthday and the first sex by name."""
    out: dict[int, Person] = {}
    for person in database.person:
        before = out.get(person.person_id, person)
        births = [b for b in (before.birth_date, person.birth_date) if b is not None]
        sexes = [s for s in (before.sex, person.sex) if s is not None]
        out[person.person_id] = Person(person.person_id, min(births, default=None), min(sexes, default=None))
    return out


def observed(database: Database) -> dict[int, list[Span]]:
    """Person -> disjoint stretches of observation, in order."""
    known, died = people(database), dict[int, Day]()
    for person, date in database.death:
        if date is not None:
            died[person] = min(date, died.get(person, date))
    spans: dict[int, list[Span]] = defaultdict(list)
    for person, start, end in database.period:
        if start is None or end is None:
            continue
        birth = known[person].birth_date if person in known else None
        span = Span(person, max(start, birth or start), min(end, died.get(person, end)))
        if span.start <= span.end:
            spans[person].append(span)
    return {person: merged(found, TOUCHING) for person, found in spans.items()}


def records(database: Database, concepts: Collection[int]) -> Iterator[Span]:
    """All that is recorded under these concepts and has a date."""
    for e in database.exposure:
        if e.concept in concepts and e.start is not None:
            yield Span(e.person_id, e.start, max(e.start, e.end or e.start))
    dated = [h[:3] for h in database.event] + [r[:3] for r in database.result]
    for person, concept, date in dated:
        if concept in concepts and date is not None:
            yield Span(person, date, date)


def eras(database: Database, concepts: Collection[int], gap_days: int | None) -> dict[int, list[Span]]:
    """Person -> eras in order."""
    found: dict[int, list[Span]] = defaultdict(list)
    for span in records(database, concepts):
        found[span.person_id].append(span)
    if gap_days is None:
        return {person: sorted({s.start: s for s in sorted(spans)}.values()) for person, spans in found.items()}
    return {person: merged(spans, gap_days) for person, spans in found.items()}


def merged(spans: Iterable[Span], gap_days: int) -> list[Span]:
    """Spans of one person, joined where at most ``gap_days`` lie between them."""
    out: list[Span] = []
    for span in sorted(spans):
        if out and (span.start - out[-1].end).days <= gap_days:
            out[-1] = Span(span.person_id, out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return out


# --------------------------------------------------------------------------------------------- cohorts


class _Entry(NamedTuple):
    era: Span
    before: Day | None  # the end of the era before
    seen: Span | None  # the observation around its start


def members(
    database: Database, cohort: Cohort, concepts: Mapping[str, Collection[int]]
) -> tuple[list[Span], tuple[Step, ...]]:
    """The entries, in order, and the attrition table."""
    known, seen = people(database), observed(database)
    found = eras(database, _union(concepts, cohort.entry), cohort.era_gap_days)
    left = [e for person, spans in found.items() for e in _entries(spans, seen.get(person, []))]
    counts = [_count(left)]
    for keep in _criteria(database, cohort, concepts, known):
        left = [e for e in left if keep(e)]
        counts.append(_count(left))
    if cohort.limit == "first":
        left = list({e.era.person_id: e for e in sorted(left, reverse=True)}.values())
    counts.append(_count(left))
    steps = tuple(Step(label, *pair) for label, pair in zip(labels(cohort), counts, strict=True))
    return sorted(_stay(e, cohort) for e in left), steps


def _union(concepts: Mapping[str, Collection[int]], names: Iterable[str]) -> set[int]:
    return {c for name in names for c in concepts[name]}


def _entries(spans: list[Span], seen: list[Span]) -> Iterator[_Entry]:
    for n, era in enumerate(spans):
        around = next((s for s in seen if s.start <= era.start <= s.end), None)
        yield _Entry(era, spans[n - 1].end if n else None, around)


def _count(left: list[_Entry]) -> tuple[int, int]:
    return len(left), len({e.era.person_id for e in left})


def _criteria(
    database: Database, cohort: Cohort, concepts: Mapping[str, Collection[int]], known: Mapping[int, Person]
) -> Iterator[Any]:
    yield (
        lambda e: (
            e.seen is not None
            and (e.era.start - e.seen.start).days >= cohort.prior_observation_days
            and (e.seen.end - e.era.start).days >= cohort.follow_up_days
        )
    )
    yield (
        lambda e: (
            e.before is None
            or (cohort.washout_days is not None and (e.era.start - e.before).days >= cohort.washout_days)
        )
    )
    yield lambda e: (cohort.first_day or e.era.start) <= e.era.start <= (cohort.last_day or e.era.start)
    yield lambda e: _fits(cohort, known.get(e.era.person_id), e.era.start)
    for timed in cohort.require:
        yield lambda e, timed=timed: _has(database, concepts, timed, e)
    for timed in cohort.exclude:
        yield lambda e, timed=timed: not _has(database, concepts, timed, e)


def _fits(cohort: Cohort, person: Person | None, day: Day) -> bool:
    birth, sex = (person.birth_date, person.sex) if person else (None, None)
    if cohort.sex is not None and sex != cohort.sex:
        return False
    if cohort.age_at_least is None and cohort.age_at_most is None:
        return True
    if birth is None:
        return False
    age = age_of(birth, day)
    return (cohort.age_at_least is None or age >= cohort.age_at_least) and (
        cohort.age_at_most is None or age <= cohort.age_at_most
    )


def _has(database: Database, concepts: Mapping[str, Collection[int]], timed: Timed, entry: _Entry) -> bool:
    gaps = [
        (span.start - entry.era.start).days
        for span in records(database, set(concepts[timed.value_set]))
        if span.person_id == entry.era.person_id
        and not (timed.same_observation and not _inside(entry.seen, span.start))
    ]
    return any(
        (timed.from_days is None or gap >= timed.from_days) and (timed.to_days is None or gap <= timed.to_days)
        for gap in gaps
    )


def _inside(seen: Span | None, day: Day) -> bool:
    return seen is not None and seen.start <= day <= seen.end


def _stay(entry: _Entry, cohort: Cohort) -> Span:
    assert entry.seen is not None  # nobody is in without observation
    ends = [entry.seen.end, *([entry.era.end] if cohort.end == "era" else [])]
    if cohort.end_days is not None:
        ends.append(entry.era.start + datetime.timedelta(days=cohort.end_days))
    return Span(entry.era.person_id, entry.era.start, min(ends))


# ------------------------------------------------------------------------------------------ prevalence


def count_cells(
    database: Database, concepts: Collection[int], *, gap_days: int = 30, prior_observation_days: int = 365
) -> list[Cell]:
    """Day by day: who is seen, who has it, who is at risk, who begins."""
    known, spans = people(database), eras(database, concepts, gap_days)
    seen: dict[tuple[int, str | None, int | None], dict[int, bool]] = defaultdict(dict)
    days: dict[tuple[int, str | None, int | None], int] = defaultdict(int)
    cases: dict[tuple[int, str | None, int | None], int] = defaultdict(int)
    for person, stretches in observed(database).items():
        own = spans.get(person, [])
        first = own[0].start if own else None
        for stretch in stretches:
            risk = stretch.start + datetime.timedelta(days=prior_observation_days)
            for day in _each(stretch):
                key = _key(known.get(person), day)
                has = any(era.start <= day <= era.end for era in own)
                seen[key][person] = seen[key].get(person, False) or has
                if day >= risk and (first is None or day <= first):
                    days[key] += 1
                    cases[key] += day == first
    keys = seen.keys() | days.keys()
    return sorted(
        (Cell(*key, len(seen[key]), sum(seen[key].values()), days[key], cases[key]) for key in keys), key=cell_order
    )


def _each(span: Span) -> Iterator[Day]:
    day = span.start
    while day <= span.end:
        yield day
        day += ONE


def _key(person: Person | None, day: Day) -> tuple[int, str | None, int | None]:
    birth = person.birth_date if person else None
    age = None if birth is None else max(0, age_of(birth, datetime.date(day.year, 7, 1)))
    return day.year, person.sex if person else None, age
