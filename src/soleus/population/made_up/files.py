"""A simulated population as files: OMOP CDM 5.4 as folders of Parquet, or FHIR R4 as NDJSON.

Each chunk is a file of its own, and is written whole or not at all: a run that was broken off goes on where it stopped.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from soleus.errors import UsageError
from soleus.population.databases.codes import VOCABULARIES
from soleus.population.made_up.people import Plan, Table, chunks, draw
from soleus.population.results.manifest import Manifest, unfinished, whole_file

Form = Literal["omop", "fhir"]
_NAMES = {ours: theirs for theirs, ours in VOCABULARIES.items()}
_DOMAINS = {"rxnorm": "Drug", "atc": "Drug", "loinc": "Measurement"}
_SYSTEMS = {
    "snomed": "http://snomed.info/sct", "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm", "atc": "http://www.whocc.no/atc",
    "loinc": "http://loinc.org",
}  # fmt: skip
_SEX = {"male": 8507, "female": 8532}
_UCUM = "http://unitsofmeasure.org"
#: Concepts of units, of our own as the others are.
FIRST_UNIT = 2_000_900_001


def write_population(
    plan: Plan, out: Path, people: int, seed: int, form: Form, manifest: Manifest, progress: Callable[[int], None]
) -> dict[str, int]:
    """Write what is not written yet; rows by table. ``progress`` is told the people of each chunk."""
    if people < 1:
        raise UsageError("--people", str(people), "at least 1", "Ask for more.")
    out.mkdir(parents=True, exist_ok=True)
    write = _write_omop if form == "omop" else _write_fhir
    if form == "omop":
        _write_vocabulary(plan, out)
    for chunk, size in unfinished(manifest, chunks(people), lambda part: f"chunk-{part[0]:05d}-{part[1]}"):
        counts = write(plan, draw(plan, seed, chunk, size), out, chunk)
        manifest.finish(f"chunk-{chunk:05d}-{size}", counts)
        progress(size)
    return manifest.rows()


# ------------------------------------------------------------------------------------------------ OMOP


def _write_omop(plan: Plan, tables: dict[str, Table], out: Path, chunk: int) -> dict[str, int]:
    shaped = {
        "person": _person(tables["person"]),
        "observation_period": _numbered(tables["period"], chunk, "observation_period", _PERIOD, 44814724),
        "drug_exposure": _numbered(tables["exposure"], chunk, "drug_exposure", _DRUG, 32817),
        "condition_occurrence": _numbered(tables["event"], chunk, "condition_occurrence", _CONDITION, 32817),
        "measurement": _measurements(plan, _numbered(tables["result"], chunk, "measurement", _RESULT, 32856)),
        "death": {"person_id": tables["death"]["person_id"], "death_date": _dates(tables["death"]["date"])},
    }
    for name, table in shaped.items():
        folder = out / f"{name}.parquet"
        folder.mkdir(exist_ok=True)
        _parquet(table, folder / f"part-{chunk:05d}.parquet")
    return {name: len(table["person_id"]) for name, table in shaped.items()}


_PERIOD = {"start": "observation_period_start_date", "end": "observation_period_end_date"}
_DRUG = {"concept": "drug_concept_id", "start": "drug_exposure_start_date", "end": "drug_exposure_end_date"}
_CONDITION = {"concept": "condition_concept_id", "date": "condition_start_date"}
_RESULT = {
    "concept": "measurement_concept_id", "date": "measurement_date", "value": "value_as_number",
    "unit": "unit_source_value",
}  # fmt: skip
_ID_ROOM = 1 << 32  # ids of a chunk's rows; more than a chunk of people has


def _person(table: Table) -> Table:
    birth = table["birth_date"].astype("datetime64[D]")
    year, month = birth.astype("datetime64[Y]"), birth.astype("datetime64[M]")
    return {
        "person_id": table["person_id"],
        "gender_concept_id": np.where(table["sex"] == "female", _SEX["female"], _SEX["male"]),
        "year_of_birth": year.astype(np.int64) + 1970,
        "month_of_birth": (month - year).astype(np.int64) + 1,
        "day_of_birth": (birth - month).astype(np.int64) + 1,
        "race_concept_id": np.zeros(len(birth), np.int64),
        "ethnicity_concept_id": np.zeros(len(birth), np.int64),
    }


def _numbered(table: Table, chunk: int, name: str, columns: dict[str, str], kind: int) -> Table:
    """The table with ids and a type of record; rows by person and day."""
    days = [c for c in ("start", "date") if c in table]
    order = np.lexsort((table[days[0]], table["person_id"]))
    size = len(order)
    stem = {"observation_period": "period", "drug_exposure": "drug", "condition_occurrence": "condition"}.get(
        name, name
    )
    out: Table = {f"{name}_id": chunk * _ID_ROOM + 1 + np.arange(size), "person_id": table["person_id"][order]}
    for ours, theirs in columns.items():
        values = table[ours][order]
        out[theirs] = _dates(values) if ours in ("start", "end", "date") else values
    return out | {f"{stem}_type_concept_id": np.full(size, kind)}


def _measurements(plan: Plan, table: Table) -> Table:
    """With the concept of each unit."""
    units = np.array(_units(plan))
    return table | {"unit_concept_id": FIRST_UNIT + np.searchsorted(units, table["unit_source_value"])}


def _units(plan: Plan) -> list[str]:
    return sorted({test.unit for test in plan.laboratory.tests})


def _dates(days: Any) -> Any:
    return np.asarray(days).astype("datetime64[D]")


def _write_vocabulary(plan: Plan, out: Path) -> None:
    rows = [
        (number, name, _DOMAINS.get(c.system, "Condition"), _NAMES[c.system], "C" if c.system == "atc" else "S", c.code)
        for number, c, name in plan.vocabulary
    ]
    rows += [(FIRST_UNIT + n, unit, "Unit", "UCUM", "S", unit) for n, unit in enumerate(_units(plan))]
    numbers, names, domains, vocabularies, standard, codes = zip(*rows, strict=True)
    _parquet(
        {
            "concept_id": np.array(numbers),
            "concept_name": list(names),
            "domain_id": list(domains),
            "vocabulary_id": list(vocabularies),
            "concept_class_id": ["Soleus simulation"] * len(rows),
            "standard_concept": list(standard),
            "concept_code": list(codes),
            "valid_start_date": np.full(len(rows), np.datetime64("1970-01-01", "D")),
            "valid_end_date": np.full(len(rows), np.datetime64("2099-12-31", "D")),
        },
        out / "concept.parquet",
    )
    above, below = (np.array(side) for side in zip(*sorted(set(plan.below)), strict=True))
    levels = np.where(above == below, 0, 1)
    _parquet(
        {
            "ancestor_concept_id": above,
            "descendant_concept_id": below,
            "min_levels_of_separation": levels,
            "max_levels_of_separation": levels,
        },
        out / "concept_ancestor.parquet",
    )
    none = np.array([], np.int64)
    _parquet(
        {"concept_id_1": none, "concept_id_2": none, "relationship_id": np.array([], str)},
        out / "concept_relationship.parquet",
    )
    _parquet(
        {
            "cdm_source_name": ["Simulated by Soleus; nobody in it is real"],
            "cdm_version": ["5.4"],
            "vocabulary_version": ["Soleus"],
        },
        out / "cdm_source.parquet",
    )


def _parquet(table: Table, path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: _string(values) if _is_text(values) else pa.array(values) for name, values in table.items()}
    with whole_file(path) as part:
        pq.write_table(pa.table(arrays), part, compression="zstd")


def _is_text(values: Any) -> bool:
    return isinstance(values, list) or values.dtype.kind == "U"


def _string(values: Any) -> Any:
    import pyarrow as pa

    return pa.array(list(map(str, values)), pa.string())


# ------------------------------------------------------------------------------------------------ FHIR


def _write_fhir(plan: Plan, tables: dict[str, Table], out: Path, chunk: int) -> dict[str, int]:
    codes = {number: (code, name) for number, code, name in plan.vocabulary}
    made = {
        "Patient": _patients(tables),
        "Encounter": _encounters(tables["period"]),
        "Condition": _conditions(tables["event"], codes),
        "MedicationRequest": _requests(tables["exposure"], codes),
        "Observation": _observations(tables["result"], codes),
    }
    return {kind: _ndjson(out / f"{kind}-{chunk:05d}.ndjson", rows) for kind, rows in made.items()}


def _ndjson(path: Path, rows: Iterable[dict[str, Any]]) -> int:
    count = 0
    with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, separators=(",", ":")) + "\n")
            count += 1
    return count


def _patients(tables: dict[str, Table]) -> Iterator[dict[str, Any]]:
    person, death = tables["person"], tables["death"]
    died = dict(zip(death["person_id"].tolist(), _texts(death["date"]), strict=True))
    for id, birth, sex in zip(person["person_id"].tolist(), _texts(person["birth_date"]), person["sex"], strict=True):
        row = {"resourceType": "Patient", "id": f"p{id}", "gender": str(sex), "birthDate": birth}
        yield row | ({"deceasedDateTime": died[id]} if id in died else {})


def _encounters(period: Table) -> Iterator[dict[str, Any]]:
    """The first and the last contact: FHIR has no observation periods, and these stand at their ends."""
    for side in ("start", "end"):
        for id, day in zip(period["person_id"].tolist(), _texts(period[side]), strict=True):
            yield {
                "resourceType": "Encounter", "id": f"{side}{id}", "status": "finished",
                "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
                "subject": {"reference": f"Patient/p{id}"}, "period": {"start": day, "end": day},
            }  # fmt: skip


def _conditions(event: Table, codes: dict[int, Any]) -> Iterator[dict[str, Any]]:
    for n, (id, concept, day) in enumerate(_columns(event, "date")):
        yield {
            "resourceType": "Condition", "id": f"c{id}-{n}", "subject": {"reference": f"Patient/p{id}"},
            "code": _coded(*codes[concept]), "onsetDateTime": day,
        }  # fmt: skip


def _requests(exposure: Table, codes: dict[int, Any]) -> Iterator[dict[str, Any]]:
    days = (exposure["end"] - exposure["start"] + 1).tolist()
    for n, ((id, concept, day), length) in enumerate(zip(_columns(exposure, "start"), days, strict=True)):
        supply = {"value": length, "unit": "day", "system": _UCUM, "code": "d"}
        yield {
            "resourceType": "MedicationRequest", "id": f"m{id}-{n}", "status": "completed", "intent": "order",
            "medicationCodeableConcept": _coded(*codes[concept]), "subject": {"reference": f"Patient/p{id}"},
            "authoredOn": day, "dispenseRequest": {"expectedSupplyDuration": supply},
        }  # fmt: skip


def _observations(result: Table, codes: dict[int, Any]) -> Iterator[dict[str, Any]]:
    values, units = result["value"].tolist(), result["unit"].tolist()
    for n, ((id, concept, day), value, unit) in enumerate(zip(_columns(result, "date"), values, units, strict=True)):
        yield {
            "resourceType": "Observation", "id": f"o{id}-{n}", "status": "final",
            "code": _coded(*codes[concept]), "subject": {"reference": f"Patient/p{id}"}, "effectiveDateTime": day,
            "valueQuantity": {"value": value, "unit": unit, "system": _UCUM, "code": unit},
        }  # fmt: skip


def _columns(table: Table, day: str) -> Iterator[tuple[int, int, str]]:
    return zip(table["person_id"].tolist(), table["concept"].tolist(), _texts(table[day]), strict=True)


def _coded(code: Any, name: str) -> dict[str, Any]:
    return {"coding": [{"system": _SYSTEMS[code.system], "code": code.code, "display": name}], "text": name}


def _texts(days: Any) -> list[str]:
    return [str(day) for day in _dates(days)]
