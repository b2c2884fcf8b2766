"""Sequences of two events in people's records, from cohort tables in memory: the plain engine that judges the others.

Every engine answers with the same two small relations, `Counts`: how many people of each pair came in which order, and
on which days people had their first event ever. `ratios_of` makes ratios of them, the same for every engine.

    study range            |-----------------------------------------------|
    person 1   (earlier) i        i ............ m          index first, 12 days apart
               '- gap to prior -'
    observed       |------------------------------|         holds both dates; prior observation up to the first i

What is asked, where a source leaves a choice, follows the R package CohortSymmetry (OHDSI) 0.4: the window is open
below and closed above, so that two events of one day drop out; a washout of w days takes an earlier event exactly w
days before as clean; both ends of the study range belong to it, and an end that is not given is the first or last day
on which anybody is observed; the null ratio counts first events ever, whether or not they make a pair.
"""

from __future__ import annotations

import datetime
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from soleus.statistics.sequence_symmetry import Compat, Interval, NullSums, SequenceRatios, null_sums, sequence_ratios
from soleus.statistics.special import Floats

#: Days of the restriction of the null ratio in the R package, whatever the combination window.
COMPAT_NULL_DAYS = 548

Order = Literal["index", "marker"]


class Event(NamedTuple):
    """A row of a cohort table. Without a start it counts for nothing; without an end its length is unknown."""

    cohort: int
    person: int
    start: datetime.date | None
    end: datetime.date | None


class Observed(NamedTuple):
    """A row of the table of observation periods, both ends included; with one end missing it holds no date."""

    person: int
    start: datetime.date | None
    end: datetime.date | None


@dataclass(frozen=True)
class SequenceSettings:
    """What counts as a sequence. Days; infinity is allowed where a type says float.

    ``window``: the days between the two starts, more than the first and at most the second number.
    ``null_days``: how far the null ratio looks; None is the upper end of the window, 548 in compat.
    ``max_gap``: most days from the end of the earlier event to the start of the later; an unknown end drops the pair
    unless this is infinite. ``prior_observation``: least days from the start of the period of observation.
    ``washout``: least days since an event of the same cohort before, in the study range or not.
    """

    window: tuple[float, float] = (0, 365)
    null_days: float | None = None
    max_gap: float = math.inf
    prior_observation: int = 0
    washout: int = 0
    first_day: datetime.date | None = None
    last_day: datetime.date | None = None
    level: float = 0.95
    interval: Interval = "jeffreys"
    compat: Compat | None = None

    @property
    def null_window(self) -> float:
        if self.null_days is not None:
            return self.null_days
        return COMPAT_NULL_DAYS if self.compat else self.window[1]


@dataclass(frozen=True)
class Counts:
    """What an engine finds. Pairs of cohorts without anybody, and days without a first event, may be left out.

    ``pairs``: (index cohort, marker cohort) -> people with the index first, people with the marker first.
    ``first_index``, ``first_marker``: (cohort, stratum, day) -> people whose first event ever fell on the day, for
    days of the study range.
    """

    pairs: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    first_index: Mapping[tuple[int, int, datetime.date], int] = field(default_factory=dict)
    first_marker: Mapping[tuple[int, int, datetime.date], int] = field(default_factory=dict)


@dataclass(frozen=True)
class PairRatio:
    """One pair; NaN where undefined. Bounds are infinite only in compat."""

    index: int
    marker: int
    n_index_first: int
    n_marker_first: int
    crude: float
    crude_low: float
    crude_high: float
    null: float
    adjusted: float
    low: float
    high: float


def study_range(periods: Iterable[Observed], settings: SequenceSettings) -> tuple[datetime.date, datetime.date] | None:
    """First and last day of the study; None where an end is open and nobody is observed."""
    observed = list(periods)
    first = settings.first_day or min((p.start for p in observed if p.start), default=None)
    last = settings.last_day or max((p.end for p in observed if p.end), default=None)
    return None if first is None or last is None else (first, last)


def count_plainly(
    index: Sequence[Event],
    marker: Sequence[Event],
    periods: Sequence[Observed],
    settings: SequenceSettings,
    strata: Mapping[int, int] | None = None,
) -> Counts:
    """All index cohorts with all marker cohorts; ``strata``: person -> stratum of the null ratio, default one."""
    span = study_range(periods, settings)
    if span is None:
        return Counts()
    first, second = _histories(index), _histories(marker)
    return Counts(
        _pairs(_entries(first, span), _entries(second, span), _by_person(periods), settings),
        *(_first_ever(histories, span, strata or {}) for histories in (first, second)),
    )


class _Entry(NamedTuple):
    """The first event of a person in the study range."""

    start: datetime.date
    end: datetime.date | None
    gap_to_prior: int | None


_History = dict[tuple[int, int], list[Event]]  # (cohort, person) -> events with a start, in order


def _histories(events: Iterable[Event]) -> _History:
    out: _History = defaultdict(list)
    for event in events:
        if event.start is not None:
            out[event.cohort, event.person].append(event)
    return {key: sorted(found, key=lambda e: e.start or datetime.date.min) for key, found in out.items()}


def _first_ever(
    histories: _History, span: tuple[datetime.date, datetime.date], strata: Mapping[int, int]
) -> Counter[tuple[int, int, datetime.date]]:
    out: Counter[tuple[int, int, datetime.date]] = Counter()
    for (cohort, person), events in histories.items():
        day = events[0].start
        if day is not None and span[0] <= day <= span[1]:
            out[cohort, strata.get(person, 0), day] += 1
    return out


