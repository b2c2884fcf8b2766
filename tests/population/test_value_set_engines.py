"""The plain engine judges how value sets are expanded: the same concepts of made-up vocabularies on every engine."""

from __future__ import annotations

import datetime
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from soleus.evidence.record import Code
from soleus.knowledge.loader import shipped
from soleus.population.cohorts.value_sets import Definition, definitions, expand_definitions
from soleus.population.databases.engine import Engine, open_engine
from soleus.population.judges import plain_value_sets as plain
from soleus.population.judges.plain import Database, Exposure

from .test_engines import FEW

pytest.importorskip("ibis")

NUMBERS = st.integers(0, 7)
CODES = st.sampled_from(
    [("icd10cm", c) for c in ("C00", "C61", "C61.1", "C96.9", "C97", "R25", "R25.2", "r25.2")]
    + [("atc", c) for c in ("C03", "C03C", "C03CA01", "C10AA")]
    + [("snomed", "55300003"), ("snomed", "5530"), ("rxnorm", "9071"), ("icd10", "R25"), (None, "R25"), ("atc", None)]
)
NAMES = st.sampled_from([None, "", "Simvastatin 20 MG Oral Tablet", "furosemide", "quinine sulfate", "aspirin", "x"])
WANTED = st.builds(
    Code,
    system=st.sampled_from(["icd10cm", "atc", "snomed", "rxnorm", "icd10"]),
    code=st.sampled_from(["C00-C96", "C61", "R25", "R25.2", "C03", "C03C", "C10", "55300003", "5530", "9071"]),
)
DEFINITIONS = st.lists(
    st.tuples(st.lists(WANTED, min_size=1, max_size=3), st.lists(WANTED, max_size=2), st.booleans()),
    min_size=1,
    max_size=3,
)


def vocabularies() -> st.SearchStrategy[Database]:
    """Duplicates, cycles, concepts below and mapped to what is not there, missing ends, codes without a system."""
    pairs = st.lists(st.tuples(NUMBERS, st.one_of(NUMBERS, NUMBERS, st.just(99), st.none())), max_size=8)
    concept = st.tuples(NUMBERS, CODES, NAMES).map(lambda row: (row[0], *row[1], row[2]))
    day = datetime.date(2010, 1, 1)
    return st.builds(
        Database,
        concept=st.lists(concept, max_size=8),
        descends=pairs,
        maps=pairs,
        exposure=st.lists(NUMBERS.map(lambda n: Exposure(1, n, day, None)), max_size=5),
    )


def wanted(made: list[tuple[list[Code], list[Code], bool]]) -> list[Definition]:
    """Made-up definitions beside some of the knowledge base, whose medicines are found by name as well."""
    known = definitions(shipped())
    own = [Definition(f"own_{n}", "Own", tuple(i), tuple(o), narrower) for n, (i, o, narrower) in enumerate(made)]
    names = (
        "quinine",
        "medicine.statin",
        "contributor.diuretic_loop",
        "contributor.statin",
        "contributor.active_cancer",
    )
    return [*own, *(known[name] for name in names)]


@cache
def duckdb() -> Engine:
    return open_engine()


@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
@given(vocabularies(), DEFINITIONS)
def test_duckdb_expands_as_the_plain_engine(
    vocabulary: Database, made: list[tuple[list[Code], list[Code], bool]]
) -> None:
    agree(duckdb(), vocabulary, wanted(made))


@FEW
@given(vocabularies(), DEFINITIONS)
def test_spark_expands_as_the_plain_engine(
    spark: Engine, vocabulary: Database, made: list[tuple[list[Code], list[Code], bool]]
) -> None:
    agree(spark, vocabulary, wanted(made))


def agree(engine: Engine, vocabulary: Database, wanted: list[Definition]) -> None:
    found = expand_definitions(vocabulary.on(engine), shipped(), wanted)
    assert found == plain.expand_definitions(vocabulary, shipped(), wanted)
