"""What a study of sequences is: cohorts, settings, rules, and the days that it looks at."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from soleus.population.databases.engine import Table
from soleus.population.databases.source import Source
from soleus.population.databases.spans import clipped
from soleus.population.sequences.counting import SequenceSettings

#: Cohort -> its concepts.
Groups = Mapping[int, Collection[int]]
Ints = NDArray[np.int64]
Day = datetime.date
#: Where the records of a cohort are looked for. Medicines are exposures; a diagnosis is an event or a result.
EXPOSURES: tuple[str, ...] = ("exposure",)
EVERYWHERE: tuple[str, ...] = ("exposure", "event", "result")
EPOCH = datetime.date(1970, 1, 1)


@dataclass(frozen=True)
class Rules:
    """Who and what counts, besides `SequenceSettings`.

    ``exclude``: concepts; people who have a record of one, whenever, are left out. ``age_at_least``: whole years on the
    day of the earlier event (and of each start for the null ratio); without a birthday nobody has an age.
    ``index_days``: least and most days of the first record of the index, both included; it is known when the medicine
    begins, so that it does not choose people by what came later. ``index_dose``: the same for the daily dose of the
    record with which the index begins, in milligrams, the largest of that day; an unknown dose is out. It needs the
    table ``dose`` of the source.
    ``starts``: which events the null ratio counts. "new": the first in the study range, with the washout and the
    observation before it that a pair would need. "ever": first events ever on a day of the range, observed or not, as
    the R package does: people who took the medicine before they were observed count as starters then.
    """

    exclude: frozenset[int] = frozenset()
    age_at_least: int | None = None
    index_days: tuple[int, float] = (0, math.inf)
    index_dose: tuple[float, float] | None = None
    starts: Literal["new", "ever"] = "new"


@dataclass(frozen=True)
class Study:
    """What is counted in one database. ``strata``: person_id, stratum; None: everybody in stratum 0."""

    source: Source
    index: Groups
    marker: Groups
    settings: SequenceSettings
    span: tuple[Day, Day]
    rules: Rules = field(default_factory=Rules)
    strata: Table | None = None
    index_tables: tuple[str, ...] = EXPOSURES
    marker_tables: tuple[str, ...] = EVERYWHERE


def study_of(
    source: Source,
    index: Groups,
    marker: Groups,
    settings: SequenceSettings | None = None,
    rules: Rules | None = None,
    **more: Any,
) -> Study | None:
    """A study; an end of its range that the settings leave open is where observation begins or ends.

    None where an end is open and nobody is observed. ``more``: other fields of `Study`.
    """
    chosen = settings or SequenceSettings()
    span = study_days(source, chosen)
    return None if span is None else Study(source, index, marker, chosen, span, rules or Rules(), **more)


def study_days(source: Source, settings: SequenceSettings) -> tuple[Day, Day] | None:
    """First and last day of the study range: one query, none where the settings give both."""
    first, last = settings.first_day, settings.last_day
    if first is None or last is None:
        t = clipped(source)
        found = source.engine.one(t.aggregate(first=t.start.min(), last=t.end.max()))
        first, last = first or found["first"], last or found["last"]
    return None if first is None or last is None else (first, last)
