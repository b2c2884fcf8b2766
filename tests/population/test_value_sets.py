"""Value sets are definitions; the vocabulary of the database decides what they hold, and what is not found is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from soleus.knowledge.loader import shipped
from soleus.population.cohorts.cohort import Cohort, ConceptSet
from soleus.population.cohorts.value_sets import concepts_for, definitions, expand
from soleus.population.databases.engine import open_engine
from soleus.population.databases.source import open_source
from soleus.population.judges.plain import Database, Exposure

pytest.importorskip("ibis")
#: A vocabulary: cramp (10) with night cramp (11) below it, an ICD code (20) that maps to it, loop diuretics (30) with
#: furosemide (31) and a tablet of it (32), quinine (40), and a tablet that only its name tells (50).
VOCABULARY = Database(
    concept=[
        (10, "snomed", "55300003", "Muscle cramp"), (11, "snomed", "449918009", "Cramp in lower leg"),
        (12, "snomed", "1", "A narrower cramp"), (20, "icd10cm", "R25.2", "Cramp and spasm"),
        (21, "icd10cm", "G47.62", "Sleep related leg cramps"), (22, "icd10cm", "C61", "Cancer of the prostate"),
        (23, "icd10cm", "C97.1", "Outside the range"), (30, "atc", "C03C", "Loop diuretics"),
        (31, "rxnorm", "4603", "furosemide"), (32, "rxnorm", "0", "a tablet"), (40, "rxnorm", "9071", "quinine"),
        (50, "NDC", "x", "Simvastatin 20 MG Oral Tablet"), (51, "NDC", "y", "Nothing known"),
    ],
    descends=[(10, 10), (10, 11), (10, 12), (11, 11), (30, 31), (30, 32), (31, 32), (40, 40)],
    maps=[(20, 10), (21, 11)],
    exposure=[Exposure(1, 50, None, None), Exposure(1, 51, None, None)],
)  # fmt: skip


def found(*names: str) -> dict[str, frozenset[int]]:
    return dict(expand(VOCABULARY.on(open_engine()), shipped(), names).concepts)


def test_codes_bring_what_they_map_to_and_what_is_narrower() -> None:
    assert found("cramp")["cramp"] == {10, 11, 12, 20, 21}
    assert found("night_cramp")["night_cramp"] == {11, 21}


def test_a_class_of_medicines_holds_its_members() -> None:
    assert found("medicine.loop")["medicine.loop"] >= {30, 31, 32}
    assert found("quinine")["quinine"] == {40}


def test_a_range_of_icd_holds_the_codes_between_its_ends() -> None:
    assert found("contributor.active_cancer")["contributor.active_cancer"] == {22}


def test_a_medicine_that_no_code_finds_is_found_by_its_name() -> None:
    expansion = expand(VOCABULARY.on(open_engine()), shipped())
    assert 50 in expansion.concepts["medicine.statin"]
    assert 50 in expansion.concepts["contributor.statin"]
    assert expansion.by_name["medicine.simvastatin"] == 1
    assert not any(51 in concepts for concepts in expansion.concepts.values())


def test_what_is_not_found_is_said() -> None:
    expansion = expand(VOCABULARY.on(open_engine()), shipped(), ["restless_legs", "cramp"])
    assert expansion.empty == ("restless_legs",)
    by_code = {(f.system, f.code): f.concepts for f in expansion.report if f.value_set == "cramp"}
    assert by_code["snomed", "55300003"] == 3
    assert by_code["icd9cm", "327.52"] == 0


def test_every_explanation_contributor_and_medicine_with_codes_is_a_value_set() -> None:
    known = definitions(shipped())
    assert {"cramp", "quinine", "look_alikes", "explanation.restless_legs_syndrome", "contributor.diuretic_loop",
            "medicine.statin"} <= known.keys()  # fmt: skip
    assert all(definition.codes for definition in known.values())


def test_a_cohort_may_bring_concepts_of_its_own() -> None:
    source = VOCABULARY.on(open_engine())
    own = ConceptSet(include_narrower=(10,), exclude=(12,))
    cohort = Cohort(id="c", name="C", entry=("mine",), sets={"mine": own})
    assert concepts_for(source, cohort, expand(source, shipped(), ()))["mine"] == {10, 11}


def test_the_medicines_of_gibleed_are_found(test_data: Path) -> None:
    expansion = expand(open_source(test_data / "data/omop_gibleed"), shipped())
    assert len(expansion.concepts["medicine.nsaid"]) >= 5
    assert "cramp" in expansion.empty
