"""A folder with the cohorts of a sequence analysis: `index_cohort.csv`, `marker_cohort.csv`, `observation_period.csv`.

The columns are those of OMOP; other columns are passed over, and the case of their names does not matter.
"""

from __future__ import annotations

import csv
import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from soleus.errors import InvalidValue, UnknownName, UnreadableInput
from soleus.population.sequences.counting import Event, Observed

T = TypeVar("T")

COHORT = ("cohort_definition_id", "subject_id", "cohort_start_date", "cohort_end_date")
PERIOD = ("person_id", "observation_period_start_date", "observation_period_end_date")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})([ T][0-9:.]+Z?)?")  # programs that export dates often add midnight


@dataclass(frozen=True)
class CohortFolder:
    """Index events, marker events and observation periods."""

    index: list[Event]
    marker: list[Event]
    periods: list[Observed]


def read_cohorts(folder: Path) -> CohortFolder:
    """The three tables. Raises `UnreadableInput`, `UnknownName` (a column), `InvalidValue` (a cell)."""
    if not folder.is_dir():
        raise UnreadableInput(str(folder), "no such folder", "a folder with index_cohort.csv, marker_cohort.csv and "
                              "observation_period.csv", "Check the path after --cohorts.")  # fmt: skip
    index, marker = (_rows(folder / f"{kind}_cohort.csv", COHORT, _event) for kind in ("index", "marker"))
    return CohortFolder(index, marker, _rows(folder / "observation_period.csv", PERIOD, _period))


def _rows(path: Path, columns: Sequence[str], make: Callable[[str, list[str]], T]) -> list[T]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(_read(path.name, file, columns, make))
    except FileNotFoundError:
        raise UnreadableInput(
            str(path), "no such file", f"a table with {', '.join(columns)}", "Put it there."
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableInput(
            str(path), type(error).__name__, "a table of comma-separated values in UTF-8", "Export it again."
        ) from None


def _read(name: str, file: Iterator[str], columns: Sequence[str], make: Callable[[str, list[str]], T]) -> Iterator[T]:
    reader = csv.reader(file)
    header = [cell.strip().lower() for cell in next(reader, [])]
    places = [header.index(column) if column in header else _no_column(name, column, header) for column in columns]
    for row in reader:
        if row:
            where = f"{name} line {reader.line_num}"
            if len(row) != len(header):
                raise InvalidValue(where, f"{len(row)} cells", f"{len(header)}, as many as there are columns",
                                   "Mend the line.")  # fmt: skip
            yield make(where, [row[n].strip() for n in places])


def _no_column(name: str, column: str, header: Sequence[str]) -> int:
    found = f"only {', '.join(header)}" if any(header) else "nothing"
    raise UnknownName(name, found, f"a column {column}", "Add the column, or give it its OMOP name.")


def _event(where: str, cells: list[str]) -> Event:
    return Event(
        _whole(f"{where}: {COHORT[0]}", cells[0]),
        _whole(f"{where}: {COHORT[1]}", cells[1]),
        *_days(where, COHORT[2:], cells[2:]),
    )


def _period(where: str, cells: list[str]) -> Observed:
    return Observed(_whole(f"{where}: {PERIOD[0]}", cells[0]), *_days(where, PERIOD[1:], cells[1:]))


def _whole(where: str, text: str) -> int:
    """An id. R writes 100000 as 1e+05, and a column with gaps as 7.0."""
    try:
        return int(text)
    except ValueError:
        try:
            value = float(text)
        except ValueError:
            value = 0.5
    if not value.is_integer():
        raise InvalidValue(where, "no whole number" if text else "nothing", "a whole number", "Mend the cell.")
    return int(value)


def _days(where: str, columns: Sequence[str], cells: Sequence[str]) -> tuple[datetime.date, datetime.date]:
    start, end = (_day(f"{where}: {column}", cell) for column, cell in zip(columns, cells, strict=True))
    if end < start:
        raise InvalidValue(f"{where}: {columns[1]}", "an end before the start", "the start or later", "Mend the dates.")
    return start, end


def _day(where: str, text: str) -> datetime.date:
    try:
        if found := _DAY.fullmatch(text):
            return datetime.date.fromisoformat(found[1])
    except ValueError:
        pass
    raise InvalidValue(where, "no date" if text else "nothing", "a date such as 2021-11-30", "Mend the cell.")
