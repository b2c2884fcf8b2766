"""What a database lacks, and what that does to each result: read before anything else.

Nothing here is repaired. A `Check` counts rows (or people) with one fault; `consequence` says what the other parts of
this package do with them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from soleus.population.databases.engine import Expr, Table, count_of
from soleus.population.databases.source import SHAPE, Lack, Source
from soleus.population.databases.spans import deaths, observed, people

#: The tables of records, and the column with their date.
DATED = {"exposure": "start", "event": "date", "result": "date"}


class Check(NamedTuple):
    """A fault and how often it was found. ``of``: of how many rows or people."""

    table: str
    fault: str
    found: int
    of: int
    consequence: str

    @property
    def share(self) -> float | None:
        """None where there are no rows."""
        return self.found / self.of if self.of else None


class TableSize(NamedTuple):
    """A table: rows, people, first and last day (None where it has no dates)."""

    table: str
    rows: int
    people: int | None
    first: object
    last: object


class UnitUse(NamedTuple):
    """A concept of results with one of its units."""

    concept: int
    name: str | None
    unit: str | None
    rows: int
    with_value: int


@dataclass(frozen=True)
class Quality:
    """The whole report."""

    sizes: tuple[TableSize, ...]
    checks: tuple[Check, ...]
    units: tuple[UnitUse, ...]
    lacks: tuple[Lack, ...]

    @property
    def found(self) -> tuple[Check, ...]:
        """The checks that found something."""
        return tuple(c for c in self.checks if c.found)


def quality(source: Source) -> Quality:
    """Counts every table and every fault: one query a table."""
    sizes = tuple(_size(source, name) for name in SHAPE)
    return Quality(sizes, tuple(_checks(source, sizes)), tuple(_units(source)), source.lacks)


def _size(source: Source, name: str) -> TableSize:
    t = source.tables[name]
    dates = [c for c, kind in SHAPE[name].items() if kind == "date" and c != "birth_date"]
    wanted: dict[str, Expr] = {"rows": t.count()}
    if "person_id" in t.columns:
        wanted["people"] = t.person_id.nunique()
    if dates:
        wanted |= {"first": t[dates[0]].min(), "last": t[dates[-1]].max()}
    row = source.engine.one(t.aggregate(**wanted))
    return TableSize(name, row["rows"], row.get("people"), row.get("first"), row.get("last"))


def _checks(source: Source, sizes: tuple[TableSize, ...]) -> Iterator[Check]:
    yield from _people(source)
    yield from _periods(source)
    for name, column in DATED.items():
        if next(s.rows for s in sizes if s.table == name):
            yield from _records(source, name, column)


def _counted(source: Source, name: str, t: Table, faults: dict[str, tuple[Expr, str]]) -> Iterator[Check]:
    """One query for all faults of a table; a fault that cannot be told (missing) is none."""
    wanted = {f"n{k}": count_of(t, found.fill_null(False)) for k, (found, _) in enumerate(faults.values())}
    row = source.engine.one(t.aggregate(rows=t.count(), **wanted))
    for k, (fault, (_, consequence)) in enumerate(faults.items()):
        yield Check(name, fault, row[f"n{k}"], row["rows"], consequence)


def _people(source: Source) -> Iterator[Check]:
    t = people(source)
    seen = observed(source).select(seen="person_id").distinct()
    t = t.left_join(seen, t.person_id == seen.seen)
    yield from _counted(source, "person", t, {
        "no birthday": (t.birth_date.isnull(), "Their age is unknown: they are out where an age is asked for."),
        "no sex, or neither male nor female": (t.sex.isnull(), "They stand apart in tables by sex."),
        "never under observation": (t.seen.isnull(), "They are in no denominator and enter no cohort."),
    })  # fmt: skip
    twice = source.person.group_by("person_id").aggregate(n=source.person.count())
    yield from _counted(source, "person", twice, {
        "in the table more than once": (twice.n > 1, "The earliest birthday counts, and the first sex by name."),
    })  # fmt: skip


def _periods(source: Source) -> Iterator[Check]:
    import ibis

    known = people(source).rename(who="person_id")
    t = source.period.left_join(known, source.period.person_id == known.who)
    whole = t.start.notnull() & t.end.notnull()  # one with an end missing is compared with none
    t = t.mutate(whole=whole)
    t = t.mutate(previous=t.end.lag().over(ibis.window(group_by=["person_id", "whole"], order_by=["start", "end"])))
    overlaps = t.whole & (t.previous >= t.start)
    yield from _counted(source, "period", t, {
        "no start or no end": (t.start.isnull() | t.end.isnull(), "The period is not used."),
        "ends before it starts": (t.end < t.start, "The period is not used."),
        "begins before birth": (t.start < t.birth_date, "It is taken to begin at birth."),
        "overlaps the one before": (overlaps, "Overlapping periods are one; no day counts twice."),
        "person is not in the table of people": (t.who.isnull(), "Neither age nor sex of them is known."),
    })  # fmt: skip


def _records(source: Source, name: str, column: str) -> Iterator[Check]:
    """Faults of a table of records."""
    t = _placed(source, name, column)
    date = t[column]
    faults = {
        "no date": (date.isnull(), "It is not known to have been: not used."),
        "concept unknown (0)": (t.concept.fill_null(0) == 0, "It belongs to no value set: not seen."),
        "before birth": (
            date < t.birth_date,
            "Not under observation: no entry, but it counts as something before one.",
        ),
        "after death": (date > t.died, "Not under observation: no entry."),
        "outside observation": (date.notnull() & t.seen.isnull(), "No entry, but it counts as something before one."),
        "person is not in the table of people": (t.who.isnull(), "Neither age nor sex of them is known."),
    }
    if name == "exposure":
        faults |= {
            "no end": (t.end.isnull() & date.notnull(), "It is taken to last a day."),
            "ends before it starts": (t.end < date, "It is taken to last a day."),
        }
    if name == "result":
        faults["no value"] = (t.value.isnull(), "A result without a number tells nothing.")
        faults["value without a unit"] = (t.value.notnull() & t.unit.isnull(), "It cannot be compared: not used.")
    yield from _counted(source, name, t, faults)


def _placed(source: Source, name: str, column: str) -> Table:
    """The records with birthday, death and whether the day was observed."""
    known = people(source).select(who="person_id", birth_date="birth_date")
    dead, seen = deaths(source).rename(dead="person_id"), observed(source)
    seen = seen.select(seen="person_id", seen_start="start", seen_end="end")
    t = source.tables[name]
    t = t.left_join(known, t.person_id == known.who)
    t = t.left_join(dead, t.person_id == dead.dead)
    return t.left_join(seen, [t.person_id == seen.seen, t[column] >= seen.seen_start, t[column] <= seen.seen_end])


def _units(source: Source, most: int = 200) -> Iterator[UnitUse]:
    """The commonest results with their units."""
    t = source.result
    counted = t.group_by("concept", "unit").aggregate(rows=t.count(), with_value=t.value.count())
    names = source.concept.group_by("concept").aggregate(name=source.concept.name.min())
    told = counted.left_join(names, "concept").select("concept", "name", "unit", "rows", "with_value")
    rows = source.engine.rows(told)
    rows.sort(key=lambda r: (-r["rows"], r["concept"], r["unit"] or ""))
    return (UnitUse(**row) for row in rows[:most])
