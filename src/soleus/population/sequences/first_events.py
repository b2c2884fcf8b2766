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

import datetime
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from soleus.errors import UnknownName
from soleus.population.databases.engine import Expr, Table, day, days_between
from soleus.population.databases.source import Source
from soleus.population.databases.spans import age_on, clipped, observed, people, records, tidy
from soleus.population.sequences.counting import Counts, SequenceSettings
from soleus.statistics.sequence_symmetry import NullSums, neighbours
from soleus.statistics.special import Floats

#: Cohort -> its concepts.
Groups = Mapping[int, Collection[int]]
Ints = NDArray[np.int64]
Day = datetime.date

#: Where the records of a cohort are looked for. Medicines are exposures; a diagnosis is an event or a result.
EXPOSURES: tuple[str, ...] = ("exposure",)
EVERYWHERE: tuple[str, ...] = ("exposure", "event", "result")
EPOCH = datetime.date(1970, 1, 1)
_LONGEST = 1 << 22  # days; a length beyond this, 11,000 years, counts as this


@dataclass(frozen=True)
class Rules:
    """Who and what counts, besides `SequenceSettings`.

    ``exclude``: concepts; people who have a record of one, whenever, are left out. ``age_at_least``: whole years on the
    day of the earlier event (and of each start for the null ratio); without a birthday nobody has an age.
    ``index_days``: least and most days of the first record of the index, both included; it is known when the medicine
    begins, so that it does not choose people by what came later. ``index_dose``: the same for the daily dose of the
    record with which the index begins, in milligrams, the largest of that day; an unknown dose is out. It needs the
    table ``dose`` of the source.
    ``starts``: which events the null ratio counts. "new": the first in the study range, with the washout and the
    observation before it that a pair would need. "ever": first events ever on a day of the range, observed or not, as
    the R package does: people who took the medicine before they were observed count as starters then.
    """

    exclude: frozenset[int] = frozenset()
    age_at_least: int | None = None
    index_days: tuple[int, float] = (0, math.inf)
    index_dose: tuple[float, float] | None = None
    starts: Literal["new", "ever"] = "new"


@dataclass(frozen=True)
class Study:
    """What is counted in one database. ``strata``: person_id, stratum; None: everybody in stratum 0."""

    source: Source
    index: Groups
    marker: Groups
    settings: SequenceSettings
    span: tuple[Day, Day]
    rules: Rules = field(default_factory=Rules)
    strata: Table | None = None
    index_tables: tuple[str, ...] = EXPOSURES
    marker_tables: tuple[str, ...] = EVERYWHERE


@dataclass(frozen=True)
class DayCounts:
    """People who began, as rows: (cohort, stratum, day since 1970) -> people. Arrays of one length."""

    cohort: Ints
    stratum: Ints
    day: Ints
    people: Ints

    def as_mapping(self) -> dict[tuple[int, int, Day], int]:
        """As `Counts` has them."""
        columns = (self.cohort.tolist(), self.stratum.tolist(), self.day.tolist(), self.people.tolist())
        return {(c, s, EPOCH + datetime.timedelta(d)): n for c, s, d, n in zip(*columns, strict=True)}


@dataclass(frozen=True)
class PairCounts:
    """People of each pair, as rows. ``year`` is that of the earlier event; ``apart`` tells the days between the two in
    steps: 1 is 1 to ``step`` days from index to marker, 2 the next so many; -1 the same from marker to index. Both are
    0 throughout where they were not asked for."""

    index: Ints
    marker: Ints
    year: Ints
    apart: Ints
    index_first: Ints
    marker_first: Ints
    step: int = 0

    def only(self, at: NDArray[np.bool_]) -> PairCounts:
        """Some of the rows."""
        return PairCounts(
            self.index[at], self.marker[at], self.year[at], self.apart[at], self.index_first[at],
            self.marker_first[at], self.step,
        )  # fmt: skip

    def table(self, index: Sequence[int], marker: Sequence[int]) -> tuple[Ints, Ints]:
        """(index, marker) people with the index first, and with the marker first."""
        place = places(self.index, index), places(self.marker, marker)
        known = (place[0] >= 0) & (place[1] >= 0)
        flat, size = (place[0] * len(marker) + place[1])[known], len(index) * len(marker)
        first, second = (
            np.bincount(flat, n[known], size).astype(np.int64).reshape(len(index), len(marker))
            for n in (self.index_first, self.marker_first)
        )
        return first, second


# ------------------------------------------------------------------------------------------------ asking


def study_of(
    source: Source,
    index: Groups,
    marker: Groups,
    settings: SequenceSettings | None = None,
    rules: Rules | None = None,
    **more: Any,
) -> Study | None:
    """A study; an end of its range that the settings leave open is where observation begins or ends.

    None where an end is open and nobody is observed. ``more``: other fields of `Study`.
    """
    chosen = settings or SequenceSettings()
    span = study_days(source, chosen)
    return None if span is None else Study(source, index, marker, chosen, span, rules or Rules(), **more)


