"""The plain engine judges DuckDB and Spark: the same answers on made-up databases, to the last digit."""

from __future__ import annotations

import datetime
from functools import cache

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from soleus.population.cohorts.cohort import Cohort, Timed
from soleus.population.cohorts.members import members
from soleus.population.cohorts.prevalence import count_cells
from soleus.population.databases.engine import Engine, open_engine
from soleus.population.databases.quality import quality
from soleus.population.databases.spans import eras, observed
from soleus.population.judges import plain, plain_quality
from soleus.population.judges.plain import Database

from .worlds import FIRST, SETS, databases

QUIET = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
#: On Spark each example takes seconds, and a smaller one would be looked for with hundreds of them.
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
FEW = settings(
    deadline=None, max_examples=3, suppress_health_check=list(HealthCheck), derandomize=True, phases=UNSHRUNK
)

TIMED = st.builds(
    Timed,
    value_set=st.sampled_from(sorted(SETS)),
    from_days=st.one_of(st.none(), st.integers(-5, -1)),
    to_days=st.one_of(st.none(), st.integers(0, 3)),
    same_observation=st.booleans(),
)
COHORTS = st.builds(
    Cohort,
    id=st.just("made_up"),
    name=st.just("Made up"),
    entry=st.sampled_from([("cramp",), ("quinine",), ("cramp", "quinine"), ("nothing",)]),
    era_gap_days=st.sampled_from([None, 0, 1, 2, 30]),
    washout_days=st.sampled_from([0, 2, 4, None]),
    prior_observation_days=st.sampled_from([0, 0, 3]),
    follow_up_days=st.sampled_from([0, 0, 5]),
    require=st.sampled_from([0, 0, 1]).flatmap(lambda n: st.lists(TIMED, max_size=n)).map(tuple),
    exclude=st.lists(TIMED, max_size=1).map(tuple),
    age_at_least=st.sampled_from([None, 18]),
    age_at_most=st.sampled_from([None, 48]),
    sex=st.sampled_from([None, "female"]),
    first_day=st.sampled_from([None, FIRST + datetime.timedelta(days=5)]),
    last_day=st.sampled_from([None, FIRST + datetime.timedelta(days=300)]),
    limit=st.sampled_from(["all", "first"]),
    end=st.sampled_from(["era", "observation"]),
    end_days=st.sampled_from([None, 0, 30]),
)


@cache
def duckdb() -> Engine:
    return open_engine("duckdb")


def agree(engine: Engine, database: Database, cohort: Cohort, prior: int) -> None:
    """Every operation, on one database."""
    source = database.on(engine)
    assert _spans(engine, observed(source)) == sorted(s for spans in plain.observed(database).values() for s in spans)
    for concepts in SETS.values():
        want = sorted(s for spans in plain.eras(database, concepts, 2).values() for s in spans)
        assert _spans(engine, eras(source, concepts, 2)) == want
    found = members(source, cohort, SETS)
    entries, steps = plain.members(database, cohort, SETS)
    assert found.steps == steps
    assert _spans(engine, found.table) == entries
    counted = {(c.table, c.fault): (c.found, c.of) for c in quality(source).checks}
    assert counted == plain_quality.checks(database)
    answers = {"gap_days": cohort.era_gap_days or 0, "prior_observation_days": prior}
    assert count_cells(source, SETS["quinine"], **answers) == plain.count_cells(database, SETS["quinine"], **answers)


def _spans(engine: Engine, table: object) -> list[plain.Span]:
    return sorted(plain.Span(**row) for row in engine.rows(table))


@QUIET
@given(databases(), COHORTS, st.sampled_from([0, 3]))
def test_duckdb_agrees_with_the_plain_engine(database: Database, cohort: Cohort, prior: int) -> None:
    agree(duckdb(), database, cohort, prior)


@FEW
@given(databases(), COHORTS, st.sampled_from([0, 3]))
def test_spark_agrees_with_the_plain_engine(spark: Engine, database: Database, cohort: Cohort, prior: int) -> None:
    agree(spark, database, cohort, prior)


@pytest.mark.parametrize("name", ["person", "period", "exposure", "event", "result", "death"])
def test_a_database_with_empty_tables_has_nobody(name: str) -> None:
    cohort = Cohort(id="c", name="C", entry=("cramp",))
    day = FIRST
    whole = Database(
        person=[plain.Person(1, datetime.date(1960, 1, 1), "male")],
        period=[(1, day, day)],
        event=[plain.Happening(1, 1, day)],
    )
    empty = Database(**{f: getattr(whole, f) for f in ("person", "period", "event") if f != name})
    assert len(plain.members(whole, cohort, SETS)[0]) == 1
    assert members(empty.on(duckdb()), cohort, SETS).steps == plain.members(empty, cohort, SETS)[1]