def _entries(histories: _History, span: tuple[datetime.date, datetime.date]) -> dict[int, dict[int, _Entry]]:
    """Cohort -> person -> entry."""
    out: dict[int, dict[int, _Entry]] = defaultdict(dict)
    for (cohort, person), events in histories.items():
        starts = [e.start for e in events if e.start is not None]
        inside = [day for day in starts if span[0] <= day <= span[1]]
        if inside:
            start = inside[0]
            before = [day for day in starts if day < start]
            ends = [e.end for e in events if e.start == start and e.end is not None]
            gap = (start - before[-1]).days if before else None
            # Of several events that start on the day, the one that lasts longest.
            out[cohort][person] = _Entry(start, max(ends, default=None), gap)
    return out


def first_days(
    index: Iterable[Event], marker: Iterable[Event], span: tuple[datetime.date, datetime.date]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(people,) day of the first event ever of one index cohort and of one marker cohort, for `bootstrap_null`.

    Counted from the first day of the study range; -1 where a person has none in it.
    """
    ever = [{person: events[0].start for (_, person), events in _histories(side).items()} for side in (index, marker)]
    people = sorted(ever[0].keys() | ever[1].keys())
    first, second = (np.array([_since(side.get(p), span) for p in people], np.int64) for side in ever)
    return first, second


def _since(day: datetime.date | None, span: tuple[datetime.date, datetime.date]) -> int:
    return (day - span[0]).days if day is not None and span[0] <= day <= span[1] else -1


def _by_person(periods: Iterable[Observed]) -> dict[int, list[Observed]]:
    out: dict[int, list[Observed]] = defaultdict(list)
    for period in periods:
        out[period.person].append(period)
    return out


def _pairs(
    index: Mapping[int, Mapping[int, _Entry]],
    marker: Mapping[int, Mapping[int, _Entry]],
    observed: Mapping[int, Sequence[Observed]],
    settings: SequenceSettings,
) -> dict[tuple[int, int], tuple[int, int]]:
    out = {}
    for i, exposed in index.items():
        for m, marked in marker.items():
            both = exposed.keys() & marked.keys()
            found = [order(exposed[p], marked[p], observed.get(p, ()), settings) for p in both]
            out[i, m] = (found.count("index"), found.count("marker"))
    return out


def order(index: _Entry, marker: _Entry, periods: Iterable[Observed], settings: SequenceSettings) -> Order | None:
    """Which came first, or None where the two do not make a sequence."""
    earlier, later = sorted((index, marker), key=lambda e: e.start)
    apart = (later.start - earlier.start).days
    if not settings.window[0] < apart <= settings.window[1]:
        return None
    if not any(_holds(p, earlier.start, later.start, settings.prior_observation) for p in periods):
        return None
    if math.isfinite(settings.max_gap) and not (
        earlier.end is not None and (later.start - earlier.end).days <= settings.max_gap
    ):
        return None
    if any(e.gap_to_prior is not None and e.gap_to_prior < settings.washout for e in (index, marker)):
        return None
    return "index" if index.start < marker.start else "marker"


def _holds(period: Observed, earlier: datetime.date, later: datetime.date, prior_days: int) -> bool:
    """Are both days in this one period, each after at least ``prior_days`` of it?

    The later day has been observed for longer than the earlier, so that the test of the earlier is a test of both.
    That is also what the R package asks, in which only the first date is named.
    """
    if period.start is None or period.end is None:
        return False
    return period.start <= earlier and later <= period.end and (earlier - period.start).days >= prior_days


def ratios_of(
    counts: Counts, settings: SequenceSettings, index: Sequence[int], marker: Sequence[int]
) -> list[PairRatio]:
    """Ratios of every one of ``index`` with every one of ``marker``, in that order, whatever engine counted."""
    a, b = (
        np.array([[counts.pairs.get((i, m), (0, 0))[side] for m in marker] for i in index], np.int64) for side in (0, 1)
    )
    sums = null_of(counts, settings.null_window, index, marker)
    found = sequence_ratios(a, b, sums, settings.level, settings.interval, settings.compat)
    return [_row(found, (i, m), at) for at, (i, m) in _cells(index, marker)]


def _cells(index: Sequence[int], marker: Sequence[int]) -> Iterable[tuple[tuple[int, int], tuple[int, int]]]:
    return (((k, n), (i, m)) for k, i in enumerate(index) for n, m in enumerate(marker))


def _row(found: SequenceRatios, pair: tuple[int, int], at: tuple[int, int]) -> PairRatio:
    names = [f.name for f in fields(PairRatio)][2:]
    counts, values = ([getattr(found, name)[at].item() for name in part] for part in (names[:2], names[2:]))
    return PairRatio(*pair, *counts, *values)


def null_of(counts: Counts, window_days: float, index: Sequence[int], marker: Sequence[int]) -> NullSums:
    """The sums of the null ratio, (index, marker), over all strata."""
    days = [day for _, _, day in [*counts.first_index, *counts.first_marker]]
    if not days:
        return NullSums(*np.zeros((2, len(index), len(marker))))
    origin, strata = min(days), sorted({s for _, s, _ in [*counts.first_index, *counts.first_marker]})
    shape = (len(strata), (max(days) - origin).days + 1)
    return null_sums(
        _per_day(counts.first_index, index, strata, origin, shape),
        _per_day(counts.first_marker, marker, strata, origin, shape),
        window_days,
    )


def _per_day(
    firsts: Mapping[tuple[int, int, datetime.date], int],
    cohorts: Sequence[int],
    strata: Sequence[int],
    origin: datetime.date,
    shape: tuple[int, int],
) -> Floats:
    """(strata, cohorts, days) people."""
    row, layer = ({name: n for n, name in enumerate(names)} for names in (cohorts, strata))
    out = np.zeros((shape[0], len(cohorts), shape[1]))
    for (cohort, stratum, day), people in firsts.items():
        if cohort in row:
            out[layer[stratum], row[cohort], (day - origin).days] += people
    return out
