"""Every kind of source gives the same shape; what is missing is said, with what follows from it."""

from __future__ import annotations

import csv
import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soleus.errors import InputError, UnknownName, UnreadableInput, UsageError
from soleus.population.databases.codes import concept_number, number_of
from soleus.population.databases.engine import Engine, days_between, open_engine, share
from soleus.population.databases.fhir_files import convert_fhir, day_of, gather
from soleus.population.databases.quality import quality
from soleus.population.databases.source import SHAPE, Source, open_source
from soleus.population.judges.plain import Database, Happening, Person

pytest.importorskip("ibis")
DAY = datetime.date
OMOP: dict[str, list[list[Any]]] = {
    "PERSON": [
        ["person_id", "gender_concept_id", "year_of_birth", "month_of_birth", "day_of_birth"],
        [1, 8507, 1950, 3, 9],
        [2, 8532, 1960, "", ""],
        [3, 0, 1970, 5, ""],
    ],
    "observation_period": [
        ["person_id", "observation_period_start_date", "observation_period_end_date"],
        [1, "2010-01-01", "2012-12-31"],
        [2, "2010-01-01", ""],
    ],
    "drug_exposure": [
        [
            "PERSON_ID",
            "DRUG_CONCEPT_ID",
            "DRUG_EXPOSURE_START_DATE",
            "DRUG_EXPOSURE_END_DATE",
            "DAYS_SUPPLY",
            "DRUG_SOURCE_CONCEPT_ID",
        ],
        [1, 5, "2010-02-01", "2010-02-10", 30, 0],
        [1, 0, "2010-03-01 00:00:00", "", 30, 77],
        [2, 0, "2010-04-01", "", "", ""],
    ],
    "condition_occurrence": [
        ["person_id", "condition_concept_id", "condition_start_date"],
        [1, 9, "2010-05-01"],
        [2, 9, "not a date"],
    ],
    "measurement": [
        ["person_id", "measurement_concept_id", "measurement_date", "value_as_number", "unit_source_value"],
        [1, 4, "2010-06-01", "4.1", "mmol/L"],
        [1, 4, "2010-06-02", "low", ""],
    ],
}


def write_omop(folder: Path, **changes: list[list[Any]] | None) -> Path:
    for name, rows in (OMOP | changes).items():
        if rows is not None:
            with (folder / f"{name}.csv").open("w", newline="") as file:
                csv.writer(file).writerows(rows)
    return folder


def rows(source: Source, name: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in source.engine.rows(source.tables[name])), key=repr)


def test_omop_in_csv_has_the_shape(tmp_path: Path) -> None:
    source = open_source(write_omop(tmp_path))
    assert source.kind == "omop"
    assert rows(source, "person") == [
        (1, DAY(1950, 3, 9), "male"),
        (2, DAY(1960, 7, 1), "female"),
        (3, DAY(1970, 5, 15), None),
    ]
    assert rows(source, "period") == [(1, DAY(2010, 1, 1), DAY(2012, 12, 31)), (2, DAY(2010, 1, 1), None)]
    assert rows(source, "exposure") == [
        (1, 5, DAY(2010, 2, 1), DAY(2010, 2, 10)),
        (1, 77, DAY(2010, 3, 1), DAY(2010, 3, 30)),
        (2, 0, DAY(2010, 4, 1), None),
    ]
    assert rows(source, "event") == [(1, 9, DAY(2010, 5, 1)), (2, 9, None)]
    assert rows(source, "result") == [(1, 4, DAY(2010, 6, 1), 4.1, "mmol/L"), (1, 4, DAY(2010, 6, 2), None, None)]


def test_what_a_source_lacks_is_said_with_what_follows(tmp_path: Path) -> None:
    source = open_source(write_omop(tmp_path))
    assert {lack.table for lack in source.lacks} >= {"death", "concept", "descends", "maps"}
    assert all(lack.consequence for lack in source.lacks)
    assert not source.has("death")
    assert source.has("person")
    assert rows(source, "death") == []


