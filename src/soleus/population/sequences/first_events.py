"""Sequences of two events in a database: who began which first, counted by the engine, all pairs of a screen at once.

One expression for DuckDB and Spark. Each person's first event of each cohort is found in one pass over the records, as
minima and maxima, so that no record is numbered or sorted:

    study range          |---------------------------------|
    records     x    x        x      x        x               start: the least inside; prior: the greatest before
                     prior    start                           what lies outside after it does not matter

Markers come first, and only the people who have one are looked up among the index events. What comes back are two small
relations: how many people of each pair came in which order (`count_pairs`), and on which days people began
(`count_days`). The plain engine of `soleus.population.sequences.counting` judges both.

An event is a record of one of the concepts of its cohort that has a date; an end that is missing or before the start is
the start. Observation is that of `soleus.population.databases.spans.observed`: stretches that touch are one, none
outlasts death.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from soleus.errors import UnknownName
from soleus.population.databases.engine import Expr, Table, day, days_between
from soleus.population.databases.source import Source
from soleus.population.databases.spans import age_on, observed, people, records, tidy
from soleus.population.sequences.counted import DayCounts, PairCounts, as_arrays
from soleus.population.sequences.counting import Counts
from soleus.population.sequences.study import EPOCH, Day, Groups, Study

_LONGEST = 1 << 22  # days; a length beyond this, 11,000 years, counts as this


# ------------------------------------------------------------------------------------------------ asking


def count_sequences(study: Study) -> Counts:
    """Both relations in the form of the plain engine; for a screen of many medicines use the arrays."""
    pairs = count_pairs(study)
    rows = zip(pairs.index.tolist(), pairs.marker.tolist(), pairs.index_first.tolist(), pairs.marker_first.tolist(),
               strict=True)  # fmt: skip
    found = {(i, m): (a, b) for i, m, a, b in rows}
    return Counts(found, count_days(study, "index").as_mapping(), count_days(study, "marker").as_mapping())


def count_pairs(study: Study, *, by_year: bool = False, step: int = 0) -> PairCounts:
    """How many people of each pair came in which order; pairs without anybody are left out.

    ``by_year``: by the year of the earlier event; ``step``: by the days between them, in steps.
    """
    t = pair_counts(study, by_year=by_year, step=step)
    columns = as_arrays(study.source.engine.arrow(t))
    empty = np.zeros(len(columns["cohort_index"]), np.int64)
    return PairCounts(
        columns["cohort_index"], columns["cohort_marker"], columns.get("year", empty), columns.get("apart", empty),
        columns["index_first"], columns["marker_first"], step,
    )  # fmt: skip


def count_days(study: Study, side: Literal["index", "marker"]) -> DayCounts:
    """On which days of the study range people began, for the null ratio."""
    columns = as_arrays(study.source.engine.arrow(day_counts(study, side)))
    return DayCounts(columns["cohort"], columns["stratum"], columns["day"], columns["people"])


# ---------------------------------------------------------------------------------------- the expressions


def pair_counts(study: Study, *, by_year: bool = False, step: int = 0) -> Table:
    """cohort_index, cohort_marker, index_first, marker_first (and year, apart): the expression of `count_pairs`."""
    t = sequences(study)
    apart = days_between(t.marker_start, t.index_start)
    keys: dict[str, Expr] = {"cohort_index": t.cohort_index, "cohort_marker": t.cohort_marker}
    if by_year:
        keys["year"] = _earlier(t).year().cast("int64")
    if step:
        keys["apart"] = ((apart.abs() - 1) // step + 1).cast("int64") * apart.sign().cast("int64")
    counted = t.select(**keys, forward=(apart > 0).cast("int64"))
    return counted.group_by(list(keys)).aggregate(
        index_first=counted.forward.sum().cast("int64"), marker_first=(1 - counted.forward).sum().cast("int64")
    )


def sequences(study: Study) -> Table:
    """person_id, cohort_index, cohort_marker, index_start, marker_start: every pair of a person that counts."""
    s = study.settings
    t, users = _both(study)
    apart = days_between(t.marker_start, t.index_start)
    t = t.filter(apart.abs() > s.window[0], *([apart.abs() <= s.window[1]] if math.isfinite(s.window[1]) else []))
    if math.isfinite(s.max_gap):
        gap = _pick(t, days_between(t.marker_start, t.index_start) - t.index_days,
                    days_between(t.index_start, t.marker_start) - t.marker_days)  # fmt: skip
        t = t.filter(gap <= s.max_gap)
    t = _held(study, t, users)
    return t.select("person_id", "cohort_index", "cohort_marker", "index_start", "marker_start")


def both_started(study: Study) -> Table:
    """seen_start, seen_end, birth_date, index_start, marker_start: a row a person with both in one stretch, however far
    apart, and the stretch; for a second design. Rows are of single people: they are read and summed up, never kept."""
    t = _held(study, *_both(study), with_birth=True)
    return t.select("seen_start", "seen_end", "birth_date", "index_start", "marker_start")


def _both(study: Study) -> tuple[Table, Table]:
    """Every index with every marker of a person, and the people who have a marker."""
    second = _begun(study, "marker")
    users = second.select("person_id").distinct()
    t = _named(_begun(study, "index", users), "index").inner_join(_named(second, "marker"), "person_id")
    return t, users


def _named(t: Table, side: str) -> Table:
    return t.rename({f"cohort_{side}": "cohort", f"{side}_start": "start"} | (
        {f"{side}_days": "days"} if "days" in t.columns else {}))  # fmt: skip


def _pick(t: Table, forward: Expr, backward: Expr) -> Expr:
    import ibis

    return ibis.ifelse(t.index_start < t.marker_start, forward, backward)


def _earlier(t: Table) -> Expr:
    import ibis

    return ibis.least(t.index_start, t.marker_start)


def _held(study: Study, t: Table, users: Table, with_birth: bool = False) -> Table:
    """Pairs of which one stretch of observation holds both days, and enough before the earlier."""
    import ibis

    t = t.mutate(earlier=_earlier(t), later=ibis.greatest(t.index_start, t.marker_start))
    return _within(study, t, _seen(study, users, with_birth))


def _within(study: Study, t: Table, seen: Table) -> Table:
    """Rows of which one stretch of ``seen`` holds ``earlier`` and ``later``, at an age that counts."""
    t = t.inner_join(
        seen,
        [
            t.person_id == seen.who,
            seen.seen_start <= t.earlier,
            t.later <= seen.seen_end,
            days_between(t.earlier, seen.seen_start) >= study.settings.prior_observation,
        ],
    )
    if study.rules.age_at_least is not None:
        t = t.filter(age_on(t.birth_date, t.earlier) >= study.rules.age_at_least)
    return t


def _seen(study: Study, users: Table | None, with_birth: bool = False) -> Table:
    """who, seen_start, seen_end (and birth_date, where it is asked for or an age is) of these people."""
    # Joining periods is worth it to choose people first; where nothing is joined, choosing costs more.
    source = study.source if users is None or tidy(study.source) else only(study.source, users)
    t = observed(source).rename(who="person_id", seen_start="start", seen_end="end")
    if study.rules.age_at_least is None and not with_birth:
        return t
    births = people(study.source if users is None else only(study.source, users)).select("person_id", "birth_date")
    return t.left_join(births, [t.who == births.person_id]).drop("person_id")


def only(source: Source, users: Table) -> Source:
    """The source with the person, periods and deaths of these people alone."""
    kept = {name: source.tables[name].semi_join(users, "person_id") for name in ("person", "period", "death")}
    return replace(source, tables=dict(source.tables) | kept)


def day_counts(study: Study, side: Literal["index", "marker"]) -> Table:
    """cohort, stratum, day, people: the expression of `count_days`."""
    t = with_strata(study, starts(study, side))
    return t.group_by("cohort", "stratum", day=t.start).aggregate(people=t.count())


def starts(study: Study, side: Literal["index", "marker"]) -> Table:
    """person_id, cohort, start: what the null ratio counts."""
    return _new_starts(study, side) if study.rules.starts == "new" else _first_ever(study, side)


def with_strata(study: Study, t: Table) -> Table:
    """The table with the stratum of each person."""
    import ibis

    if study.strata is None:
        return t.mutate(stratum=ibis.literal(0, "int64"))
    t = t.left_join(study.strata, "person_id").drop("person_id_right")
    return t.mutate(stratum=t.stratum.fill_null(0))


def _first_ever(study: Study, side: Literal["index", "marker"]) -> Table:
    t = _without(study, first_records(study, side, None, ever=True))
    return t.filter(t.ever >= day(study.span[0]), t.ever <= day(study.span[1])).select(
        "person_id", "cohort", start="ever"
    )


def _new_starts(study: Study, side: Literal["index", "marker"]) -> Table:
    t = _begun(study, side)
    t = _within(study, t.mutate(earlier=t.start, later=t.start), _seen(study, None))
    return t.select("person_id", "cohort", "start")


def _begun(study: Study, side: Literal["index", "marker"], users: Table | None = None) -> Table:
    """person_id, cohort, start (and days): first events of the study range that are washed out."""
    t = first_records(study, side, users)
    t = t.filter(t.start.notnull())
    if study.settings.washout > 0:
        t = t.filter(t.prior.isnull() | (days_between(t.start, t.prior) >= study.settings.washout))
    least, most = study.rules.index_days if side == "index" else (0, math.inf)
    if least > 0:
        t = t.filter(t.days + 1 >= least)
    if math.isfinite(most):
        t = t.filter(t.days + 1 <= most)
    if side == "index" and study.rules.index_dose is not None:
        t = _dosed(study, t, study.rules.index_dose)
    return _without(study, t)


def _dosed(study: Study, t: Table, doses: tuple[float, float]) -> Table:
    """Those that begin with a dose between the two, both included."""
    if "dose" not in study.source.tables:
        raise UnknownName("doses", "none in this source", "OMOP with quantities and the table drug_strength",
                          "Leave the dose away.")  # fmt: skip
    d = study.source.tables["dose"].inner_join(_belongs(study.source, study.index), "concept")
    d = d.group_by("person_id", "cohort", "start").aggregate(dose=d.dose.max())
    d = d.filter(d.dose >= doses[0], d.dose <= doses[1])
    return t.semi_join(d, ["person_id", "cohort", "start"])


def _without(study: Study, t: Table) -> Table:
    """Those who are not excluded."""
    if not study.rules.exclude:
        return t
    return t.anti_join(records(study.source, study.rules.exclude).select("person_id"), "person_id")


@dataclass(frozen=True)
class _Wanted:
    """What is kept of the records of a person and a cohort."""

    ever: bool
    prior: bool
    days: bool


def first_records(
    study: Study, side: Literal["index", "marker"], users: Table | None = None, *, ever: bool = False
) -> Table:
    """person_id, cohort and what is asked for of these people (None: of all), one row a person and cohort.

    ``start``: the first day in the study range; ``prior``: the last day before the range (in it there is none before
    the start), where there is a washout; ``days``: from the start to the end of the longest record that begins then,
    where a length is asked for; ``ever``: the first day of all, in place of these.
    """
    groups, tables = (study.index, study.index_tables) if side == "index" else (study.marker, study.marker_tables)
    long = math.isfinite(study.settings.max_gap) or (side == "index" and study.rules.index_days != (0, math.inf))
    wanted = _Wanted(ever, study.settings.washout > 0 and not ever, long and not ever)
    t = _records(study.source, groups, tables, users)
    shared = sum(map(len, groups.values())) > len(set().union(*groups.values())) if groups else False
    if shared:  # a concept of several cohorts: first to one row a person and concept
        t = t.semi_join(_belongs(study.source, groups).select("concept").distinct(), "concept")
        t = _reduced(t, "concept", study.span, wanted)
        t = t.inner_join(_belongs(study.source, groups), "concept")
        t = t.group_by("person_id", "cohort").aggregate(**_again(t))
    elif len(groups) == 1 and len(set().union(*groups.values())) <= _FEW:
        import ibis

        t = _reduced(t, None, study.span, wanted).mutate(cohort=ibis.literal(next(iter(groups)), "int64"))
    else:
        t = _reduced(t.inner_join(_belongs(study.source, groups), "concept"), "cohort", study.span, wanted)
    return t.mutate(days=_LONGEST - 1 - t.days % _LONGEST) if wanted.days else t


def _belongs(source: Source, groups: Groups) -> Table:
    rows = [(c, number) for number, concepts in groups.items() for c in sorted(concepts)]
    return source.engine.table({"concept": "int", "cohort": "int"}, rows)


def _reduced(t: Table, key: str | None, span: tuple[Day, Day], wanted: _Wanted) -> Table:
    """Minima and maxima by person and ``key``."""
    inside = (t.start >= day(span[0])) & (t.start <= day(span[1]))
    what: dict[str, Expr] = {"ever": t.start.min()} if wanted.ever else {"start": t.start.min(where=inside)}
    if wanted.prior:
        what["prior"] = t.start.max(where=t.start < day(span[0]))
    if wanted.days:
        what["days"] = _first_and_longest(t).min(where=inside)
    return t.group_by("person_id", *([key] if key else [])).aggregate(**what)


def _again(t: Table) -> dict[str, Expr]:
    return {name: t[name].max() if name == "prior" else t[name].min() for name in ("ever", "start", "prior", "days")
            if name in t.columns}  # fmt: skip


def _first_and_longest(t: Table) -> Expr:
    """A number that is least for the earliest start and, of those, the latest end."""
    import ibis

    length = ibis.greatest(days_between(ibis.coalesce(t.end, t.start), t.start), 0)
    return days_between(t.start, day(EPOCH)) * _LONGEST + (_LONGEST - 1 - ibis.least(length, _LONGEST - 1))


def _records(source: Source, groups: Groups, tables: Sequence[str], users: Table | None = None) -> Table:
    """person_id, concept, start, end of the records; of many concepts others may be among them.

    Those without a date are among them too: to look at every date costs more than a minimum that passes over them.
    """
    concepts = sorted({c for found in groups.values() for c in found})
    parts = [_part(source, name, concepts) for name in tables]
    t = parts[0]
    for other in parts[1:]:
        t = t.union(other)
    return t if users is None else t.semi_join(users, "person_id")


#: Concepts up to which a filter names them, which reads less; more are left to the join with their cohorts.
_FEW = 50


def _part(source: Source, name: str, concepts: Sequence[int]) -> Table:
    table = source.tables[name]
    if name == "exposure":
        t = table.select("person_id", "concept", "start", "end")
    else:
        t = table.select("person_id", "concept", start="date", end="date")
    return t.filter(t.concept.isin(list(concepts) or [-1])) if len(concepts) <= _FEW else t
