"""Stretches of time: eras made of records, and the time during which a person would have been seen.

records   |----|   |--|              |---|
gap       at most era_gap days: one era
eras      |-----------|              |---|

periods   |---------|
              |-----------|      |--------|
observed  |---------------|      |----x            x: death
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

from soleus.population.databases.engine import Expr, Table, days_between
from soleus.population.databases.source import Source

#: Concepts up to which a filter names them; more are sent as a table.
MOST_NAMED = 1000
#: Periods that touch are one.
TOUCHING = 1


def people(source: Source) -> Table:
    """person_id, birth_date, sex: one row a person, whatever the source has (of what differs, the least)."""
    t = source.person
    return t.group_by("person_id").aggregate(birth_date=t.birth_date.min(), sex=t.sex.min())


def deaths(source: Source) -> Table:
    """person_id, died: one row a person, the earliest date; people who died on an unknown day are left out."""
    t = source.death.filter(source.death.date.notnull())
    return t.group_by("person_id").aggregate(died=t.date.min())


def observed(source: Source) -> Table:
    """person_id, start, end: disjoint stretches of observation, not before birth and not after death."""
    return source.period.select("person_id", "start", "end") if tidy(source) else merged(clipped(source), TOUCHING)


def tidy(source: Source) -> bool:
    """Are the periods as they stand what is observed: one a person, in order, within life?

    Asked once of a source, or of one that has all of its people; the windows that join periods cost more than a
    screen. What is true of all people is true of some of them.
    """
    if "tidy" not in source.known:
        t = _with_life(source)
        alive = (t.start >= t.birth_date).fill_null(True) & (t.end <= t.died).fill_null(True)
        right = (t.start <= t.end).fill_null(False) & alive
        found = source.engine.one(
            t.aggregate(rows=t.count(), people=t.person_id.nunique(), right=right.cast("int64").sum())
        )
        source.known["tidy"] = found["rows"] == found["people"] == (found["right"] or 0)
    return source.known["tidy"]


def clipped(source: Source) -> Table:
    """person_id, start, end: each period of observation by itself, not before birth and not after death."""
    import ibis

    t = _with_life(source)
    t = t.filter(t.start.notnull(), t.end.notnull())
    t = t.select(
        "person_id",
        start=ibis.greatest(t.start, ibis.coalesce(t.birth_date, t.start)),
        end=ibis.least(t.end, ibis.coalesce(t.died, t.end)),
    )
    return t.filter(t.start <= t.end)


def _with_life(source: Source) -> Table:
    """The periods with birth_date and died."""
    t = source.period.left_join(deaths(source), "person_id").drop("person_id_right")
    return t.left_join(people(source).select("person_id", "birth_date"), "person_id").drop("person_id_right")


def records(source: Source, concepts: Collection[int]) -> Table:
    """person_id, start, end of all that is recorded under these concepts; without a date it is not known to have been.

    An end that is missing or before the start is the start.
    """
    import ibis

    exposure = chosen(source, source.exposure, concepts)
    spans = [exposure.select("person_id", "start", end=ibis.coalesce(exposure.end, exposure.start))]
    for table in (source.event, source.result):
        dated = chosen(source, table, concepts)
        spans.append(dated.select("person_id", start=dated.date, end=dated.date))
    whole = spans[0].union(spans[1]).union(spans[2])
    whole = whole.filter(whole.start.notnull())
    return whole.mutate(end=ibis.greatest(whole.end, whole.start))


def chosen(source: Source, table: Table, concepts: Collection[int]) -> Table:
    """The rows of these concepts."""
    wanted = sorted(concepts)
    if len(wanted) <= MOST_NAMED:
        return table.filter(table.concept.isin(wanted or [-1]))
    return table.semi_join(source.engine.table({"concept": "int"}, [(c,) for c in wanted]), "concept")


def eras(source: Source, concepts: Collection[int], gap_days: int | None) -> Table:
    """person_id, start, end: records with at most ``gap_days`` from the end of one to the start of the next, joined.

    None: every day on which a record begins is one, and lasts as long as the longest of them.
    """
    if gap_days is None:
        t = records(source, concepts)
        return t.group_by("person_id", "start").aggregate(end=t.end.max())
    return merged(records(source, concepts), gap_days)


def merged(spans: Table, gap_days: int) -> Table:
    """person_id, start, end: spans joined where a start is at most ``gap_days`` after the latest end so far."""
    import ibis

    t = spans.select("person_id", "start", "end").distinct()
    ordered = ibis.window(group_by="person_id", order_by=["start", "end"])
    t = t.mutate(reach=t.end.max().over(ibis.cumulative_window(group_by="person_id", order_by=["start", "end"])))
    t = t.mutate(before=t.reach.lag().over(ordered))
    new = ibis.ifelse(t.before.isnull() | (days_between(t.start, t.before) > gap_days), 1, 0)
    t = t.mutate(new=new)
    t = t.mutate(era=t.new.sum().over(ibis.cumulative_window(group_by="person_id", order_by=["start", "end"])))
    return t.group_by("person_id", "era").aggregate(start=t.start.min(), end=t.end.max()).drop("era")


def age_on(birth: Expr, day: Expr) -> Expr:
    """Whole years on a day; missing where the birthday is."""
    before = (day.month() < birth.month()) | ((day.month() == birth.month()) & (day.day() < birth.day()))
    return (day.year() - birth.year()).cast("int64") - before.cast("int64")


def age_of(birth: datetime.date, day: datetime.date) -> int:
    """`age_on` of two dates in memory."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
