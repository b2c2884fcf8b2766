"""Sequences counted by an engine are those that the plain engine counts, to the last person."""

from __future__ import annotations

import datetime
import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus.population.databases.engine import Engine, open_engine
from soleus.population.databases.spans import age_of
from soleus.population.judges import plain
from soleus.population.judges.plain import Database
from soleus.population.sequences.counting import (
    Counts,
    Event,
    Observed,
    SequenceSettings,
    count_plainly,
    study_range,
)
from soleus.population.sequences.first_events import count_sequences
from soleus.population.sequences.study import EVERYWHERE, EXPOSURES, Groups, Rules, study_of

from .worlds import FIRST, databases

QUIET = settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
FEW = settings(deadline=None, max_examples=3, suppress_health_check=list(HealthCheck), derandomize=True)

#: Cohorts that share concepts, one without any, one that nobody has.
GROUPS: list[Groups] = [
    {7: [1]},
    {1: [1], 2: [2, 3]},
    {1: [1, 2], 2: [2, 3], 3: [2]},
    {4: [], 5: [77], 6: [1, 2, 3]},
    {1: [1, *range(100, 160)]},  # more concepts than a filter names
    {1: [1, *range(100, 160)], 2: [2], 3: [1, 3]},
]
SETTINGS = st.builds(
    SequenceSettings,
    window=st.sampled_from([(0, 365), (0, 365), (0, math.inf), (2, 6)]),
    max_gap=st.sampled_from([math.inf, math.inf, 3, 0]),
    prior_observation=st.sampled_from([0, 0, 3]),
    washout=st.sampled_from([0, 0, 3, 400]),
    first_day=st.sampled_from([None, None, FIRST + datetime.timedelta(days=4)]),
    last_day=st.sampled_from([None, None, FIRST + datetime.timedelta(days=300)]),
)
RULES = st.builds(
    Rules,
    exclude=st.sampled_from([frozenset(), frozenset(), frozenset({99}), frozenset(range(99, 160))]),
    age_at_least=st.sampled_from([None, None, 48]),
    index_days=st.sampled_from([(0, math.inf), (0, math.inf), (1, 5), (4, math.inf)]),
    starts=st.sampled_from(["new", "ever"]),
)
Day = datetime.date
Strata = Mapping[int, int]
STRATA: list[Strata] = [{}, {1: 1, 2: 2}]


@cache
def duckdb() -> Engine:
    return open_engine("duckdb")


# ------------------------------------------------------------------------------------------ the plain way


class Start(NamedTuple):
    """An event of which start and end are known."""

    cohort: int
    person: int
    start: Day
    end: Day


def events(database: Database, groups: Groups, tables: Iterable[str]) -> list[Start]:
    """What the engine reads as events: records with a date, an end that is missing or too early put at the start."""
    kept = replace(database, **{name: [] for name in set(EVERYWHERE) - set(tables)})
    return [
        Start(cohort, span.person_id, span.start, span.end)
        for cohort, concepts in groups.items()
        for span in plain.records(kept, set(concepts))
    ]


def observation(database: Database) -> list[Observed]:
    return [Observed(*span) for spans in plain.observed(database).values() for span in spans]


def starts(events: Iterable[Start], span: tuple[Day, Day], washout: int) -> list[Start]:
    """The first event of the study range of each cohort and person, the longest of its day, if it is washed out."""
    found = defaultdict[tuple[int, int], list[Start]](list)
    for event in events:
        found[event.cohort, event.person].append(event)
    out = []
    for own in found.values():
        inside = [e for e in own if span[0] <= e.start <= span[1]]
        if inside:
            first = min(inside, key=lambda e: (e.start, -e.end.toordinal()))
            before = [e.start for e in own if e.start < first.start]
            if not before or (first.start - max(before)).days >= washout:
                out.append(first)
    return out


