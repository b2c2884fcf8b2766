"""Made-up OMOP tables for benchmarks, as many rows as asked for, chunk by chunk; nobody is real.

A person has `ROWS_A_PERSON` drug exposures: treatments with one of `MEDICINES`, some far more common than others, each
with a few fills. One in `MARKED` takes the marker. Rows are in the order of persons and days, as most exports are.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np

ROWS_A_PERSON, TREATMENTS = 36, 9
MEDICINES, SCREENED = 1_000, 500
MARKER, MARKED = 9_999, 50
FIRST_DAY, DAYS = 12_784, 3_652  # from 2005-01-01, ten years
FILL_DAYS = 30
CHUNK = 1_000_000  # rows
SEED = 17


def medicines() -> list[int]:
    """The concepts of all medicines but the marker, the most common first."""
    return list(range(1, MEDICINES + 1))


def write(folder: Path, rows: int) -> Path:
    """A folder of OMOP tables with so many drug exposures; made once."""
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        for table in ("person", "observation_period", "drug_exposure"):
            (folder / f"{table}.parquet").mkdir(parents=True)
        for chunk in range(-(-rows // CHUNK)):
            _write_chunk(folder, chunk, min(CHUNK, rows - chunk * CHUNK))
        (folder / "done").touch()
    return folder


def rows_in(folder: Path) -> int:
    """How many drug exposures there are."""
    import pyarrow.parquet as pq

    return sum(int(pq.read_metadata(file).num_rows) for file in (folder / "drug_exposure.parquet").iterdir())


def sorted_by_concept(folder: Path) -> Path:
    """The drug exposures in the order of concept and person, in one file beside; made once."""
    import duckdb

    out = folder / "by_concept.parquet"
    if not out.exists():
        part = out.with_suffix(".part")
        con = duckdb.connect()
        con.execute(
            f"copy (select * from '{folder}/drug_exposure.parquet/*.parquet' order by drug_concept_id, person_id) "
            f"to '{part}' (format parquet)"
        )
        part.rename(out)
    return out


def _write_chunk(folder: Path, chunk: int, rows: int) -> None:
    rng = np.random.default_rng([SEED, chunk])
    people = -(-rows // ROWS_A_PERSON)
    first = chunk * -(-CHUNK // ROWS_A_PERSON) + 1
    person, concept, day = _exposures(rng, people, rows)
    number = chunk * CHUNK + 1 + np.arange(rows, dtype=np.int64)
    birth = 1920 + rng.integers(0, 80, people)
    _parquet(folder / "person.parquet", chunk, {
        "person_id": first + np.arange(people), "gender_concept_id": np.where(rng.random(people) < 0.5, 8507, 8532),
        "year_of_birth": birth,
    })  # fmt: skip
    _parquet(folder / "observation_period.parquet", chunk, {
        "observation_period_id": first + np.arange(people), "person_id": first + np.arange(people),
        "observation_period_start_date": _dates(FIRST_DAY + rng.integers(0, 365, people)),
        "observation_period_end_date": _dates(FIRST_DAY + DAYS - rng.integers(0, 365, people)),
    })  # fmt: skip
    _parquet(folder / "drug_exposure.parquet", chunk, {
        "drug_exposure_id": number, "person_id": first + person, "drug_concept_id": concept,
        "drug_exposure_start_date": _dates(day), "drug_exposure_end_date": _dates(day + FILL_DAYS - 1),
        "drug_type_concept_id": np.full(rows, 32817),
    })  # fmt: skip


def _exposures(rng: np.random.Generator, people: int, rows: int) -> tuple[Any, Any, Any]:
    """Person (from 0), concept and day of each exposure."""
    treatments = people * TREATMENTS
    weights = 1 / (np.arange(MEDICINES) + 10)
    chosen = 1 + rng.choice(MEDICINES, treatments, p=weights / weights.sum())
    who = np.repeat(np.arange(people), TREATMENTS)
    marked = np.flatnonzero(rng.random(people) < 1 / MARKED) * TREATMENTS
    chosen[marked] = MARKER
    fills = np.full(treatments, ROWS_A_PERSON // TREATMENTS)
    begin = FIRST_DAY + rng.integers(0, DAYS - FILL_DAYS * int(fills[0]), treatments)
    person, concept = np.repeat(who, fills), np.repeat(chosen, fills)
    day = np.repeat(begin, fills) + np.tile(np.arange(fills[0]) * FILL_DAYS, treatments)
    order = np.lexsort((day, person))[:rows]
    return person[order], concept[order], day[order]


def _dates(days: Any) -> Any:
    return np.asarray(days, np.int64).astype("datetime64[D]")


def _parquet(folder: Path, chunk: int, columns: dict[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({k: pa.array(v) for k, v in columns.items()}), folder / f"part-{chunk:05d}.parquet")
