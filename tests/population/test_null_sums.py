"""The null ratio added up by the engine is the one that day counts of both sides give, to the last person."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from soleus.population.databases.engine import Engine
from soleus.population.judges.plain import Database
from soleus.population.sequences.counting import SequenceSettings
from soleus.population.sequences.first_events import count_days
from soleus.population.sequences.null_days import null_sums_of
from soleus.population.sequences.null_sums import null_sums
from soleus.population.sequences.study import Groups, Rules, study_of

from .test_first_events import FEW, GROUP, QUIET, RULES, SETTINGS, STRATA, Strata, duckdb
from .worlds import databases

WINDOWS = st.sampled_from([1.0, 30.0, 365.0, math.inf])


def agree(
    engine: Engine, database: Database, groups: tuple[Groups, Groups], how: SequenceSettings, rules: Rules,
    strata: Strata, window: float,
) -> None:  # fmt: skip
    table = engine.table({"person_id": "int", "stratum": "int"}, list(strata.items())) if strata else None
    study = study_of(database.on(engine), *groups, how, rules, strata=table)
    if study is None:
        return
    days = count_days(study, "index"), count_days(study, "marker")
    want = null_sums_of(*days, list(study.index), list(study.marker), window)
    found = null_sums(study, window)
    assert np.array_equal(found.forward, want.forward)
    assert np.array_equal(found.backward, want.backward)


@QUIET
@given(databases(), GROUP, GROUP, SETTINGS, RULES, st.sampled_from(STRATA), WINDOWS)
def test_duckdb_adds_up_what_its_days_give(
    database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules, strata: Strata,
    window: float,
) -> None:  # fmt: skip
    agree(duckdb(), database, (index, marker), how, rules, strata, window)


@FEW
@given(databases(), GROUP, GROUP, SETTINGS, RULES, st.sampled_from(STRATA), WINDOWS)
def test_spark_adds_up_what_its_days_give(
    spark: Engine, database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules,
    strata: Strata, window: float,
) -> None:  # fmt: skip
    agree(spark, database, (index, marker), how, rules, strata, window)


@pytest.mark.parametrize("window", [0.0, 5.0])
def test_nobody_gives_sums_of_nothing(window: float) -> None:
    study = study_of(Database().on(duckdb()), {1: [1]}, {2: [2], 3: [3]}, SequenceSettings(
        first_day=None, last_day=None), None)  # fmt: skip
    assert study is None or null_sums(study, window).forward.tolist() == [[0.0, 0.0]]
