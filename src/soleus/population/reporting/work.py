"""What the parts of a report are made from: a database, the knowledge base, and what is to be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import msgspec
import yaml

from soleus.errors import InvalidValue
from soleus.knowledge.loader import Knowledge
from soleus.population.cohorts.cohort import Cohort
from soleus.population.cohorts.value_sets import Expansion, expand
from soleus.population.databases.engine import Row
from soleus.population.databases.source import Source
from soleus.population.results.manifest import SMALLEST_CELL, whole_file, write_rows

Progress: TypeAlias = Callable[[str], None]
Tables: TypeAlias = Mapping[str, Sequence[Row]]


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is shown: `report.yaml`.

    ``rates``: value set -> the explanation whose presentations it counts. ``markers``: value sets whose first record
    medicines are screened against.
    """

    cohorts: tuple[Cohort, ...]
    frequencies: tuple[str, ...]
    gap_days: int
    prior_observation_days: int
    rates: dict[str, str]
    markers: tuple[str, ...]


def shipped_plan(**changes: Any) -> Plan:
    """The plan of `report.yaml`, with changes. Raises `InvalidValue`."""
    tree = yaml.safe_load((Path(__file__).parent / "report.yaml").read_text(encoding="utf-8")) | changes
    try:
        return msgspec.convert(tree, Plan)
    except msgspec.ValidationError as error:
        raise InvalidValue("report", str(error), "the settings of report.yaml", "Correct the field.") from None


@dataclass(frozen=True)
class Work:
    """What every part is made from."""

    source: Source
    knowledge: Knowledge
    plan: Plan
    folder: Path
    least: int = SMALLEST_CELL
    tell: Progress = field(default=lambda _: None)

    @cached_property
    def expansion(self) -> Expansion:
        """Every value set in the vocabulary of the database: looked up once, where a part asks for it."""
        self.tell("Looking for value sets")
        return expand(self.source, self.knowledge)


def unknown(names: Sequence[str]) -> str:
    """Why nothing is known of value sets of which the vocabulary knows no code."""
    return (
        f"The vocabulary of this database knows no code of {' or '.join(names)}. "
        "That is not the same as nobody: nobody can be seen to have it."
    )


def write_table(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """The rows as JSON, Parquet and CSV; None is an empty field of the CSV."""
    import pyarrow as pa
    import pyarrow.csv as csv

    write_rows(folder, name, rows)
    with whole_file(folder / f"{name}.csv") as file:
        csv.write_csv(pa.Table.from_pylist([dict(row) for row in rows]), str(file))