def test_a_unit_is_what_the_vocabulary_calls_it_else_what_is_written_else_its_number(tmp_path: Path) -> None:
    head = ["person_id", "measurement_concept_id", "measurement_date", "value_as_number", "unit_concept_id"]
    units = [(8753, "mmol / l"), (1, "mmol/L"), (1, ""), (0, "")]
    measured: list[list[Any]] = [
        [*head, "unit_source_value"],
        *([1, 4, f"2010-06-0{n}", 4, *u] for n, u in enumerate(units, 1)),
    ]
    names = ["concept_id", "vocabulary_id", "concept_code", "concept_name"]
    concept: list[list[Any]] = [names, [8753, "UCUM", "mmol/L", "millimole"], [1, "Other", "x", "x"]]
    source = open_source(write_omop(tmp_path, measurement=measured, concept=concept))
    assert [row[4] for row in rows(source, "result")] == ["mmol/L", "mmol/L", "1", None]
    assert {(u.unit, u.rows) for u in quality(source).units} == {("mmol/L", 2), ("1", 1), (None, 1)}


@pytest.mark.parametrize("name", ["PERSON", "observation_period"])
def test_without_people_or_periods_nothing_can_be_counted(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnknownName, match=name.lower()):
        open_source(write_omop(tmp_path, **{name: None}))


def test_a_missing_column_is_named_with_its_table(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"drug_exposure.*drug_exposure_start_date"):
        open_source(write_omop(tmp_path, drug_exposure=[["person_id", "drug_concept_id"], [1, 2]]))


def test_an_older_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match=r"5\.2"):
        open_source(write_omop(tmp_path, cdm_source=[["cdm_version"], ["v5.2.2"]]))


def test_omop_in_a_database_is_read_by_somebody_who_may_only_read(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    write_omop(tmp_path)
    with duckdb.connect(str(tmp_path / "cdm.duckdb")) as con:
        for name in OMOP:
            con.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{tmp_path / name}.csv', all_varchar=true)")
    folder, database = open_source(tmp_path), open_source(tmp_path / "cdm.duckdb")
    assert all(rows(folder, name) == rows(database, name) for name in SHAPE)
    with pytest.raises(Exception, match="read-only"):
        database.engine.con.raw_sql("CREATE TABLE mine (a int)")


def test_tables_of_our_own_shape_are_taken_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "person.csv").write_text("person_id,birth_date,sex\n1,1950-01-01,male\n")
    (tmp_path / "period.csv").write_text("person_id,start,end\n1,2010-01-01,2010-12-31\n")
    source = open_source(tmp_path)
    assert source.kind == "plain"
    assert rows(source, "person") == [(1, DAY(1950, 1, 1), "male")]


@pytest.mark.parametrize("name", ["nothing", "cdm.duckdb", "notes.txt", "broken.json"])
def test_what_is_no_source_is_refused(tmp_path: Path, name: str) -> None:
    if name != "nothing":
        (tmp_path / name).write_text("no database")
    with pytest.raises(InputError):
        open_source(tmp_path / name)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="nothing that is read"):
        open_source(tmp_path)


def test_an_address_with_a_password_is_not_repeated() -> None:
    with pytest.raises(UnreadableInput) as error:
        open_source("nobase://me:secret@host/db")
    assert "secret" not in str(error.value)


def test_an_unknown_engine_or_kind_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        open_engine("abacus")
    with pytest.raises(UsageError):
        open_source(tmp_path, kind="paper")  # type: ignore[arg-type]


# ------------------------------------------------------------------------------------------------ FHIR