def by_hand(
    database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules, strata: Strata
) -> Counts:
    """Person by person, with the rules."""
    periods = [span for spans in plain.observed(database).values() for span in spans]
    span = study_range(observation(database), how)
    if span is None:
        return Counts()
    out = {r.person_id for r in plain.records(database, rules.exclude)}
    known, prior = plain.people(database), datetime.timedelta(how.prior_observation)

    def seen(person: int, first: Day, last: Day) -> bool:
        """Under observation from enough days before the first to the last, and old enough on the first."""
        birth = known[person].birth_date if person in known else None
        if rules.age_at_least is not None and (birth is None or age_of(birth, first) < rules.age_at_least):
            return False
        return any(p.person_id == person and p.start + prior <= first and last <= p.end for p in periods)

    least, most = rules.index_days
    first, second = (
        [e for e in starts(events(database, groups, tables), span, how.washout) if e.person not in out]
        for groups, tables in ((index, EXPOSURES), (marker, EVERYWHERE))
    )
    first = [e for e in first if least <= (e.end - e.start).days + 1 <= most]
    pairs = defaultdict[tuple[int, int], list[int]](lambda: [0, 0])
    for a, b in itertools.product(first, second):
        apart, (earlier, later) = (b.start - a.start).days, sorted((a, b), key=lambda e: e.start)
        if a.person != b.person or not how.window[0] < abs(apart) <= how.window[1]:
            continue
        if (later.start - earlier.end).days <= how.max_gap and seen(a.person, earlier.start, later.start):
            pairs[a.cohort, b.cohort][apart < 0] += 1
    days = [
        Counter((e.cohort, strata.get(e.person, 0), e.start) for e in side if seen(e.person, e.start, e.start))
        for side in (first, second)
    ]
    return Counts({pair: (n[0], n[1]) for pair, n in pairs.items()}, *days)


def on_engine(
    engine: Engine, database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules,
    strata: Strata,
) -> Counts:  # fmt: skip
    source = database.on(engine)
    table = engine.table({"person_id": "int", "stratum": "int"}, list(strata.items())) if strata else None
    study = study_of(source, index, marker, how, rules, strata=table)
    return count_sequences(study) if study else Counts()


def people_in(counts: Counts) -> Counts:
    """Without pairs that nobody makes: an engine may leave them out."""
    return replace(counts, pairs={k: v for k, v in counts.pairs.items() if v != (0, 0)})


# ----------------------------------------------------------------------------------------------- engines


def agree(
    engine: Engine, database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules,
    strata: Strata,
) -> None:  # fmt: skip
    """With first events ever and no rules the plain engine judges; with rules the loop above."""
    first, second = (
        [Event(*e) for e in events(database, *side)] for side in ((index, EXPOSURES), (marker, EVERYWHERE))
    )
    want = count_plainly(first, second, observation(database), how, strata)
    found = on_engine(engine, database, index, marker, how, Rules(starts="ever"), strata)
    assert found == people_in(want)
    want = by_hand(database, index, marker, how, rules, strata)
    found = on_engine(engine, database, index, marker, how, rules, strata)
    assert found.pairs == want.pairs
    if rules.starts == "new":
        assert (found.first_index, found.first_marker) == (want.first_index, want.first_marker)


GROUP = st.sampled_from(GROUPS)


@QUIET
@given(databases(), GROUP, GROUP, SETTINGS, RULES, st.sampled_from(STRATA))
def test_duckdb_counts_what_the_plain_engine_counts(
    database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules, strata: Strata
) -> None:
    agree(duckdb(), database, index, marker, how, rules, strata)


@FEW
@given(databases(), GROUP, GROUP, SETTINGS, RULES, st.sampled_from(STRATA))
def test_spark_counts_what_the_plain_engine_counts(
    spark: Engine, database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules,
    strata: Strata,
) -> None:  # fmt: skip
    agree(spark, database, index, marker, how, rules, strata)
