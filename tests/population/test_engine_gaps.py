"""What an engine or Ibis lacks, each with the error that is expected, and what stands in its place.

Marks are strict: when Ibis mends one, its test fails, and what stands in its place in the engine can go.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from soleus.population.databases.engine import Engine, count_of, open_engine

ibis = pytest.importorskip("ibis")
exceptions = pytest.importorskip("ibis.common.exceptions")
#: More than a float holds: the number of a code without a concept_id.
WIDE = (1 << 62) + 7


def upstream(reason: str, raises: type[Exception]) -> pytest.MarkDecorator:
    return pytest.mark.xfail(strict=True, raises=raises, reason=f"Ibis must: {reason}")


@upstream("it knows no bit_or of Spark; Engine.bit_or declares it", exceptions.OperationNotDefinedError)
def test_spark_ors_bits(spark: Engine) -> None:
    t = spark.table({"a": "int"}, [(1,), (6,)])
    assert spark.one(t.aggregate(bits=t.a.bit_or())) == {"bits": 7}


def test_the_declared_bit_or_stands_in_its_place(spark: Engine) -> None:
    t = spark.table({"a": "int"}, [(1,), (6,), (None,)])
    assert spark.one(t.aggregate(bits=spark.bit_or(t.a))) == {"bits": 7}


@upstream("on Spark it makes a sum of a conditional count; count_of fills it", AssertionError)
def test_spark_counts_nothing_of_no_rows(spark: Engine) -> None:
    t = spark.empty({"a": "int"})
    assert spark.one(t.aggregate(n=t.count(where=t.a > 0))) == {"n": 0}


def test_count_of_stands_in_its_place(spark: Engine) -> None:
    for engine in (spark, open_engine()):
        t = engine.empty({"a": "int"})
        assert engine.one(t.aggregate(n=count_of(t, t.a > 0))) == {"n": 0}


@pytest.mark.filterwarnings("ignore")
@upstream("it fetches from Spark by way of pandas; Engine.arrow goes by Arrow", AssertionError)
def test_a_whole_number_beside_a_missing_one_keeps_its_digits(spark: Engine, tmp_path: Path) -> None:
    assert spark.con.to_pyarrow(_wide(spark, tmp_path)).to_pylist() == [{"a": WIDE}, {"a": None}]


def test_arrow_stands_in_its_place(spark: Engine, tmp_path: Path) -> None:
    assert spark.rows(_wide(spark, tmp_path)) == [{"a": WIDE}, {"a": None}]


def _wide(spark: Engine, folder: Path) -> object:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": pa.array([WIDE, None])}), folder / "a.parquet")
    return spark.read_parquet(folder / "a.parquet")


@upstream("an expression of tables from memory runs on DuckDB whoever made them; Engine.rows names the engine",
          AssertionError)  # fmt: skip
def test_a_table_from_memory_runs_on_the_engine_that_made_it(spark: Engine) -> None:
    t = spark.table({"a": "int"}, [(1,)])
    assert t.get_backend().name == "pyspark"
