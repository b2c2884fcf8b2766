"""`soleus population ssa`: sequence ratios of cohorts in a folder."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from soleus.errors import UnknownName, UsageError
from soleus.population.sequences.cohort_files import CohortFolder, read_cohorts
from soleus.population.sequences.counting import (
    Event,
    PairRatio,
    SequenceSettings,
    count_plainly,
    first_days,
    ratios_of,
    study_range,
)
from soleus.statistics.sequence_symmetry import bootstrap_null, central_interval

Form = Literal["text", "json"]
Cell: TypeAlias = int | float | str | None
_HEAD = ("index", "marker", "index first", "marker first", "crude", "null", "adjusted", "interval")
_LONGEST_RECORD = 1_000_000  # days
_READING = (
    "Adjusted: how much more often the index comes first than the calendar alone would have it.",
    "An order in time is no proof of a cause. Nobody has reviewed this result.",
)


@dataclass(frozen=True)
class Asked:
    """The pairs that are wanted; None is every cohort of the table."""

    index: Sequence[int] | None
    marker: Sequence[int] | None
    bootstrap: int = 0

    @property
    def many(self) -> bool:
        return any(ids is None or len(ids) > 1 for ids in (self.index, self.marker))


def run_ssa(folder: Path, asked: Asked, settings: SequenceSettings, form: Form) -> None:
    """Count, divide and print: one object for one pair, an array where a cohort was named twice or none was named."""
    cohorts = read_cohorts(folder)
    index, marker = _chosen(cohorts, asked)
    counts = count_plainly(
        [e for e in cohorts.index if e.cohort in set(index)],
        [e for e in cohorts.marker if e.cohort in set(marker)],
        cohorts.periods,
        settings,
    )
    found = ratios_of(counts, settings, index, marker)
    extra = [_null_bounds(cohorts, pair, settings, asked.bootstrap) if asked.bootstrap else {} for pair in found]
    if form == "json":
        rows = [as_row(pair) | more for pair, more in zip(found, extra, strict=True)]
        print(json.dumps(rows if asked.many else rows[0], indent=1, allow_nan=False))
    else:
        print("\n".join(_lines(found, extra, settings)))


def _chosen(cohorts: CohortFolder, asked: Asked) -> tuple[list[int], list[int]]:
    index = _ids("--index", asked.index, cohorts.index, "index_cohort.csv")
    return index, _ids("--marker", asked.marker, cohorts.marker, "marker_cohort.csv")


def _ids(option: str, wanted: Sequence[int] | None, events: Iterable[Event], name: str) -> list[int]:
    known = sorted({event.cohort for event in events})
    if not known:
        raise UnknownName(name, "no events", "at least one row", "Export the cohort again.")
    for cohort in wanted or ():
        if cohort not in known:
            some = ", ".join(map(str, known[:12])) + (", ..." if len(known) > 12 else "")
            raise UnknownName(option, str(cohort), f"a cohort of {name}: {some}", "Name one of them.")
    return known if wanted is None else list(dict.fromkeys(wanted))


def as_row(pair: PairRatio) -> dict[str, Cell]:
    """The object that is printed: undefined is null, an endless bound a word, since JSON has no infinity."""
    return {name: told_as(value) for name, value in asdict(pair).items()}


def told_as(value: float | str) -> Cell:
    """Undefined is null, an endless bound the word Infinity."""
    if isinstance(value, int | str):
        return value
    return None if math.isnan(value) else "Infinity" if math.isinf(value) else value


def _null_bounds(cohorts: CohortFolder, pair: PairRatio, settings: SequenceSettings, draws: int) -> dict[str, Cell]:
    """Bounds of the null ratio, people drawn again."""
    bounds = (math.nan, math.nan)
    if span := study_range(cohorts.periods, settings):
        days = first_days(
            [e for e in cohorts.index if e.cohort == pair.index],
            [e for e in cohorts.marker if e.cohort == pair.marker],
            span,
        )
        bounds = central_interval(bootstrap_null(*days, settings.null_window, draws=draws), settings.level)
    return {"null_low": told_as(bounds[0]), "null_high": told_as(bounds[1])}


# --------------------------------------------------------------------------------------------------- text


def _lines(found: Sequence[PairRatio], extra: Sequence[dict[str, Cell]], settings: SequenceSettings) -> list[str]:
    rows = [_HEAD, *(_row(pair, more) for pair, more in zip(found, extra, strict=True))]
    widths = [max(len(row[n]) for row in rows) for n in range(len(_HEAD))]
    table = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)) for row in rows]
    kind = "as CohortSymmetry gives it" if settings.compat else settings.interval.replace("_", "-").title()
    return [*table, "", *_READING, f"Interval: {settings.level:.4g}, {kind}."]


def _row(pair: PairRatio, more: dict[str, Cell]) -> tuple[str, ...]:
    counts = (pair.index, pair.marker, pair.n_index_first, pair.n_marker_first)
    bounds = " to ".join("-" if v is None else _short(float(v)) for v in more.values())
    null = f"{_short(pair.null)} ({bounds})" if more else _short(pair.null)
    adjusted = f"{_short(pair.low)} to {_short(pair.high)}"
    return *map(str, counts), _short(pair.crude), null, _short(pair.adjusted), adjusted


def _short(value: float) -> str:
    if not math.isfinite(value):
        return "-" if math.isnan(value) else "infinite"
    return f"{value:.3f}" if value < 1000 else f"{value:.3g}"


# ------------------------------------------------------------------------------------------------ options


def place(source: str | None) -> str:
    """The database that was named."""
    if source is None:
        raise UsageError("soleus population ssa", "nothing to read", "a database, or --cohorts FOLDER", "Name one.")
    return source


def one_place(source: str | None) -> None:
    """Cohorts were named; a database may not be as well."""
    if source is not None:
        raise UsageError("soleus population ssa", "a database and --cohorts", "one of them", "Leave one away.")


def numbers(option: str, words: Sequence[str] | None) -> list[int] | None:
    """Numbers of cohorts; None where none was named."""
    try:
        return [int(word) for word in words] if words else None
    except ValueError:
        raise UsageError(option, ", ".join(map(repr, words or ())), "the number of a cohort",
                         "Names of value sets are for a database; cohorts have numbers.") from None  # fmt: skip


def days(option: str, text: str) -> float:
    """A number of days, or `inf`."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value >= 0 and (math.isinf(value) or value.is_integer())):
        raise UsageError(option, repr(text), "a whole number of days, or inf", "Write 365, or inf.")
    return value


def least_days(option: str, text: str) -> int:
    """A least number of days; `inf` is more than any record spans, so that nothing may come before."""
    return int(min(days(option, text), _LONGEST_RECORD))


def window(text: str) -> tuple[float, float]:
    """`LO,HI`: more than LO and at most HI days."""
    low, comma, high = text.partition(",")
    bounds = (days("--window", low), days("--window", high)) if comma else (0.0, 0.0)
    if not bounds[0] < bounds[1]:
        raise UsageError("--window", repr(text), "two numbers of days, the second larger", "Write 0,365 or 0,inf.")
    return bounds


def date_range(text: str | None) -> tuple[datetime.date | None, datetime.date | None]:
    """`A:B`, both ends included; either may be empty."""
    if text is None:
        return None, None
    first, colon, last = (part.strip() for part in text.partition(":"))
    try:
        ends = tuple(datetime.date.fromisoformat(day) if day else None for day in (first, last))
    except ValueError:
        colon, ends = "", (None, None)
    if not colon or (ends[0] and ends[1] and ends[1] < ends[0]):
        raise UsageError(
            "--date-range", repr(text), "two dates in order", "Write 2008-01-01:2012-12-31; either end may be left out."
        )
    return ends[0], ends[1]
