"""The plain twin of `soleus.population.databases.quality`: each fault of a database counted in a loop."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from soleus.population.judges.plain import Database, Span, observed, people

Counts = dict[tuple[str, str], tuple[int, int]]
UNKNOWN = "person is not in the table of people"


def checks(database: Database) -> Counts:
    """(table, fault) -> (found, of); tables of records that are empty are left out."""
    out = _people(database) | _periods(database)
    for name in ("exposure", "event", "result"):
        rows = getattr(database, name)
        if rows:
            out |= _records(database, name, rows)
    return out


def _count(name: str, rows: Iterable[Any], faults: dict[str, Callable[[Any], bool]]) -> Counts:
    every = list(rows)
    return {(name, fault): (sum(map(is_so, every)), len(every)) for fault, is_so in faults.items()}


def _people(database: Database) -> Counts:
    seen, often = observed(database), Counter(p.person_id for p in database.person)
    return _count("person", people(database).values(), {
        "no birthday": lambda p: p.birth_date is None,
        "no sex, or neither male nor female": lambda p: p.sex is None,
        "never under observation": lambda p: p.person_id not in seen,
        "in the table more than once": lambda p: often[p.person_id] > 1,
    })  # fmt: skip


def _periods(database: Database) -> Counts:
    known, births = people(database), _births(database)
    out = _count("period", database.period, {
        "no start or no end": lambda p: p[1] is None or p[2] is None,
        "ends before it starts": lambda p: None not in p[1:] and p[2] < p[1],
        "begins before birth": lambda p: p[1] is not None and p[1] < births.get(p[0], p[1]),
        UNKNOWN: lambda p: p[0] not in known,
    })  # fmt: skip
    whole = sorted((who, start, end) for who, start, end in database.period if start is not None and end is not None)
    overlaps = sum(a[0] == b[0] and a[2] >= b[1] for a, b in pairwise(whole))
    return out | {("period", "overlaps the one before"): (overlaps, len(database.period))}


def _births(database: Database) -> dict[int, datetime.date]:
    return {p.person_id: p.birth_date for p in people(database).values() if p.birth_date is not None}


def _records(database: Database, name: str, rows: list[Any]) -> Counts:
    known, births, seen, died = people(database), _births(database), observed(database), dict[int, datetime.date]()
    for person, date in database.death:
        if date is not None:
            died[person] = min(date, died.get(person, date))

    def day(row: Any) -> Any:
        return row[2]

    def unseen(row: Any) -> bool:
        spans: list[Span] = seen.get(row.person_id, [])
        return day(row) is not None and not any(s.start <= day(row) <= s.end for s in spans)

    faults: dict[str, Callable[[Any], bool]] = {
        "no date": lambda r: day(r) is None,
        "concept unknown (0)": lambda r: r.concept in (0, None),
        "before birth": lambda r: day(r) is not None and day(r) < births.get(r.person_id, day(r)),
        "after death": lambda r: day(r) is not None and day(r) > died.get(r.person_id, day(r)),
        "outside observation": unseen,
        UNKNOWN: lambda r: r.person_id not in known,
    }
    if name == "exposure":
        faults["no end"] = lambda r: r.end is None and r.start is not None
        faults["ends before it starts"] = lambda r: None not in (r.start, r.end) and r.end < r.start
    if name == "result":
        faults["no value"] = lambda r: r.value is None
        faults["value without a unit"] = lambda r: r.value is not None and r.unit is None
    return _count(name, rows, faults)
