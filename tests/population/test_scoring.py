"""Scoring everyone: for each person what `soleus.assess` says of the same facts, on both engines."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus import assess
from soleus.clinical.case import Case
from soleus.errors import CannotAssess
from soleus.inference.posterior import judge
from soleus.population import scoring
from soleus.population.engine import Engine, open_engine
from soleus.population.meanings import Meanings, meanings_of
from soleus.population.plain import Database, Exposure, Happening, Person, Result
from soleus.population.plain_scoring import case_of
from soleus.population.scoring import Asked, score_everyone
from soleus.population.source import SHAPE, Source, open_source
from soleus.reasoning import red_flags
from soleus.reasoning.compiled import Compiled, shipped_compiled
from soleus.reasoning.facts import PresentationFacts
from soleus.reasoning.intake import take_in
from soleus.reasoning.medicines import medicine_index

from .scored_worlds import DESCENDS, FIRST, LAST, VOCABULARY, databases

QUIET = settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
FEW = settings(deadline=None, max_examples=4, suppress_health_check=list(HealthCheck), derandomize=True)
DAYS_OF = st.sampled_from([None, None, LAST - datetime.timedelta(days=20)])
WITHIN = 1e-5


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return shipped_compiled()


@cache
def duckdb() -> Engine:
    return open_engine("duckdb")


def expected(case: Case, compiled: Compiled) -> tuple[dict[str, float], set[str], bool]:
    """Probabilities, red flags, and whether a complaint was told: by `assess`, or as if one were brought."""
    try:
        found = assess(case, knowledge=compiled, draws=2).complaints[0]
        return {e.id: e.probability for e in found.explanations}, {f.id for f in found.red_flags}, True
    except CannotAssess:
        seen = take_in(case, compiled, medicine_index(compiled.knowledge), empty=True)[0]
        p = judge(compiled.network, seen.context, seen.evidence).probability
        flags = red_flags.fired(compiled.knowledge.all(red_flags.RedFlag), PresentationFacts(seen))
        return dict(zip(compiled.network.explanations, p.tolist(), strict=True)), {f.flag.id for f in flags}, False


def scored(source: Source, compiled: Compiled, tmp_path: Path, asked: Asked) -> dict[int, dict[str, object]]:
    out = tmp_path / "people.parquet"
    score_everyone(source, compiled, asked, people=out)
    return {row["person_id"]: row for row in pq.read_table(out).to_pylist()}


def agree(engine: Engine, database: Database, compiled: Compiled, tmp_path: Path, as_of: datetime.date | None) -> None:
    source = database.on(engine)
    meanings = meanings_of(source, compiled)
    cases = {p: case_of(database, p, meanings, compiled, as_of) for p in (1, 2, 3)}
    told = {p: case for p, case in cases.items() if case is not None}
    rows = scored(source, compiled, tmp_path, Asked(as_of))
    assert rows.keys() == told.keys()
    for person, case in told.items():
        same(rows[person], case, compiled)


def same(row: dict[str, object], case: Case, compiled: Compiled) -> None:
    probability, flags, complaint = expected(case, compiled)
    worst = max(abs(float(str(row[s])) - p) for s, p in probability.items())
    assert worst <= WITHIN, case
    assert set(str(row["red_flags"]).split(";")) - {""} == flags
    assert row["complaint"] is complaint
    assert str(row["day"]) == case.as_of


@given(database=databases(), as_of=DAYS_OF)
@QUIET
def test_everybody_is_judged_as_one_case_of_the_same_facts(
    database: Database, as_of: datetime.date | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    agree(duckdb(), database, shipped_compiled(), tmp_path_factory.mktemp("duckdb"), as_of)


@given(database=databases(), as_of=DAYS_OF)
@FEW
def test_spark_judges_everybody_the_same(
    spark: Engine, database: Database, as_of: datetime.date | None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    agree(spark, database, shipped_compiled(), tmp_path_factory.mktemp("spark"), as_of)
