"""Cohorts on an engine: who is in, and how many were lost at which step."""

from __future__ import annotations

import functools
import operator
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from soleus.errors import UnknownName, near_names
from soleus.population.cohorts.cohort import Cohort, Step, Timed, labels
from soleus.population.databases.engine import Expr, Table, count_of, day, days_between
from soleus.population.databases.source import Source
from soleus.population.databases.spans import age_on, eras, observed, people, records

#: Value set -> its concepts in the database at hand.
Concepts = Mapping[str, Collection[int]]


@dataclass(frozen=True)
class Members:
    """A cohort in a database: ``table`` has person_id, start, end, a row an entry."""

    cohort: Cohort
    table: Table
    steps: tuple[Step, ...]


def members(source: Source, cohort: Cohort, concepts: Concepts) -> Members:
    """Who is in and the attrition table. Raises `UnknownName` for a value set that is not given."""
    flagged, count = candidates(source, cohort, concepts)
    return Members(cohort, entries(flagged, count, cohort), attrition(source, flagged, count, cohort))


def members_table(source: Source, cohort: Cohort, concepts: Concepts) -> Table:
    """person_id, start, end of the entries, without counting the steps."""
    return entries(*candidates(source, cohort, concepts), cohort)


def union_of(concepts: Concepts, names: Sequence[str]) -> frozenset[int]:
    """All concepts of these value sets."""
    for name in names:
        if name not in concepts:
            raise UnknownName("value set", repr(name), "a value set that is known", near_names(name, sorted(concepts)))
    return frozenset(c for name in names for c in concepts[name])


def candidates(source: Source, cohort: Cohort, concepts: Concepts) -> tuple[Table, int]:
    """Every era with a column ok_0, ok_1, ... for each criterion after the first, and how many there are."""
    t = _in_time(source, cohort, concepts)
    found = [_observed(t, cohort), _washed(t, cohort), _dated(t, cohort), _fits(t, cohort)]
    t = t.mutate(**{f"ok_{n}": flag.fill_null(False) for n, flag in enumerate(found)})
    wanted = [(timed, True) for timed in cohort.require] + [(timed, False) for timed in cohort.exclude]
    for n, (timed, present) in enumerate(wanted, len(found)):
        t = _with_timed(t, records(source, union_of(concepts, (timed.value_set,))), timed, present, f"ok_{n}")
    return t, len(found) + len(wanted)


def _in_time(source: Source, cohort: Cohort, concepts: Concepts) -> Table:
    """Eras with the end of the era before, the observation around them, birthday and sex."""
    import ibis

    t = eras(source, union_of(concepts, cohort.entry), cohort.era_gap_days)
    t = t.mutate(before=t.end.lag().over(ibis.window(group_by="person_id", order_by="start")))
    seen = observed(source).rename(seen_start="start", seen_end="end")
    t = t.left_join(seen, [t.person_id == seen.person_id, t.start >= seen.seen_start, t.start <= seen.seen_end])
    t = t.drop("person_id_right")
    return t.left_join(people(source), "person_id").drop("person_id_right")


def _observed(t: Table, cohort: Cohort) -> Expr:
    prior = days_between(t.start, t.seen_start) >= cohort.prior_observation_days
    return prior & (days_between(t.seen_end, t.start) >= cohort.follow_up_days)


def _washed(t: Table, cohort: Cohort) -> Expr:
    if cohort.washout_days is None:
        return t.before.isnull()
    return t.before.isnull() | (days_between(t.start, t.before) >= cohort.washout_days)


def _dated(t: Table, cohort: Cohort) -> Expr:
    return _all(
        *([t.start >= day(cohort.first_day)] if cohort.first_day else []),
        *([t.start <= day(cohort.last_day)] if cohort.last_day else []),
    )


def _fits(t: Table, cohort: Cohort) -> Expr:
    age = age_on(t.birth_date, t.start)
    return _all(
        *([age >= cohort.age_at_least] if cohort.age_at_least is not None else []),
        *([age <= cohort.age_at_most] if cohort.age_at_most is not None else []),
        *([t.sex == cohort.sex] if cohort.sex else []),
    )


def _all(*conditions: Expr) -> Expr:
    import ibis

    return functools.reduce(operator.and_, conditions, ibis.literal(True))


def _with_timed(t: Table, recorded: Table, timed: Timed, present: bool, name: str) -> Table:
    """The flag whether something begins in the window, or does not."""
    import ibis

    keys = t.select("person_id", "start", "seen_start", "seen_end")
    other = recorded.select(who="person_id", at="start").distinct()
    conditions = [keys.person_id == other.who]
    gap = days_between(other["at"], keys.start)
    conditions += [gap >= timed.from_days] if timed.from_days is not None else []
    conditions += [gap <= timed.to_days] if timed.to_days is not None else []
    if timed.same_observation:
        conditions += [other["at"] >= keys.seen_start, other["at"] <= keys.seen_end]
    joined = keys.inner_join(other, conditions)
    hits = joined.select(hit_person="person_id", hit_start="start").distinct().mutate(hit=ibis.literal(True))
    t = t.left_join(hits, [t.person_id == hits.hit_person, t.start == hits.hit_start])
    flag = t.hit.notnull() if present else t.hit.isnull()
    return t.mutate(**{name: flag}).drop("hit", "hit_person", "hit_start")


def entries(flagged: Table, count: int, cohort: Cohort) -> Table:
    """person_id, start, end of those who meet every criterion."""
    import ibis

    t = flagged.filter(*(flagged[f"ok_{n}"] for n in range(count)))
    if cohort.limit == "first":
        t = t.mutate(nth=ibis.row_number().over(ibis.window(group_by="person_id", order_by="start")))
        t = t.filter(t.nth == 0)
    ends = [t.seen_end, *([t.end] if cohort.end == "era" else [])]
    if cohort.end_days is not None:
        ends.append((t.start + ibis.interval(days=cohort.end_days)).cast("date"))
    return t.select("person_id", "start", end=ibis.least(*ends) if len(ends) > 1 else ends[0])


def attrition(source: Source, flagged: Table, count: int, cohort: Cohort) -> tuple[Step, ...]:
    """One query: entries and people that are left after each step."""
    import ibis

    here = flagged.person_id.notnull()  # a column, since a literal cannot be counted; rows of nobody are not in it
    left = [_all(here, *(flagged[f"ok_{n}"] for n in range(upto))) for upto in range(count + 1)]
    wanted = {f"entries_{n}": count_of(flagged, keep) for n, keep in enumerate(left)}
    wanted |= {
        f"people_{n}": ibis.ifelse(keep, flagged.person_id, ibis.null("int64")).nunique() for n, keep in enumerate(left)
    }
    row = source.engine.one(flagged.aggregate(**wanted))
    counts = [(row[f"entries_{n}"], row[f"people_{n}"]) for n in range(count + 1)]
    counts.append((counts[-1][1] if cohort.limit == "first" else counts[-1][0], counts[-1][1]))
    return tuple(Step(label, *pair) for label, pair in zip(labels(cohort), counts, strict=True))
