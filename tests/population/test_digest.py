"""A stored digest of exposures counts what the source counts, and is made once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from soleus.population.databases.engine import Engine
from soleus.population.judges.plain import Database
from soleus.population.sequences.counting import SequenceSettings
from soleus.population.sequences.digest import digested, reduced
from soleus.population.sequences.first_events import count_sequences
from soleus.population.sequences.study import EXPOSURES, Groups, Rules, study_of

from .test_first_events import FEW, GROUP, QUIET, RULES, SETTINGS, duckdb
from .worlds import databases

TABLES = st.sampled_from([EXPOSURES, ("exposure", "event")])


def agree(
    engine: Engine, database: Database, groups: tuple[Groups, Groups], how: SequenceSettings, rules: Rules,
    marker_tables: tuple[str, ...],
) -> None:  # fmt: skip
    study = study_of(database.on(engine), *groups, how, rules, marker_tables=marker_tables)
    if study is None:
        return
    with TemporaryDirectory() as folder:
        stored = replace(study, source=digested(study.source, study.span, Path(folder)))
        assert count_sequences(stored) == count_sequences(study)


@QUIET
@given(databases(), GROUP, GROUP, SETTINGS, RULES, TABLES)
def test_duckdb_counts_the_same_in_the_digest(
    database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules,
    tables: tuple[str, ...],
) -> None:  # fmt: skip
    agree(duckdb(), database, (index, marker), how, rules, tables)


@FEW
@given(databases(), GROUP, GROUP, SETTINGS, RULES, TABLES)
def test_spark_counts_the_same_in_the_digest(
    spark: Engine, database: Database, index: Groups, marker: Groups, how: SequenceSettings, rules: Rules,
    tables: tuple[str, ...],
) -> None:  # fmt: skip
    agree(spark, database, (index, marker), how, rules, tables)


@QUIET
@given(databases(), SETTINGS)
def test_a_person_and_concept_have_at_most_three_rows(database: Database, how: SequenceSettings) -> None:
    study = study_of(database.on(duckdb()), {1: [1]}, {1: [1]}, how)
    if study is None:
        return
    rows = duckdb().rows(reduced(study.source, study.span))
    assert all(sum(1 for r in rows if (r["person_id"], r["concept"]) == key) <= 3
               for key in {(r["person_id"], r["concept"]) for r in rows})  # fmt: skip
    assert rows == sorted(rows, key=lambda r: (r["concept"] is None, r["concept"], r["person_id"], r["start"]))


def test_what_is_stored_is_taken_again_for_its_study_range_and_no_other(tmp_path: Path) -> None:
    source = Database().on(duckdb())
    study = study_of(source, {1: [1]}, {1: [1]}, SequenceSettings(
        first_day=date(2001, 1, 1), last_day=date(2002, 12, 31)))  # fmt: skip
    assert study is not None
    digested(source, study.span, tmp_path)
    (file,) = tmp_path.iterdir()
    before = file.stat().st_mtime_ns
    digested(source, study.span, tmp_path)
    assert [f.stat().st_mtime_ns for f in tmp_path.iterdir()] == [before]
    digested(source, (study.span[0], date(2003, 12, 31)), tmp_path)
    assert len(list(tmp_path.iterdir())) == 2
