"""The public tables of the survey in a folder, as CSV, CSV compressed by xz, or SAS transport files."""

from __future__ import annotations

import csv
import io
import lzma
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from soleus.errors import Contradiction, InvalidValue, UnknownName, UnreadableInput
from soleus.population.nhanes.transport import columns_of

Floats: TypeAlias = NDArray[np.float64]
Column: TypeAlias = "Floats | list[str]"

#: How a file may end, the first that is there is read.
ENDINGS = (".csv.xz", ".csv", ".XPT", ".xpt")
#: What stands where nothing is known.
MISSING = frozenset({"", "NA", "."})
MOST_BYTES = 500_000_000


def find_table(folder: Path, name: str) -> Path | None:
    """The file of a table such as DEMO_D; None if there is none."""
    return next((path for end in ENDINGS if (path := folder / f"{name}{end}").is_file()), None)


class Table:
    """Some columns of one file. ``name`` is what messages call it."""

    def __init__(self, name: str, columns: dict[str, Column]) -> None:
        self.name, self.columns = name, columns

    def __contains__(self, column: str) -> bool:
        return column in self.columns

    def numbers(self, column: str) -> Floats:
        """A column as numbers, NaN where nothing stands. Raises `UnknownName`, `InvalidValue`."""
        cells = self._column(column)
        if isinstance(cells, np.ndarray):
            return cells
        try:
            values = np.array(["nan" if cell in MISSING else cell for cell in cells], np.str_).astype(np.float64)
        except ValueError:
            values = np.full(len(cells), np.inf)
        if not np.isfinite(values[[cell not in MISSING for cell in cells]]).all():
            row = next(n for n, cell in enumerate(cells, 2) if cell not in MISSING and not _is_number(cell))
            raise InvalidValue(f"{self.name} line {row}: {column}", "text", "a number, or nothing", "Mend the cell.")
        return values

    def words(self, column: str) -> list[str]:
        """A column as text, '' where nothing stands."""
        cells = self._column(column)
        if isinstance(cells, np.ndarray):
            return ["" if np.isnan(v) else f"{v:.15g}" for v in cells]
        return ["" if cell in MISSING else cell for cell in cells]

    def keys(self, column: str, once: bool) -> NDArray[np.int64]:
        """A column of whole numbers that say who; ``once``: nobody twice. Raises `InvalidValue`, `Contradiction`."""
        values = self.numbers(column)
        if np.isnan(values).any() or (values != np.floor(values)).any():
            raise InvalidValue(
                f"{self.name}: {column}", "a row without a number", "whole numbers", "Download it again."
            )
        keys = values.astype(np.int64)
        if once and len(np.unique(keys)) < len(keys):
            raise Contradiction(f"{self.name}: {column}", "a person twice", "each person once", "Download it again.")
        return keys

    def _column(self, column: str) -> Column:
        if column not in self.columns:
            known = ", ".join(sorted(self.columns)) or "none of those that are read"
            raise UnknownName(self.name, f"no column {column}", f"a table of the survey, with {column}; it has {known}",
                              "Check that the file is the one of this name.")  # fmt: skip
        return self.columns[column]


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell))
    except ValueError:
        return False


def read_table(path: Path, wanted: set[str]) -> Table:
    """The wanted columns of a file, those that it has. Raises `UnreadableInput`."""
    raw = _bytes(path)
    if path.suffix.lower() == ".xpt":
        columns = columns_of(raw, path.name)
        return Table(path.name, {name: column for name, column in columns.items() if name in wanted})
    return Table(path.name, _csv(raw, path.name, wanted))


def _bytes(path: Path) -> bytes:
    try:
        if path.suffix == ".xz":
            with lzma.open(path) as file:
                raw = file.read(MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                raw = file.read(MOST_BYTES + 1)
    except (lzma.LZMAError, EOFError):
        raise UnreadableInput(path.name, "data that xz cannot unpack", "a whole file", "Download it again.") from None
    except OSError as error:
        raise UnreadableInput(path.name, error.strerror or "no file", "a file that can be read", "Check it.") from None
    if len(raw) > MOST_BYTES:
        raise UnreadableInput(path.name, f"over {MOST_BYTES:,} bytes", "a table of the survey", "Check the file.")
    return raw


def _csv(raw: bytes, where: str, wanted: set[str]) -> dict[str, Column]:
    rows = _rows(raw, where)
    header = next(rows, None)
    if not header:
        raise UnreadableInput(where, "an empty file", "a first line with the names of columns", "Download it again.")
    places = {name: place for place, name in enumerate(header) if name in wanted}
    columns: dict[str, list[str]] = {name: [] for name in places}
    for number, row in enumerate(rows, 2):
        if len(row) != len(header):
            found = f"{len(row)} cells in line {number}"
            raise UnreadableInput(where, found, f"{len(header)}, as in the first line", "Download it again.")
        for name, place in places.items():
            columns[name].append(row[place])
    return dict(columns)


def _rows(raw: bytes, where: str) -> Iterator[list[str]]:
    text = io.StringIO(raw.decode("latin-1").removeprefix("\xef\xbb\xbf"), newline="")  # no byte is wrong in it
    try:
        yield from (row for row in csv.reader(text, strict=True) if row)
    except csv.Error as error:
        raise UnreadableInput(where, str(error), "comma-separated values", "Download it again.") from None