PATIENT = {
    "resourceType": "Patient",
    "id": "a",
    "gender": "female",
    "birthDate": "1950-03",
    "deceasedDateTime": "2012-05-01T10:00:00Z",
}
SNOMED = {"coding": [{"system": "http://snomed.info/sct", "code": "55300003", "display": "Muscle cramp"}]}
FACTS: list[dict[str, Any]] = [
    PATIENT,
    {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/a"},
        "code": SNOMED,
        "onsetDateTime": "2010-05-01",
    },
    {
        "resourceType": "Condition",
        "id": "d",
        "subject": {"reference": "Patient/a"},
        "code": SNOMED,
        "onsetDateTime": "2011-05-01",
        "verificationStatus": {"coding": [{"code": "refuted"}]},
    },
    {
        "resourceType": "Medication",
        "id": "m",
        "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "9071"}]},
    },
    {
        "resourceType": "MedicationRequest",
        "status": "active",
        "subject": {"reference": "Patient/a"},
        "authoredOn": "2010-05-02",
        "medicationReference": {"reference": "Medication/m"},
        "dispenseRequest": {"expectedSupplyDuration": {"value": 30, "code": "d"}},
    },
    {
        "resourceType": "Observation",
        "subject": {"reference": "Patient/a"},
        "effectiveDateTime": "2010-06-01",
        "code": {"coding": [{"system": "http://loinc.org", "code": "2823-3"}]},
        "valueQuantity": {"value": 4, "unit": "mmol/L"},
    },
]
QUININE, CRAMP = concept_number("rxnorm", "9071"), concept_number("snomed", "55300003")


def written(folder: Path, form: str) -> Path:
    folder.mkdir(exist_ok=True)
    if form == "ndjson":
        (folder / "all.ndjson").write_text("\n".join(map(json.dumps, FACTS)) + "\n")
    else:
        bundle = {"resourceType": "Bundle", "entry": [{"resource": r} for r in FACTS]}
        with gzip.open(folder / "one.json.gz", "wt") as file:
            json.dump(bundle, file)
    return folder


@pytest.mark.parametrize("form", ["ndjson", "bundle"])
@pytest.mark.parametrize("converted", [False, True])
def test_fhir_files_have_the_shape(tmp_path: Path, form: str, converted: bool) -> None:
    folder = written(tmp_path / "fhir", form)
    if converted:
        convert_fhir(folder, tmp_path / "tables")
        folder = tmp_path / "tables"
    source, person = open_source(folder), number_of("a")
    assert rows(source, "person") == [(person, DAY(1950, 3, 15), "female")]
    assert rows(source, "event") == [(person, CRAMP, DAY(2010, 5, 1))]
    assert rows(source, "exposure") == [(person, QUININE, DAY(2010, 5, 2), DAY(2010, 5, 31))]
    assert rows(source, "result")[0][2:] == (DAY(2010, 6, 1), 4.0, "mmol/L")
    assert rows(source, "death") == [(person, DAY(2012, 5, 1))]
    assert rows(source, "period") == [(person, DAY(2010, 5, 1), DAY(2010, 6, 1))]
    assert (CRAMP, "snomed", "55300003", "Muscle cramp") in rows(source, "concept")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=5), st.just("2010-01-01")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["coding", "code", "system", "reference", "start", "value", "id"]), inner, max_size=3
        ),
    ),
    max_leaves=8,
)
FIELDS = [
    "id",
    "subject",
    "code",
    "onsetDateTime",
    "valueQuantity",
    "component",
    "medicationReference",
    "contained",
    "dispenseRequest",
    "birthDate",
    "status",
    "verificationStatus",
    "period",
    "entry",
    "medicationCodeableConcept",
]
KINDS = [
    "Patient",
    "Condition",
    "Observation",
    "MedicationRequest",
    "Medication",
    "Encounter",
    "Bundle",
    "Immunization",
]


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=6)), max_size=4)
)
def test_no_resource_of_any_form_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, made: list[Any]) -> None:
    path = tmp_path_factory.mktemp("fhir") / "a.ndjson"
    path.write_text("\n".join(json.dumps(body | {"resourceType": kind}) for kind, body in made))
    found = gather([path])
    assert all(len(row) == len(SHAPE[name]) for name, table in found.rows.items() for row in table)