def study_days(source: Source, settings: SequenceSettings) -> tuple[Day, Day] | None:
    """First and last day of the study range: one query, none where the settings give both."""
    first, last = settings.first_day, settings.last_day
    if first is None or last is None:
        t = clipped(source)
        found = source.engine.one(t.aggregate(first=t.start.min(), last=t.end.max()))
        first, last = first or found["first"], last or found["last"]
    return None if first is None or last is None else (first, last)


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


def as_arrays(table: Any) -> dict[str, Ints]:
    """Columns of an Arrow table as integers; dates in days since 1970."""
    out = {}
    for name in table.column_names:
        values = table.column(name).to_numpy()
        out[name] = values.astype("datetime64[D]").astype(np.int64) if values.dtype.kind == "M" else values
    return {name: np.asarray(values, np.int64) for name, values in out.items()}


def null_sums_of(
    first: DayCounts, second: DayCounts, index: Sequence[int], marker: Sequence[int], window_days: float
) -> NullSums:
    """The sums of the null ratio, (index, marker), over all strata: what `sequences.null_of` makes, from arrays."""
    shape = (len(index), len(marker))
    out = NullSums(np.zeros(shape), np.zeros(shape))
    rows, columns = places(first.cohort, index), places(second.cohort, marker)
    for stratum in np.intersect1d(first.stratum, second.stratum).tolist():
        at = (first.stratum == stratum) & (rows >= 0)
        around = (second.stratum == stratum) & (columns >= 0)
        if at.any() and around.any():
            out = out + _stratum_sums(first, second, (at, around), (rows, columns), shape, window_days)
    return out


def _stratum_sums(
    first: DayCounts,
    second: DayCounts,
    chosen: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    places: tuple[Ints, Ints],
    shape: tuple[int, int],
    window_days: float,
) -> NullSums:
    at, around = chosen
    origin = int(min(first.day[at].min(), second.day[around].min()))
    size = int(max(first.day[at].max(), second.day[around].max())) - origin + 1
    dense = np.bincount(places[1][around] * size + second.day[around] - origin, second.people[around], shape[1] * size)
    row, days, people = places[0][at], first.day[at] - origin, first.people[at].astype(np.float64)
    forward, backward = (
        np.stack([np.bincount(row, people * near[days], shape[0]) for near in side], axis=1).astype(np.float64)
        for side in neighbours(dense.reshape(shape[1], size).astype(np.float64), window_days)
    )
    return NullSums(forward, backward)


def null_sums_by_year(
    first: DayCounts,
    second: DayCounts,
    index: Sequence[int],
    marker: Sequence[int],
    window_days: float,
    years: Sequence[int],
) -> NullSums:
    """The sums of the null ratio, (year, index, marker), of pairs whose earlier event falls in the year.

    Forward: index days of the year with the marker after them; backward: marker days of the year with the index after.
    Over all years together they are those of `null_sums_of`.
    """
    shape = (len(years), len(index), len(marker))
    forward, backward = np.zeros(shape), np.zeros(shape)
    for stratum in np.intersect1d(first.stratum, second.stratum).tolist():
        sides, origin = _dense((first, index), (second, marker), stratum)
        after = [neighbours(side, window_days)[0] for side in sides]
        days = (np.arange(sides[0].shape[1]) + origin).astype("datetime64[D]")
        year = days.astype("datetime64[Y]").astype(np.int64) + 1970
        for n, wanted in enumerate(years):
            at = year == wanted
            forward[n] += sides[0][:, at] @ after[1][:, at].T
            backward[n] += after[0][:, at] @ sides[1][:, at].T
    return NullSums(forward, backward)


def _dense(one: tuple[DayCounts, Sequence[int]], other: tuple[DayCounts, Sequence[int]], stratum: int
           ) -> tuple[list[Floats], int]:  # fmt: skip
    """(cohorts, days) people of one stratum, of both sides, and the first day."""
    chosen = [(counts.stratum == stratum) & (places(counts.cohort, names) >= 0) for counts, names in (one, other)]
    days = np.concatenate([counts.day[at] for (counts, _), at in zip((one, other), chosen, strict=True)])
    origin, size = (int(days.min()), int(np.ptp(days)) + 1) if days.size else (0, 1)
    out = []
    for (counts, names), at in zip((one, other), chosen, strict=True):
        place = places(counts.cohort[at], names) * size + counts.day[at] - origin
        out.append(np.bincount(place, counts.people[at], len(names) * size).astype(np.float64).reshape(-1, size))
    return out, origin


def places(values: Ints, names: Sequence[int]) -> Ints:
    """Where each value stands among the names; -1 where it does not."""
    order = np.argsort(np.asarray(names, np.int64), kind="stable")
    known = np.asarray(names, np.int64)[order]
    if not known.size:
        return np.full(values.shape, -1, np.int64)
    at = np.minimum(np.searchsorted(known, values), known.size - 1)
    return np.where(known[at] == values, order[at], -1)


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