def test_a_line_that_is_no_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_text('{"resourceType": "Patient"}\n{"resourceType"\n')
    with pytest.raises(UnreadableInput, match=r"a\.ndjson line 2"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2010", DAY(2010, 7, 1)),
        ("2010-03", DAY(2010, 3, 15)),
        ("2010-03-04T23:59:00Z", DAY(2010, 3, 4)),
        ("2010-02-30", None),
        ("", None),
        (20100304, None),
    ],
)
def test_a_day_of_fhir_is_read_as_it_is_written(text: Any, day: DAY | None) -> None:
    assert day_of(text) == day


# ---------------------------------------------------------------------------------------------- engine


def test_engines_speak_one_dialect() -> None:
    dialect(open_engine("duckdb"))


def test_spark_speaks_the_same_dialect(spark: Engine) -> None:
    dialect(spark)


def dialect(engine: Engine) -> None:
    t = engine.table(
        {"a": "int", "b": "int", "d": "date", "e": "date"},
        [(1, 0, DAY(2011, 3, 1), DAY(2010, 3, 1)), (6, 2, None, DAY(2010, 1, 1))],
    )
    told = engine.rows(t.select("a", share=share(t.a, t.b), days=days_between(t.d, t.e)).order_by("a"))
    assert told == [{"a": 1, "share": None, "days": 365}, {"a": 6, "share": 3.0, "days": None}]
    assert engine.one(t.aggregate(bits=engine.bit_or(t.a))) == {"bits": 7}
    assert engine.rows(engine.empty({"a": "int", "d": "date", "s": "str"})) == []
    wide = [((1 << 62) + 7, "x", True), (None, None, None), (-3, "", False)]
    told = engine.rows(engine.table({"a": "int", "s": "str", "b": "bool"}, wide))
    assert sorted(map(repr, told)) == sorted(repr(dict(zip(("a", "s", "b"), row, strict=True))) for row in wide)


# --------------------------------------------------------------------------------------------- quality


def test_every_fault_of_a_database_is_counted() -> None:
    day = DAY(2010, 1, 1)
    database = Database(
        person=[Person(1, DAY(1950, 1, 1), "male"), Person(1, DAY(1950, 1, 1), "male"), Person(2, None, None)],
        period=[(1, day, DAY(2011, 1, 1)), (1, DAY(2010, 6, 1), DAY(2010, 7, 1)), (3, day, None)],
        event=[
            Happening(1, 0, DAY(1940, 1, 1)),
            Happening(1, 5, None),
            Happening(1, 5, DAY(2012, 1, 1)),
            Happening(4, 5, day),
        ],
        death=[(1, DAY(2011, 6, 1))],
    )
    found = {(c.table, c.fault): (c.found, c.of) for c in quality(database.on(open_engine())).found}
    unknown = "person is not in the table of people"
    assert found == {
        ("person", "no birthday"): (1, 2),
        ("person", "no sex, or neither male nor female"): (1, 2),
        ("person", "never under observation"): (1, 2),
        ("person", "in the table more than once"): (1, 2),
        ("period", "no start or no end"): (1, 3),
        ("period", "overlaps the one before"): (1, 3),
        ("period", unknown): (1, 3),
        ("event", "no date"): (1, 4),
        ("event", "concept unknown (0)"): (1, 4),
        ("event", "before birth"): (1, 4),
        ("event", "after death"): (1, 4),
        ("event", "outside observation"): (3, 4),
        ("event", unknown): (1, 4),
    }


def test_gibleed_is_read(test_data: Path) -> None:
    source = open_source(test_data / "data/omop_gibleed")
    assert (source.kind, source.about["cdm_version"]) == ("omop", "v5.3.1")
    found = {(c.table, c.fault): c.found for c in quality(source).found}
    assert found["period", "person is not in the table of people"] == 5343 - 2694
    assert found["result", "no value"] == 44_053


def test_synthea_is_read(test_data: Path) -> None:
    source = open_source(test_data / "data/fhir_synthea_r4")
    assert source.kind == "fhir"
    assert len(rows(source, "person")) == 13
    assert len(rows(source, "exposure")) > 100
